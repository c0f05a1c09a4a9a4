"""zip, read from front to back by the headers before each member, not by the directory at the end.

So it needs no seeking and no memory for a directory of millions, and archives inside archives come for free. The
directory is compared as it passes: a member it names that was not seen makes the archive unreadable.
"""

import bz2
import lzma
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from policies.guards.reader import BLOCK, Damaged, Part, Reader
from policies.guards.unpack import Budget, Make, Unpacked, UnpackedZstd, deflate, raw_lzma
from policies.guards.verdict import Limits

LOCAL = b"PK\x03\x04"
BEGIN = re.compile(LOCAL)
_CENTRAL, _END, _END64, _LOCATOR, _DESCRIPTOR = (
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"PK\x07\x08",
)
_EXTRA_DATA, _SIGNATURE = b"PK\x06\x08", b"PK\x05\x05"
_OTHERS = frozenset({_END, _END64, _LOCATOR, _EXTRA_DATA, _SIGNATURE})
STORED, DEFLATED, BZIP2, LZMA, ZSTD, XZ, AES = 0, 8, 12, 14, 93, 95, 99
_METHODS = frozenset({*range(11), 12, 14, 16, 18, 19, 20, *range(93, 100)})
_UNKNOWN32 = 0xFFFFFFFF
_RESERVED_FLAGS = 0xD780
_ENCRYPTED, _DESCRIBED = 0x0001, 0x0008


@dataclass(frozen=True, slots=True)
class Member:
    name: bytes
    flags: int
    method: int
    checksum: int
    packed: int | None  # None: only what follows the data says how much it was

    @property
    def encrypted(self) -> bool:
        return bool(self.flags & _ENCRYPTED) or self.method == AES


@dataclass(slots=True)
class Directory:
    """Where members began, and where the directory says they begin: told from the file's start or from the first."""

    seen: set[int] = field(default_factory=set)
    named: set[int] = field(default_factory=set)
    missing: int = 0

    def end(self) -> None:
        """Count the named members that were not seen, and start anew: another archive may follow."""
        seen, named = self.seen, self.named
        self.missing += min(len(named - seen), len(_from_first(named) - _from_first(seen)))
        self.seen, self.named = set(), set()


def _from_first(offsets: set[int]) -> set[int]:
    first = min(offsets, default=0)
    return {offset - first for offset in offsets}


def plausible(header: bytes) -> bool:
    """Whether a header that begins like a member's could be one: asked where one turns up in the midst of bytes."""
    if len(header) < 30:
        return False
    needed, flags, method = struct.unpack_from("<HHH", header, 4)
    return needed & 0xFF <= 63 and not flags & _RESERVED_FLAGS and method in _METHODS and header[26:28] != b"\x00\x00"


@dataclass(frozen=True, slots=True)
class Entry:
    member: Member
    source: Reader  # holds the packed bytes; and what follows them, if their size is unknown


def entries(reader: Reader, directory: Directory) -> Iterator[Entry]:
    """Yield the members that follow each other from here, up to the end of the archive or to what is no zip at all.

    A member of unknown size that is not read to its end ends this too: look for the next `LOCAL` then.
    """
    while True:
        signature = reader.peek(4)
        if signature == LOCAL:
            directory.seen.add(reader.position)
            one = _member(reader)
            part = Part(reader, one.packed or 0)
            yield Entry(one, reader if one.packed is None else Reader(part))
            part.drain()
            if one.flags & _DESCRIBED:
                _pass_descriptor(reader)
        elif signature == _CENTRAL:
            directory.named.add(_named(reader))
        elif signature in _OTHERS:
            _pass_record(reader, signature)
            if signature == _END:
                directory.end()
                return
        else:
            return


def _member(reader: Reader) -> Member:
    header = reader.exactly(30)
    flags, method = struct.unpack_from("<HH", header, 6)
    checksum, packed, unpacked, name_size, extra_size = struct.unpack_from("<IIIHH", header, 14)
    name, extra = reader.exactly(name_size), reader.exactly(extra_size)
    size = packed
    if packed == _UNKNOWN32:
        (size,) = _wide_fields(extra, [unpacked == _UNKNOWN32, True])[-1:]
    unknown = not size and flags & _DESCRIBED
    return Member(name, flags, method, checksum, None if unknown else size)


