"""DICOM: which patient tags a data set has filled. Reads the first elements of a bounded head, values are never kept.

The elements are read as one flat run: sequences and items are entered rather than skipped, so that the patients in a
DICOMDIR are seen as well. What stands after `HEAD` bytes is not needed: patients come early, in ascending order.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

HEAD = 64 * 1024
START = re.compile(rb"DICM\x02\x00[\x00-\x17]\x00(?:UL|OB|UI|SH|AE)", re.DOTALL)
LONGEST = 10
INSTANCES_READ = 64
TAGS_KEPT = 12
_ENOUGH = 16  # elements in ascending order, to believe that these are elements

_VRS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_OPEN = 0xFFFFFFFF
_ITEM = b"\xfe\xff\x00\xe0"
_UID = re.compile(rb"[0-2]\.[0-9.]{3,62}[\x00 ]?")
_NAMED_BY_UID = frozenset({0x00020002, 0x00020010, 0x00080016, 0x00080018})
_SYNTAX = 0x00020010
_IMPLICIT, _DEFLATED, _BIG = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.2"


@dataclass(frozen=True, slots=True)
class Element:
    tag: int
    value: bytes
    begin: int


def elements(data: bytes, position: int, explicit: bool, order: str = "little") -> Iterator[Element]:
    """Yield what is there; stop without a word where the bytes make no sense."""

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], "big" if order == "big" else "little")

    while position + 8 <= len(data):
        begin, tag = position, number(position, 2) << 16 | number(position + 2, 2)
        vr, position = data[begin + 4 : begin + 6], begin + 8
        if tag >> 16 == 0xFFFE:
            continue
        if not explicit:
            length = number(begin + 4, 4)
        elif vr not in _VRS:
            return
        elif vr in _LONG:
            length, position = number(begin + 8, 4), begin + 12
        else:
            length = number(begin + 6, 2)
        if length == _OPEN or (explicit and vr == b"SQ") or data.startswith(_ITEM, position):
            continue
        yield Element(tag, data[position : position + length], begin)
        position += length


def after_preamble(data: bytes, position: int) -> list[str]:
    """Return the filled patient tags of the data set whose file meta group begins at `position`."""
    syntax = b""
    for element in elements(data, position, explicit=True):
        if element.tag >> 16 != 0x0002:
            break
        position = element.begin + 8 + len(element.value) + (4 if data[element.begin + 4 :][:2] in _LONG else 0)
        if element.tag == _SYNTAX:
            syntax = element.value.rstrip(b"\x00 ")
    if syntax == _DEFLATED:
        return _patient_tags(_inflated(data[position:]), 0, explicit=True)
    explicit = data[position + 4 : position + 6] in _VRS if not syntax else syntax != _IMPLICIT
    return _patient_tags(data, position, explicit, "big" if syntax == _BIG else "little")


def without_preamble(head: bytes) -> list[str] | None:
    """Return the filled patient tags if `head` begins with a bare data set; None if it does not."""
    order = "big" if head[:3] == b"\x00\x08\x00" else "little"
    if order == "little" and (head[:2] not in {b"\x02\x00", b"\x08\x00"} or head[3:4] != b"\x00"):
        return None
    explicit = head[4:6] in _VRS
    tags: list[int] = []
    uids = 0
    for element in elements(head, 0, explicit, order):
        if len(tags) == _ENOUGH or (tags and element.tag <= tags[-1]):
            break
        tags.append(element.tag)
        uids += element.tag in _NAMED_BY_UID and _UID.fullmatch(element.value) is not None
    if len(tags) < 3 or not uids:
        return None
    return after_preamble(head, 0) if tags[0] >> 16 == 0x0002 else _patient_tags(head, 0, explicit, order)


def _patient_tags(data: bytes, position: int, explicit: bool, order: str = "little") -> list[str]:
    found = []
    for element in elements(data, position, explicit, order):
        name = f"{element.tag >> 16:04x},{element.tag & 0xFFFF:04x}"
        if element.tag >> 16 == 0x0010 and element.tag & 0xFFFF and element.value.strip(b"\x00 ") and name not in found:
            found.append(name)
    return found[:TAGS_KEPT]


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(-15).decompress(data, HEAD)
    except zlib.error:
        return b""


@dataclass(slots=True)
class DicomCount:
    """Finds data sets anywhere in a run of windows, and reads the heads of the first ones."""

    instances: int = 0
    tags: list[str] = field(default_factory=list)
    _read: int = 0
    _head: bytearray = field(default_factory=bytearray)
    _until: int = 0

    def begin(self, head: bytes) -> None:
        """Look at a file's first bytes: a data set without preamble, or `DICM` at byte 128 with odd contents after."""
        if head[128:132] == b"DICM" and not START.match(head, 128):
            self._add(after_preamble(head, 132))
            self.instances += 1
        elif (tags := without_preamble(head)) is not None:
            self._add(tags)
            self.instances += 1

    def look(self, window: bytes, base: int, start: int, limit: int) -> None:
        """Count data sets that begin in `[start, limit)`; `base` is where the window stands in the whole."""
        self._gather(window, base, start, limit)
        for match in START.finditer(window, start):
            position = match.start()
            if position >= limit:
                break
            self.instances += 1
            if base + position >= self._until and self._read < INSTANCES_READ:
                self._close()
                self._until = base + position + HEAD
                self._gather(window, base, position, limit)

    def _gather(self, window: bytes, base: int, start: int, limit: int) -> None:
        self._head += window[start : max(start, min(limit, self._until - base))]
        if self._head and base + limit >= self._until:
            self._close()

    def _close(self) -> None:
        if self._head:
            self._add(after_preamble(bytes(self._head), 4))
            self._read += 1
            self._head.clear()

    def finish(self) -> None:
        self._close()

    def _add(self, tags: list[str]) -> None:
        self.tags = sorted({*self.tags, *tags})[:TAGS_KEPT]
