"""Record before forward: `Track.write` returns when the kernel has the bytes, so killing the process loses none.

One system call per write, no buffer in the process, no thread. Power loss may take what came after the last `sync`,
which a thread calls each second. Whatever fails, fails the whole recording at once and for good: after one failed
write or fsync nothing more is accepted, and the session must end (R-49).
"""

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

import zstandard

from recordings import durable, frames, spool
from recordings.files import FileLine
from recordings.frames import ZSTD, head
from recordings.model import (
    Direction,
    Ending,
    RecordingError,
    RecordingMeta,
    TrackHead,
    TrackKind,
    instant,
    safe_name,
)

MIN_FREE = 64 * 1024 * 1024
PART = 256 * 1024
"""A longer write becomes several frames."""

SMALL = 4096
"""Below this a payload is written as it is: a compressor's set-up costs more than the bytes."""

WORTH = 16
"""Packing must shrink 16 to 1 to be cheaper than writing raw bytes: zeros 0.27 against 0.83 CPU s/GiB, but program
text, at 3 to 1, 5.3. The rest is packed at sealing, when nobody waits."""

PROBE_EVERY = 32
"""After a payload not worth packing, so many go raw before the next try."""

_CODES = {"i": ord("i"), "o": ord("o"), "e": ord("e"), "w": ord("w")}


