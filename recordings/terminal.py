"""A track as asciicast v3 (docs.asciinema.org/manual/asciicast/v3): what asciinema and its browser player play; or as
v2, for the asciinema before 3 that many systems still have.

Made from the exact bytes whenever it is asked for, never stored: one source of truth. The text is pure ASCII, every
control character and everything beyond it escaped by JSON, so that printing a `.cast` file is harmless; what the
escapes mean is for the player to judge. Bytes that are not UTF-8 show as U+FFFD here; the track keeps them as they are.

    o   what the device answered; also its stderr, with one marker at the first of it
    i   what the technician typed, or sent to the standard input of a command; with one marker at the first of what he
        typed while the session was frozen, which the device never had
    r   resize          m   marker: signals, breaks, the end of input, what the hospital did
    x   exit status (signals as 128 + n, 255 when it cannot be told)

Without a terminal nobody turned line feeds into new lines, so each gets its carriage return in `o`.
"""

import codecs
import json
import re
import signal
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from recordings.frames import Frame, resized
from recordings.model import RecordingMeta, TrackHead, canonical, printable

_PLAIN_SIZE = (80, 24)
_LARGEST = (1000, 500)
_MARK_STDERR = "stderr"
_MARK_WITHHELD = "typed, not passed on"


class Cast:
    """Turns one track's frames into lines, one call per frame, for a sealed track as for one still being written."""

    def __init__(self, meta: RecordingMeta, head: TrackHead, began: float) -> None:
        """`began` is the start of the track in seconds since the recording's."""
        self._meta = meta
        self._head = head
        self._began = began
        self._last = round(began * 1e6)
        self._decoders = {code: codecs.getincrementaldecoder("utf-8")("replace") for code in "ioew"}
        self._stderr_seen = False
        self._withheld = False

    def header(self) -> bytes:
        about = self._shape(*_bounded(self._head.cols, self._head.rows), printable(self._head.term, 64) or "dumb")
        about["title"] = self._title()
        if self._meta.started_at:
            about["timestamp"] = int((self._meta.started() + timedelta(seconds=self._began)).timestamp())
        command = printable(self._head.command, 4096)
        return canonical(about | ({"command": command} if command else {})) + b"\n"

    def _shape(self, cols: int, rows: int, term: str) -> dict[str, Any]:
        return {"version": 3, "term": {"cols": cols, "rows": rows, "type": term}}

    def feed(self, frame: Frame) -> bytes:
        """Return the lines of one frame; none when its bytes are the beginning of a character still to come."""
        if frame.code in self._decoders:
            text = self._decoders[frame.code].decode(frame.data)
            return self._data(frame.at, frame.code, text) if text else b""
        if frame.code == "r":
            return self._line(frame.at, "r", "{}x{}".format(*_bounded(*resized(frame.data))))
        if frame.code == "m":
            return self._line(frame.at, "m", printable(frame.data.decode("utf-8", "replace"), 1000))
        if frame.code == "x":
            return self._exit(frame.at, frame.data.decode("utf-8", "replace"))
        return b""

    def end(self) -> bytes:
        """Return what an unfinished last character leaves."""
        left = ((code, decoder.decode(b"", final=True)) for code, decoder in self._decoders.items())
        return b"".join(self._data(self._last, code, text) for code, text in left if text)

    def _data(self, at: int, code: str, text: str) -> bytes:
        mark = b""
        if code == "e" and not self._stderr_seen:
            self._stderr_seen = True
            mark = self._line(at, "m", _MARK_STDERR)
        if code in "iw":
            return self._typed(at, text, withheld=code == "w")
        return mark + self._line(at, "o", text if self._head.pty else text.replace("\n", "\r\n"))

    def _typed(self, at: int, text: str, *, withheld: bool) -> bytes:
        mark = self._line(at, "m", _MARK_WITHHELD) if withheld and not self._withheld else b""
        self._withheld = withheld
        return mark + self._line(at, "i", text)

    def _exit(self, at: int, outcome: str) -> bytes:
        status = exit_status(outcome)
        told = b"" if outcome.strip() == str(status) else self._line(at, "m", printable(outcome, 200))
        return told + self._line(at, "x", str(status))

    def _line(self, at: int, code: str, text: str) -> bytes:
        """One event; the interval is in seconds since the one before it, exact to the microsecond."""
        elapsed, self._last = at - self._last, at
        return self._event(elapsed, code, text)

    @staticmethod
    def _event(microseconds: int, code: str, text: str) -> bytes:
        seconds = f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d}"
        return f'[{seconds}, "{code}", {json.dumps(text)}]\n'.encode("ascii")

    def _title(self) -> str:
        who = self._meta.technician_name or self._meta.technician_login
        where = self._meta.device_name or self._meta.device_code
        return printable(" · ".join(part for part in (who, where, self._meta.recording_id) if part), 200)


class OlderCast(Cast):
    """Version 2: the time of an event is that since the start of the track, and an exit status is a marker."""

    def _shape(self, cols: int, rows: int, term: str) -> dict[str, Any]:
        return {"version": 2, "width": cols, "height": rows, "env": {"TERM": term}}

    def _exit(self, at: int, outcome: str) -> bytes:
        return self._line(at, "m", f"exit {exit_status(outcome)}")

    def _line(self, at: int, code: str, text: str) -> bytes:
        self._last = at
        return self._event(at - round(self._began * 1e6), code, text)


VERSIONS: Final[Mapping[int, type[Cast]]] = MappingProxyType({3: Cast, 2: OlderCast})
NEWEST: Final = 3


def cast(
    meta: RecordingMeta, head: TrackHead, began: float, frames: Iterable[Frame], version: int = NEWEST
) -> Iterator[bytes]:  # fmt: skip
    """Yield a whole track: header, events, and what was left of the last character. `version`: of `VERSIONS`."""
    lines = VERSIONS[version](meta, head, began)
    yield lines.header()
    for frame in frames:
        if line := lines.feed(frame):
            yield line
    if rest := lines.end():
        yield rest


def exit_status(outcome: str) -> int:
    """Return the status asciicast wants as a number: the last number in `outcome`, else 128 + signal, else 255."""
    for word in reversed(re.findall(r"[A-Za-z0-9]+", outcome)):
        if word.isdecimal() and len(word) <= 9:
            return int(word)
        name = "SIG" + word.upper().removeprefix("SIG")
        if name in signal.Signals.__members__:
            return 128 + signal.Signals[name]
    return 255


def _bounded(cols: int, rows: int) -> tuple[int, int]:
    """A hostile client may claim a terminal of 2^32 columns, which would bring the player down; 0 means none."""
    return min(cols or _PLAIN_SIZE[0], _LARGEST[0]), min(rows or _PLAIN_SIZE[1], _LARGEST[1])
