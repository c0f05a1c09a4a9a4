"""All detectors over one run of bytes that comes in pieces: the result is the same wherever the pieces end.

A window is decided only up to `OVERLAP` bytes before its end: signs that begin later are looked at again with what
follows. UTF-16 is found by its shape, a run of characters with a zero between each two, and looked at without the
zeros by a second scanner, so every detector knows every encoding.
"""

import re
from collections.abc import Iterator

from policies.guards import dicom, messages, numbers
from policies.guards.dicom import DicomCount
from policies.guards.messages import MessageCount
from policies.guards.numbers import NumberCount
from policies.guards.verdict import FindingKind, Sight

WINDOW = 128 * 1024
OVERLAP = max(messages.LONGEST, numbers.LONGEST, dicom.LONGEST)
_BEFORE = 4
"""What patterns look back at."""


class Scanner:
    def __init__(self, window: int = WINDOW, wide: bool = True) -> None:
        self._window = window
        self._dicom, self._messages, self._numbers = DicomCount(), MessageCount(), NumberCount()
        self._wide = Wide() if wide else None
        self._buffer = bytearray()
        self._base = 0  # where the buffer stands in the whole
        self._next = 0  # where the next sign may begin, in the whole

    def begin(self, head: bytes) -> None:
        """Say how the whole begins (at most `dicom.HEAD` bytes), before the first `feed`."""
        self._dicom.begin(head)

    def feed(self, data: bytes) -> None:
        if self._wide:
            self._wide.feed(data)
        self._buffer += data
        if len(self._buffer) >= self._window:
            self._look(len(self._buffer) - OVERLAP)

    def finish(self) -> list[Sight]:
        self._look(len(self._buffer))
        self._dicom.finish()
        wide = self._wide.finish() if self._wide else []
        return [*self._sights(), *wide]

    def _look(self, limit: int) -> None:
        window, base, start = bytes(self._buffer), self._base, self._next - self._base
        if start >= limit:
            return
        self._dicom.look(window, base, start, limit)
        self._messages.look(window, base, start, limit)
        self._numbers.look(window, start, limit)
        self._next = base + limit
        keep = max(0, limit - _BEFORE)
        del self._buffer[:keep]
        self._base += keep

    def _sights(self) -> Iterator[Sight]:
        if self._dicom.instances:
            tags = " ".join(self._dicom.tags) or "none filled"
            yield Sight(FindingKind.DICOM, self._dicom.instances, f"tags {tags}")
        yield from self._messages.sights()
        if self._numbers.total:
            yield Sight(FindingKind.IDENTITY_NUMBER, self._numbers.total, "valid key")


_TEXT = frozenset(b"\t\n\r\x0b") | frozenset(range(32, 127)) | frozenset(range(160, 256))
_SHAPE = bytes(0 if byte == 0 else 1 if byte in _TEXT else 2 for byte in range(256))
_SIGN = b"\x01\x00" * 8
_ZEROS = b"\x00" * 8
_RUN = re.compile(rb"(?:\x01\x00)*")


def _may_be_wide(data: bytes) -> bool:
    return b"\x00" in data and (_ZEROS in data[::2] or _ZEROS in data[1::2])


class Wide:
    """Takes the UTF-16 of western languages out of a run of bytes, in either byte order, and has it scanned."""

    def __init__(self) -> None:
        self._scanner: Scanner | None = None
        self._rest = b""
        self._inside = False

    def feed(self, data: bytes) -> None:
        data = self._rest + data
        shape = data.translate(_SHAPE) if self._inside or _may_be_wide(data) else b""
        position = 0
        while True:
            if not self._inside:
                begin = shape.find(_SIGN, position)
                if begin < 0:
                    self._rest = data[max(position, len(data) - len(_SIGN) + 1) :]
                    return
                self._inside, position = True, begin
            end = match.end() if (match := _RUN.match(shape, position)) else position
            self._feed(data[position:end:2])
            position = end
            if len(data) - position < 2:
                self._rest = data[position:]
                return
            self._feed(b"\x00")
            self._inside = False

    def _feed(self, text: bytes) -> None:
        self._scanner = self._scanner or Scanner(wide=False)
        self._scanner.feed(text)

    def finish(self) -> list[Sight]:
        if self._inside:
            self._feed(self._rest)  # big endian ends with a character, not with a zero
        return self._scanner.finish() if self._scanner else []
