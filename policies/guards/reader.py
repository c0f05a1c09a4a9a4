"""Reading on, with a look ahead: what every opener of archives reads from, whatever lies below."""

from collections.abc import Callable

BLOCK = 64 * 1024


class Damaged(Exception):
    """What is being read is not what it says it is. The message goes into the evidence: no data in it."""


class Exhausted(Exception):
    """A limit is reached; the examination ends here."""


class Reader:
    def __init__(self, source: Callable[[int], bytes | None]) -> None:
        self._source = source
        self._buffer = b""
        self._at = 0
        self._before = 0  # what came before the buffer

    @property
    def position(self) -> int:
        """How many bytes were read from here (not merely looked at)."""
        return self._before + self._at

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end, and leave them there."""
        while len(self._buffer) - self._at < size and (block := self._source(BLOCK)):
            drop = max(0, self._at - BLOCK)  # what was read last stays, for `back`
            self._before += drop
            self._buffer, self._at = self._buffer[drop:] + block, self._at - drop
        return self._buffer[self._at : self._at + size]

    def read(self, size: int) -> bytes:
        """Return some of the next `size` bytes (at most `BLOCK`); none only at the end."""
        size = min(size, BLOCK)
        if self._at == len(self._buffer):
            self._before += self._at
            self._buffer, self._at = b"", 0  # should the source raise, nothing is read twice
            self._buffer = self._source(size) or b""
        block = self._buffer[self._at : self._at + size]
        self._at += len(block)
        return block

    def exactly(self, size: int) -> bytes:
        """For headers, which are small: all of `size` bytes."""
        if len(block := self.peek(size)) < size:
            raise Damaged("cut short")
        self._at += size
        return block

    def back(self, size: int) -> None:
        """Step back over the end of the last block that `read` returned."""
        self._at -= size


class Part:
    """The next `size` bytes of a reader."""

    def __init__(self, reader: Reader, size: int) -> None:
        self._reader = reader
        self._left = size

    def __call__(self, size: int) -> bytes:
        if not self._left:
            return b""
        block = self._reader.read(min(size, self._left))
        if not block:
            self._left = 0
            raise Damaged("cut short")
        self._left -= len(block)
        return block

    def drain(self) -> None:
        while self(BLOCK):
            pass
