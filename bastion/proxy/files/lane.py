"""One direction of an SFTP channel: cuts the stream into packets, has each judged, passes it on or swallows it.

Bytes that pass are never rebuilt. A packet's first byte passes only when the packet is judged: what is too short to be
judged is kept back, at most one packet; of the packets that carry file content only the header is waited for, and the
content streams through where it lies. What stands in such a packet behind its content nobody has judged: it is
swallowed, and the packet's length, for once, is ours.
"""

from collections.abc import Callable
from typing import Final, Protocol

from bastion.proxy.files.wire import LONGEST_PACKET, Buffer, GateError, packet_head

Feed = Callable[[Buffer], object]
MOST_WAITING: Final = 4096


class Judge(Protocol):
    streamed: int
    """The kind of packet whose content is not waited for."""
    surplus: int
    """Bytes behind the content of the packet for which `content` has named a feed last."""

    def head(self, data: Buffer, at: int, have: int, /) -> int:
        """Return how long the header of the streamed packet at `at` is, as far as `have` bytes tell."""

    def content(self, data: Buffer, at: int, length: int) -> Feed | None:
        """Judge a streamed packet by its header; return who gets its content, None to swallow it."""

    def packet(self, data: Buffer, at: int, length: int) -> bool:
        """Judge a whole packet; False swallows it."""


class Lane:
    """`send` takes what passes when a chunk cannot pass as it is, and packets of our own."""

    __slots__ = (
        "_cutting", "_error", "_feed", "_fitted", "_judge", "_kept", "_left", "_need", "_send", "_skip", "_waiting",
    )  # fmt: skip

    def __init__(self, judge: Judge, send: Callable[[bytes], None]) -> None:
        self._judge = judge
        self._send = send
        self._left = 0  # bytes of content that are still to pass
        self._skip = 0  # bytes that are still to be swallowed, once no content is left
        self._fitted = b""  # the head that is to pass in place of the packet's own
        self._feed: Feed = len
        self._kept = bytearray()
        self._need = 0  # bytes that `_kept` must have before anything more can be said
        self._waiting: list[bytes] = []
        self._cutting = False
        self._error: Exception | None = None

    @property
    def left(self) -> int:
        return self._left

    def take(self, data: Buffer) -> bool:
        """Return True when all of `data` may pass as it is; nothing was sent then."""
        size = len(data)
        if size < self._left or (size == self._left and not self._waiting):
            self._left -= size
            self._feed(data)
            return True
        return self._cut(data)

    def insert(self, packet: bytes) -> None:
        """Send a packet of our own as soon as the stream stands between two packets."""
        if not self._left and not self._cutting:
            self._send(packet)
            return
        if len(self._waiting) >= MOST_WAITING:
            raise GateError("too many refused requests while the device is in the middle of an answer")
        self._waiting.append(packet)

    def _cut(self, data: Buffer) -> bool:
        if self._error is not None:
            raise self._error
        joined = bool(self._kept)
        if joined:
            self._kept += data
            if len(self._kept) < self._need:
                return False
            data, self._kept = bytes(self._kept), bytearray()
        passing: list[Buffer] = []
        self._cutting = True
        try:
            whole = self._sort(memoryview(data), passing) and not joined
        except Exception as error:
            self._error = error  # nothing more passes
            if isinstance(error, GateError):
                self._flush(passing)  # what was judged before the fault does, however the stream was cut
            raise
        finally:
            self._cutting = False
        if not whole:
            self._flush(passing)
        return whole

    def _flush(self, passing: list[Buffer]) -> None:
        joined = b"".join(passing)
        if joined:
            self._send(joined)

    def _sort(self, view: memoryview, passing: list[Buffer]) -> bool:
        """Go through a chunk; put what passes into `passing`. True when that is the chunk itself."""
        start = at = 0  # of what passes in one piece
        end = len(view)
        try:
            while True:
                if self._left:
                    at = self._through(view, at, end)
                    if self._left:
                        break
                if self._waiting:
                    passing += (view[start:at], *self._waiting)
                    self._waiting.clear()
                    start = at
                if self._skip:
                    passing.append(view[start:at])
                    start = at = self._over(at, end)
                    if self._skip:
                        break
                if at == end or not (step := self._next(view, at, end - at)):
                    break
                if self._fitted:
                    passing += (view[start:at], self._fitted)
                    start, self._fitted = at + step, b""
                at += max(step, 0)
        finally:
            passing.append(view[start:at])
        if at < end:
            self._kept += view[at:]
        return start == 0 and at == end and len(passing) == 1

    def _through(self, view: memoryview, at: int, end: int) -> int:
        size = min(self._left, end - at)
        self._left -= size
        self._feed(view[at : at + size])
        return at + size

    def _over(self, at: int, end: int) -> int:
        size = min(self._skip, end - at)
        self._skip -= size
        return at + size

    def _next(self, view: memoryview, at: int, have: int) -> int:
        """Judge the packet at `at`: return the bytes that pass at once, -1 when it is refused, 0 when it is short."""
        if have < 5:
            return self._short(5)
        length, kind = packet_head(view, at)
        if not 0 < length <= LONGEST_PACKET:
            raise GateError("a packet of an impossible length")
        if kind == self._judge.streamed:
            head = self._judge.head(view, at, have)
            if have < head:
                return self._short(head)
            feed = self._judge.content(view, at, length)
            if feed is not None:
                surplus = self._judge.surplus
                self._feed, self._left, self._skip = feed, length + 4 - head - surplus, surplus
                if surplus:
                    self._fitted = (length - surplus).to_bytes(4, "big") + bytes(view[at + 4 : at + head])
                return head
        elif have < length + 4:
            return self._short(length + 4)
        elif self._judge.packet(view, at, length):
            return int(length) + 4
        self._skip = length + 4
        return -1

    def _short(self, need: int) -> int:
        self._need = need
        return 0