def _named(reader: Reader) -> int:
    """Pass one entry of the directory; return where it says its member begins."""
    header = reader.exactly(46)
    packed, unpacked, name_size, extra_size, comment_size = struct.unpack_from("<IIHHH", header, 20)
    (offset,) = struct.unpack_from("<I", header, 42)
    reader.exactly(name_size)
    extra = reader.exactly(extra_size)
    reader.exactly(comment_size)
    if offset == _UNKNOWN32:
        return _wide_fields(extra, [unpacked == _UNKNOWN32, packed == _UNKNOWN32, True])[-1]
    return int(offset)


def _wide_fields(extra: bytes, wanted: list[bool]) -> list[int]:
    """Read the 64-bit fields of the zip64 extra: only those are there whose 32-bit ones are full."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        count = wanted.count(True)
        if kind == 1 and size >= 8 * count and len(extra) >= 4 + 8 * count:
            return list(struct.unpack_from(f"<{count}Q", extra, 4))
        extra = extra[4 + size :]
    raise Damaged("zip64 fields")


def _pass_descriptor(reader: Reader) -> None:
    ahead = reader.peek(26)
    for size in (16, 24) if ahead.startswith(_DESCRIPTOR) else (12, 20):
        if ahead[size : size + 2] == b"PK":
            reader.exactly(size)
            return


def _pass_record(reader: Reader, signature: bytes) -> None:
    header = reader.peek(22)
    if signature == _END:
        Part(reader, 22 + int.from_bytes(header[20:22], "little")).drain()
    elif signature == _END64:
        Part(reader, 12 + int.from_bytes(header[4:12], "little")).drain()
    elif signature == _LOCATOR:
        reader.exactly(20)
    elif signature == _EXTRA_DATA:
        Part(reader, 8 + int.from_bytes(header[4:8], "little")).drain()
    else:
        reader.exactly(6 + int.from_bytes(header[4:6], "little"))


class Stored:
    """A member stored as it is, without its size: ends where a descriptor states just the size that has passed."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self._passed, self._ended = reader, 0, False

    def __call__(self, size: int) -> bytes:
        ahead = b"" if self._ended else self._reader.peek(BLOCK)
        if self._ended or (ahead.startswith(_DESCRIPTOR) and self._ends_here(ahead)):
            self._ended = True
            return b""
        if not ahead:
            self._ended = True
            raise Damaged("cut short")
        found = ahead.find(_DESCRIPTOR, 1)
        end = found if found > 0 else max(1, len(ahead) - len(_DESCRIPTOR) + 1)
        block = self._reader.read(min(size, end))
        self._passed += len(block)
        return block

    def _ends_here(self, ahead: bytes) -> bool:
        return self._passed & _UNKNOWN32 == int.from_bytes(ahead[8:12], "little")


class _Checked:
    """Reads on, and at the end compares with the checksum that stands before the data."""

    def __init__(self, source: Callable[[int], bytes], checksum: int) -> None:
        self._source, self._stated, self._sum = source, checksum, 0

    def __call__(self, size: int) -> bytes:
        block = self._source(size)
        self._sum = zlib.crc32(block, self._sum)
        if not block and self._sum != self._stated:
            self._sum = self._stated  # said once
            raise Damaged("checksum")
        return block


def contents(entry: Entry, budget: Budget) -> Callable[[int], bytes]:
    """Return what reads the member unpacked. Raises `Damaged` where that is not to be had."""
    source = _unpacked(entry, budget)
    return source if entry.member.flags & _DESCRIBED else _Checked(source, entry.member.checksum)


def _unpacked(entry: Entry, budget: Budget) -> Callable[[int], bytes]:
    one, source = entry.member, entry.source
    bounded = one.packed is not None
    makes: dict[int, Make] = {DEFLATED: deflate, BZIP2: bz2.BZ2Decompressor, XZ: lambda: _xz(budget.limits)}
    if one.method == STORED:
        return source.read if bounded else Stored(source)
    if one.method in makes:
        return Unpacked(source, makes[one.method], budget)
    if one.method == ZSTD and bounded:
        return UnpackedZstd(source, budget)
    if one.method == LZMA and bounded:
        return Unpacked(source, _lzma(source, budget.limits), budget, open_end=True)
    raise Damaged(f"zip method {one.method}")


def _xz(limits: Limits) -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=limits.dictionary)


def _lzma(source: Reader, limits: Limits) -> Make:
    size = int.from_bytes(source.exactly(4)[2:], "little")
    header = source.exactly(size)
    if size < 5:
        raise Damaged("lzma properties")
    return raw_lzma(header, limits)
