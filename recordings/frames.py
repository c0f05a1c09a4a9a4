"""The spool format: one file per track, MAGIC, then frames, each written by one system call.

    check u32 | stored length u32 | time u64 | code u8 | flags u8 | payload        little endian, 18 bytes of head

`time` is in µs since the frame before it, in the first frame since the recording began (monotonic clock). Codes:
`h` head of the track (JSON, first), `i` `o` `e` `w` data, `r` resize (two u32), `m` marker, `x` outcome (UTF-8),
`f` what was done to a file (JSON, see `files`), `p` data that passed and was not kept (direction u8, size u64).
Flag 1: the payload is a zstd frame. A process killed in the middle of a write leaves a torn last frame: it is too
short, or its check fails, and everything before it stands.
"""

import struct
from binascii import crc32
from typing import NamedTuple

import zstandard

from recordings.model import RecordingDamaged

MAGIC = b"\x89BREC1\r\n"
ZSTD = 1
MAX_STORED = 16 * 1024 * 1024
"""A length beyond this is not a length: the parser stops."""

_BODY = struct.Struct("<IQBB")
_CHECK = struct.Struct("<I")
_HEAD = struct.Struct("<IIQBB")
_SIZE = struct.Struct("<II")
_PASSAGE = struct.Struct("<cQ")
_CHECKED_WHOLE = 4096
_CHECKED_END = 1024

HEAD_BYTES = _HEAD.size
_CODES = frozenset(b"hioewrmxfp")


def head(code: int, elapsed: int, payload: bytes | memoryview, flags: int = 0) -> bytes:
    """Return the 18 bytes that precede `payload`. `elapsed` is in µs."""
    body = _BODY.pack(len(payload), elapsed, code, flags)
    return _CHECK.pack(_check(body, payload)) + body


def _check(body: bytes, payload: bytes | memoryview) -> int:
    """CRC-32 of the head and the payload; of a long payload its two ends only.

    The check finds writes that did not end, and what these leave is a short or zero-filled end. It is no proof against
    change, which the seal is; a CRC over every bulk byte would cost 0.35 CPU s/GiB on the path the session waits for.
    """
    if len(payload) <= _CHECKED_WHOLE:
        return crc32(payload, crc32(body))
    return crc32(payload[-_CHECKED_END:], crc32(payload[:_CHECKED_END], crc32(body)))


class Frame(NamedTuple):
    """`at` is in µs since the recording began; `stored` is the payload as it lies in the spool."""

    at: int
    code: str
    stored: bytes
    flags: int

    @property
    def data(self) -> bytes:
        return unpacked(self.stored) if self.flags & ZSTD else self.stored

    @property
    def size(self) -> int:
        """The length of `data`, without unpacking it."""
        return _unpacked_size(self.stored) if self.flags & ZSTD else len(self.stored)


def unpacked(stored: bytes) -> bytes:
    """Undo the compression of one payload; RecordingDamaged if it is not what `Track.write` made."""
    _unpacked_size(stored)
    try:
        return zstandard.ZstdDecompressor().decompress(stored)
    except zstandard.ZstdError as error:
        raise RecordingDamaged("a compressed payload cannot be unpacked") from error


def _unpacked_size(stored: bytes) -> int:
    """Read the length from the zstd head, and refuse one that would fill the memory."""
    try:
        size = zstandard.frame_content_size(stored)
    except zstandard.ZstdError as error:
        raise RecordingDamaged("a compressed payload has no head") from error
    if not 0 <= size <= MAX_STORED:
        raise RecordingDamaged(f"a compressed payload claims {size} bytes")
    return size


def resize(cols: int, rows: int) -> bytes:
    return _SIZE.pack(cols & 0xFFFFFFFF, rows & 0xFFFFFFFF)


def resized(payload: bytes) -> tuple[int, int]:
    cols, rows = _SIZE.unpack(payload)
    return cols, rows


def passage(direction: str, size: int) -> bytes:
    return _PASSAGE.pack(direction.encode("ascii"), size)


def passed(payload: bytes) -> tuple[str, int]:
    """Return the direction and size that `passage` packed."""
    if len(payload) != _PASSAGE.size or payload[:1] not in {b"i", b"o"}:
        raise RecordingDamaged("a passage cannot be read")
    direction, size = _PASSAGE.unpack(payload)
    return direction.decode("ascii"), size


class Parser:
    """Feed the blocks of a track in order, take whole frames back; constant memory beyond one block and one frame.

    `valid` is the length of everything understood so far. `broken` says why parsing stopped for good; what was fed
    after `valid` but makes no whole frame yet is `left`.
    """

    def __init__(self) -> None:
        self.valid = 0
        self.broken = ""
        self._fed = 0
        self._rest = b""
        self._at = 0

    @property
    def left(self) -> int:
        return self._fed - self.valid

    def feed(self, block: bytes) -> list[Frame]:
        self._fed += len(block)
        if self.broken:
            return []
        self._rest = self._rest + block if self._rest else block
        if not self._opened():
            return []
        found: list[Frame] = []
        position = 0
        while (end := self._frame_end(position)) > 0:
            found.append(self._frame(position, end))
            position = end
        self.valid += position
        self._rest = self._rest[position:]
        return found

    def _opened(self) -> bool:
        """Take the magic off the front, once; True when frames may follow."""
        if self.valid:
            return True
        if not MAGIC.startswith(self._rest[: len(MAGIC)]):
            self.broken = "this is not a track"
        if self.broken or len(self._rest) < len(MAGIC):
            return False
        self.valid = len(MAGIC)
        self._rest = self._rest[len(MAGIC) :]
        return True

    def _frame_end(self, position: int) -> int:
        """Return where the frame at `position` ends; 0 when it is not whole, or (see `broken`) never will be."""
        buffer = self._rest
        start = position + HEAD_BYTES
        if len(buffer) < start:
            return 0
        check, length, _, code, _ = _HEAD.unpack_from(buffer, position)
        if length > MAX_STORED or code not in _CODES:
            self.broken = "this is not a frame"
            return 0
        end = start + int(length)
        if len(buffer) < end:
            return 0
        if _check(buffer[position + _CHECK.size : start], memoryview(buffer)[start:end]) != check:
            self.broken = "a frame does not match its check"
            return 0
        return end

    def _frame(self, position: int, end: int) -> Frame:
        _, _, elapsed, code, flags = _HEAD.unpack_from(self._rest, position)
        self._at += elapsed
        return Frame(self._at, chr(code), self._rest[position + HEAD_BYTES : end], flags)
