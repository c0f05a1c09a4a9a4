"""Compressed streams, unpacked a block at a time and never past the budget."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

import zstandard

from policies.guards.packing import Packing
from policies.guards.reader import BLOCK, Damaged, Exhausted, Reader
from policies.guards.verdict import Limits

_XZ_OVERHEAD = 8 * 1024 * 1024  # what liblzma wants beside the dictionary


@dataclass(slots=True)
class Budget:
    """What one examination may still unpack."""

    limits: Limits
    root: Reader
    unpacked: int = 0
    members: int = 0

    def spend(self, size: int) -> None:
        self.unpacked += size
        if self.unpacked > self.limits.unpacked:
            raise Exhausted(f"unpacked {self.limits.unpacked}")
        if self.unpacked > self.limits.ratio_from and self.unpacked > self.limits.ratio * self.root.position:
            raise Exhausted(f"ratio {self.limits.ratio}")

    def member(self) -> None:
        self.members += 1
        if self.members > self.limits.members:
            raise Exhausted(f"members {self.limits.members}")


class Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Deflate:
    """zlib, made to behave as bz2 and lzma do: it keeps what it has not used yet."""

    def __init__(self, wbits: int) -> None:
        self._zlib = zlib.decompressobj(wbits)

    eof = property(lambda self: self._zlib.eof)
    unused_data = property(lambda self: self._zlib.unused_data)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


Make = Callable[[], Decompressor]


def makes(limits: Limits) -> dict[Packing, Make]:
    memory = limits.dictionary + _XZ_OVERHEAD
    return {
        Packing.GZIP: lambda: _Deflate(31),
        Packing.BZIP2: bz2.BZ2Decompressor,
        Packing.XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=memory),
    }


def deflate() -> Decompressor:
    return _Deflate(-15)


def raw_lzma(header: bytes, limits: Limits) -> Make:
    """LZMA as zip writes it: five bytes of properties, then the bare stream."""
    properties, dictionary = header[0], int.from_bytes(header[1:5], "little")
    if properties >= 225 or dictionary > limits.dictionary:
        raise Damaged("lzma properties")
    chain = {
        "id": lzma.FILTER_LZMA1,
        "lc": properties % 9,
        "lp": properties // 9 % 5,
        "pb": properties // 45,
        "dict_size": max(4096, dictionary),
    }
    return lambda: lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chain])


class Unpacked:
    """What a compressed stream holds; reads no byte of `reader` past the stream's end.

    `again`: further streams that follow at once belong to it, as gzip, bzip2 and xz have it.
    `open_end`: the stream does not say where it ends, its source does (LZMA in zip).
    """

    def __init__(
        self, reader: Reader, make: Make, budget: Budget, *, again: bytes = b"", open_end: bool = False
    ) -> None:
        self._reader, self._make, self._budget = reader, make, budget
        self._again, self._open_end = again, open_end
        self._stream: Decompressor | None = self._begin()
        self._hungry = True

    def __call__(self, size: int) -> bytes:
        while self._stream is not None:
            if self._stream.eof:
                self._turn(self._stream)
                continue
            data = self._reader.read(BLOCK) if self._hungry else b""
            if self._hungry and not data:
                self._stream = None
                if self._open_end:
                    break
                raise Damaged("cut short")
            block = self._step(self._stream, data, size)
            self._hungry = len(block) < size
            if block:
                self._budget.spend(len(block))
                return block
        return b""

    def _begin(self) -> Decompressor:
        try:
            return self._make()
        except (lzma.LZMAError, ValueError, MemoryError) as error:
            raise Damaged("does not unpack") from error

    def _step(self, stream: Decompressor, data: bytes, size: int) -> bytes:
        try:
            return stream.decompress(data, size)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError) as error:
            self._stream = None
            raise Damaged("does not unpack") from error

    def _turn(self, stream: Decompressor) -> None:
        self._reader.back(len(stream.unused_data))
        self._hungry = True
        follows = self._again and self._reader.peek(len(self._again)) == self._again
        self._stream = self._begin() if follows else None


class UnpackedZstd:
    """Zstandard frames up to the end of `reader`: the library reads ahead, so nothing else may follow them."""

    def __init__(self, reader: Reader, budget: Budget) -> None:
        library = zstandard.ZstdDecompressor(max_window_size=budget.limits.dictionary)
        self._frames = library.stream_reader(cast(BinaryIO, reader), read_size=BLOCK, read_across_frames=True)
        self._budget = budget
        self._ended = False

    def __call__(self, size: int) -> bytes:
        if self._ended:
            return b""
        try:
            block = self._frames.read(size)
        except (zstandard.ZstdError, MemoryError) as error:
            self._ended = True
            raise Damaged("does not unpack") from error
        self._ended = not block
        self._budget.spend(len(block))
        return block
