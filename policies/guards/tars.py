"""tar, read from front to back: members as they come, in the dialects of V7, ustar, pax and GNU."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policies.guards.packing import is_tar
from policies.guards.reader import Damaged, Part, Reader

BLOCK = 512
_WITHOUT_DATA = frozenset(b"123456")
_PAX = frozenset(b"xg")
_PAX_READ = 64 * 1024
_PAX_SIZE = re.compile(rb"(?:^|\n)[0-9]{1,4} size=([0-9]{1,18})\n")


@dataclass(frozen=True, slots=True)
class Entry:
    name: bytes
    data: Part


def entries(reader: Reader) -> Iterator[Entry]:
    """Yield every run of data in turn, also those that hold only names. What is left of one is passed over."""
    stated: int | None = None
    while header := reader.peek(BLOCK):
        if not header.strip(b"\x00"):
            reader.exactly(len(header))
            continue
        if not is_tar(header):
            raise Damaged("not a tar header")
        reader.exactly(BLOCK)
        kind = header[156]
        size = 0 if kind in _WITHOUT_DATA else stated if stated is not None and kind not in _PAX else _size(header)
        if kind in _PAX:
            match = _PAX_SIZE.search(reader.peek(min(size, _PAX_READ)))
            stated = int(match[1]) if match else stated
        elif kind not in b"LK":
            stated = None
        if kind == ord("S"):
            _pass_sparse_map(reader, header)
        part = Part(reader, size)
        yield Entry(header[:100].rstrip(b"\x00"), part)
        part.drain()
        _pass_padding(reader, -size % BLOCK)


def _size(header: bytes) -> int:
    field = header[124:136]
    if field[0] & 0x80:
        return int.from_bytes(field, "big") & (1 << 94) - 1
    digits = field.strip(b" \x00")
    if digits.strip(b"01234567"):
        raise Damaged("tar size")
    return int(digits or b"0", 8)


def _pass_sparse_map(reader: Reader, header: bytes) -> None:
    more = header[482]
    while more:
        more = reader.exactly(BLOCK)[504]


def _pass_padding(reader: Reader, size: int) -> None:
    if size and reader.peek(size):  # the last member of a file that is cut exactly there is still whole
        reader.exactly(min(size, len(reader.peek(size))))