class _Compressor(threading.local):
    """One per thread: a context is neither small nor safe to share."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=1).compress


_compressor = _Compressor()


class Recorder:
    """One recording being written. `sync` may run in any thread, beside all else; `failed` is the first failure."""

    def __init__(self, directory: Path, meta: RecordingMeta, fd: int, began: int) -> None:
        self.directory = directory
        self.meta = meta
        self.bytes_written = 0
        self.failed: RecordingError | None = None
        self._fd = fd
        self._began = began
        self._guard = threading.Lock()
        self._tracks: list[Track] = []
        self._unsynced = {spool.START, spool.END, "."}

    @classmethod
    def start(cls, spool_dir: Path, meta: RecordingMeta, *, min_free: int = MIN_FREE) -> Self:
        """Begin `spool_dir`/<recording id>; `spool_dir` must exist, since a missing one may be a disk not mounted.

        RecordingError when it is missing, not writable, has less than `min_free` bytes left, or `meta` is unusable.
        """
        directory = spool_dir / safe_name(meta.recording_id)
        meta.started()
        durable.require_space(spool_dir, min_free)
        beginning = spool_dir / (spool.BEGINNING + meta.recording_id)
        began = time.monotonic_ns()
        try:
            beginning.mkdir(mode=0o700)
            fd = spool.lock(beginning)
            try:
                durable.write_new(spool.START, spool.start_bytes(meta, began), fd)
                durable.reserve(spool.END, spool.END_BYTES, fd)
                beginning.rename(directory)
            except OSError:
                os.close(fd)
                shutil.rmtree(beginning, ignore_errors=True)  # else `recover` sweeps it away: nothing was recorded
                raise
        except OSError as error:
            raise RecordingError(f"no recording can start in {spool_dir}: {error.strerror}") from error
        return cls(directory, meta, fd, began // 1000)

    def open_track(
        self, channel: int, kind: TrackKind, *, cols: int, rows: int, term: str, command: str = "", pty: bool,
        modes: Mapping[str, int] | None = None,
    ) -> "Track":  # fmt: skip
        """Begin the track of one channel; what the channel is stands in the spool before this returns."""
        with self._guard:
            self.require()
            number = len(self._tracks)
            about = TrackHead(number, channel, TrackKind(kind), cols, rows, term, command, pty, dict(modes or {}))
            try:
                fd = durable.create(spool.track_name(number), self._fd, os.O_APPEND)
            except OSError as error:
                raise self.fail(f"track {number} cannot be opened: {error.strerror}") from error
            track = Track(self, number, fd, self._began, self._guard)
            self._tracks.append(track)
            self._unsynced.add(".")
            track.begin(spool.head_bytes(about))
            return track

    def require(self) -> None:
        """Raise unless bytes can still be recorded."""
        if self.failed is not None:
            raise self.failed
        if self._fd < 0:
            raise RecordingError("the recording is finished")

    def fail(self, why: str) -> RecordingError:
        """Note the failure for good and return it, to be raised."""
        self.failed = self.failed or RecordingError(f"recording {self.meta.recording_id}: {why}")
        return self.failed

    def sync(self) -> None:
        """Put on the disk what was written since the last call. Nothing to do for a quiet session; thread-safe.

        Files are opened anew by name, so that a track closed meanwhile is synced as well; writers do not wait.
        """
        with self._guard:
            if self._fd < 0:
                return
            self.require()
            names = {*self._unsynced, *(spool.track_name(t.number) for t in self._tracks if t.take_unsynced())}
            self._unsynced = set()
            directory = os.dup(self._fd) if names else -1
        if names:
            self._sync(directory, names)

    def _sync(self, directory: int, names: set[str]) -> None:
        try:
            for name in sorted(names):
                durable.sync(name, directory)
            if "." in names:
                durable.sync("..", directory)
        except FileNotFoundError as error:
            if self._fd >= 0:  # else it was finished, sealed and removed while we were at it
                raise self.fail(f"the spool has gone: {error.strerror}") from error
        except OSError as error:
            raise self.fail(f"the disk did not take it: {error.strerror}") from error
        finally:
            os.close(directory)

    def finish(self, ended_at: str, reason: str) -> None:
        """Close everything and note the end. Twice is once. What failed to be noted is raised after all is closed."""
        with self._guard:
            if self._fd < 0:
                return
            seconds = (time.monotonic_ns() // 1000 - self._began) / 1e6
            try:
                instant(ended_at)
                durable.overwrite(spool.END, spool.end_bytes(Ending(ended_at, reason, seconds)), self._fd)
            except OSError as error:
                raise self.fail(f"its end cannot be noted: {error.strerror}") from error
            finally:
                for track in self._tracks:
                    track.release()
                os.close(self._fd)
                self._fd = -1


class Track:
    """One channel's frames. Used from one thread; every method returns when the kernel has the frame."""

    def __init__(self, recorder: Recorder, number: int, fd: int, began: int, guard: threading.Lock) -> None:
        self.number = number
        self._recorder = recorder
        self._guard = guard
        self._fd = fd
        self._last = began
        self._end = 0
        self._synced = 0
        self._raw_left = 0

    def begin(self, about: bytes) -> None:
        """Write magic and head; the caller holds the guard."""
        elapsed = time.monotonic_ns() // 1000 - self._last
        self._append((frames.MAGIC, head(ord("h"), elapsed, about), about))
        self._last += elapsed

    def write(self, direction: Direction, data: bytes | memoryview) -> None:
        """Record `data` (a memoryview must be of bytes). RecordingError: it is not recorded, do not forward it."""
        code = _CODES[direction]
        size = len(data)
        if size <= SMALL:
            if size:
                self._put(code, data)
            return
        for start in range(0, size, PART):
            part = data if size <= PART else memoryview(data)[start : start + PART]
            self._put(code, *self._packed(part))

    def passed(self, direction: Literal["i", "o"], size: int) -> None:
        """Note that `size` bytes passed whose content is not kept, since nobody could read it."""
        if size:
            self._put(ord("p"), frames.passage(direction, size))

    def file(self, line: FileLine) -> None:
        """Note what is done to a file. RecordingError: it is not recorded, do not let it happen."""
        self._put(ord("f"), line.as_bytes())

    def resize(self, cols: int, rows: int) -> None:
        self._put(ord("r"), frames.resize(cols, rows))

    def mark(self, text: str) -> None:
        """Note what is not data: a signal, a break, what the hospital did meanwhile."""
        self._put(ord("m"), _words(text))

    def exit(self, outcome: str) -> None:
        """Note how the channel ended, in the device's words: an exit status as digits, or a signal's name."""
        self._put(ord("x"), _words(outcome))

    def close(self) -> None:
        """Write no more to this track. Twice is once."""
        with self._guard:
            self.release()

    def release(self) -> None:
        """Close the file; the caller holds the guard."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def take_unsynced(self) -> bool:
        """Return whether there is anything to sync, and count it as synced; the caller holds the guard."""
        before, self._synced = self._synced, self._end
        return before != self._end

    def _packed(self, part: bytes | memoryview) -> tuple[bytes | memoryview, int]:
        """Return what to store and its flags: zstd while it pays, raw for a while after it did not."""
        if self._raw_left:
            self._raw_left -= 1
            return part, 0
        packed = _compressor.compress(part)
        if len(packed) * WORTH > len(part):
            self._raw_left = PROBE_EVERY
        return (packed, ZSTD) if len(packed) < len(part) else (part, 0)

    def _put(self, code: int, payload: bytes | memoryview, flags: int = 0) -> None:
        with self._guard:
            now = time.monotonic_ns() // 1000
            self._append((head(code, now - self._last, payload, flags), payload))
            self._last = now

    def _append(self, parts: tuple[bytes | memoryview, ...]) -> None:
        """Hand one frame to the kernel, whole or not at all."""
        recorder = self._recorder
        if recorder.failed is not None or self._fd < 0:
            recorder.require()
            raise RecordingError(f"track {self.number} is closed")
        size = sum(map(len, parts))
        try:
            written = os.writev(self._fd, parts)
        except OSError as error:
            raise recorder.fail(f"track {self.number}: {error.strerror}") from error
        if written != size:
            self._cut_back()
            raise recorder.fail(f"track {self.number}: the disk took {written} of {size} bytes")
        self._end += size
        recorder.bytes_written += size

    def _cut_back(self) -> None:
        """Take half a frame off the end. Should that fail too, readers still see by its check that it is none."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, self._end)


def _words(text: str) -> bytes:
    return text[:SMALL].encode("utf-8", "backslashreplace")
