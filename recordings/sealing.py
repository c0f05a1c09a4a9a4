"""Reads a spool that nobody writes any more: what is in each track, where it ends, and its bytes packed for keeping."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import zstandard

from recordings import spool
from recordings.frames import Frame, Parser, passed
from recordings.manifest import Manifest
from recordings.model import Ending, Tail, TrackHead, TrackInfo

LEVEL = 1
"""Measured on program text: level 1 takes 6.3 CPU s/GiB and leaves 0.244 of it, level 3 takes 12.8 for 0.222."""

COURTESY = 32 * 1024
"""Frames are counted in Python, which holds the interpreter; each read lets the sessions of this process go on. With
blocks of 256 KiB a keystroke elsewhere waited up to 5 ms."""

CRASHED = "crashed"
"""The reason of ending when the process that recorded did not live to give one."""


class Screen(Protocol):
    """Looks at what a terminal shows and what is typed on it, piece by piece, and says what it saw without repeating
    it (R-44, R-60). `at` is in seconds since the recording began. The last two are asked once, at the end.
    """

    def feed(self, data: bytes) -> None: ...

    def typed(self, data: bytes, at: float) -> None: ...

    def findings(self) -> tuple[str, ...]: ...

    def acts(self) -> tuple[str, ...]: ...


Look = Callable[[TrackHead, float], Screen]
"""Makes one for a track and the moment it began."""


class TrackReading:
    """One pass over a track's frames. Two more read it: `packed` yields what stands, `tail` what did not."""

    def __init__(self, directory: Path, number: int, look: Look | None = None) -> None:
        self._directory = directory
        self.number = number
        self._look = look
        self._screen: Screen | None = None
        self._head: TrackHead | None = None
        self._began = self.last = 0
        self._frames = 0
        self._bytes: Counter[str] = Counter()
        self._unkept = self._files = 0
        self._outcome = ""
        parser = Parser()
        for block in spool.blocks(directory, number, step=COURTESY):
            for frame in parser.feed(block):
                self._take(frame)
        self._valid, self._left, self._why = parser.valid, parser.left, parser.broken

    def _take(self, frame: Frame) -> None:
        self._frames += 1
        self.last = frame.at
        if frame.code == "h" and self._head is None:
            self._head, self._began = spool.read_head(frame), frame.at
            if self._look is not None and self._head.kind.terminal:
                self._screen = self._look(self._head, frame.at / 1e6)
        elif frame.code == "x":
            self._outcome = frame.data.decode("utf-8", "replace")
        elif frame.code == "w":  # no command of it was ever carried out: there is nothing to look at
            self._bytes["i"] += frame.size
        elif frame.code in "ioe":
            self._bytes[frame.code] += frame.size
            self._see(frame)
        elif frame.code == "p":
            direction, size = passed(frame.data)
            self._bytes[direction] += size
            self._unkept += size
        elif frame.code == "f":
            self._files += 1

    def _see(self, frame: Frame) -> None:
        if self._screen is None:
            return
        if frame.code == "i":
            self._screen.typed(frame.data, frame.at / 1e6)
        else:
            self._screen.feed(frame.data)

    @property
    def blob(self) -> str:
        return f"track-{self.number}.zst"

    @property
    def left(self) -> Tail | None:
        """What stands after the last whole frame, if anything does."""
        if not self._left:
            return None
        return Tail(
            self._valid, self._left, self._why or "the last write was not finished", f"track-{self.number}.tail"
        )

    @property
    def note(self) -> str:
        left = f"; {self._left} bytes stand after the last whole frame" if self._left else ""
        if self._head is None:
            return f"track {self.number} did not come into being{left}"
        return f"track {self.number}{left}" if left else ""

    def info(self) -> TrackInfo | None:
        """Return what the manifest says of the track; None if the process died before its head was written."""
        if self._head is None:
            return None
        return TrackInfo(
            self._head, self.blob, self._began / 1e6, (self.last - self._began) / 1e6, self._frames, self._valid,
            self._bytes["i"], self._bytes["o"], self._bytes["e"], self._outcome, self.left,
            self._unkept, self._files, self._screen.findings() if self._screen else (),
            self._screen.acts() if self._screen else (),
        )  # fmt: skip

    def packed(self) -> Iterator[bytes]:
        packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()
        for block in spool.blocks(self._directory, self.number, 0, self._valid):
            if packed := packer.compress(block):
                yield packed
        yield packer.flush()

    def tail(self) -> Iterator[bytes]:
        return spool.blocks(self._directory, self.number, self._valid)


class SpoolReading:
    """A whole spool, read."""

    def __init__(self, directory: Path, look: Look | None = None) -> None:
        self._start = spool.read_start(directory)
        self._end = spool.read_end(directory)
        self.tracks = [TrackReading(directory, number, look) for number in spool.tracks(directory)]

    def manifest(self) -> Manifest:
        infos = (track.info() for track in self.tracks)
        notes = [self._start.note, "" if self._end else "the recording was not ended by its recorder"]
        notes += [track.note for track in self.tracks]
        return Manifest(
            self._start.meta,
            self._end or self._crash(),
            self._start.monotonic_ns,
            tuple(info for info in infos if info),
            tuple(note for note in notes if note),
        )

    def _crash(self) -> Ending:
        """Without a word of its recorder the recording ended with its last frame."""
        seconds = max((track.last for track in self.tracks), default=0) / 1e6
        if not self._start.meta.started_at:
            return Ending("", CRASHED, seconds)
        return Ending((self._start.meta.started() + timedelta(seconds=seconds)).isoformat(), CRASHED, seconds)
