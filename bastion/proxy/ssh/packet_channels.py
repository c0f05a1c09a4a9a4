"""Channels that give back window only for what has left them, and wait when their connection cannot take more.

asyncssh 2.24 hands the sender its whole window again for each piece delivered, however much still waits behind that
piece: behind a slow reader a download of any size ends up in memory. It also ignores the transport's `pause_writing`.
And it keeps one list entry per packet: two megabytes of one-byte packets into a paused (frozen) channel cost 200 MB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from asyncssh.channel import SSHChannel, SSHClientChannel, SSHServerChannel, SSHTCPChannel, SSHUNIXChannel
from asyncssh.constants import MSG_CHANNEL_WINDOW_ADJUST
from asyncssh.packet import UInt32

if TYPE_CHECKING:
    # packet_connection keeps channels, so the arrow at run time goes from it to here
    from bastion.proxy.ssh.packet_connection import PacketPath

HELD = "held by a splice"  # in `_recv_paused`: read, opened, waiting for room at the other side
_PIECE = 32 * 1024  # bytes up to which small packets waiting together become one
_PIECES = 256  # with more than this many waiting, no window is given back (counting them would cost too much)


class Feed(Protocol):
    """One direction of a splice."""

    def drain(self) -> None: ...


class Joint(Protocol):
    """The splice a channel is in."""

    def close(self) -> None: ...


class PacedChannel(SSHChannel[bytes]):
    """Mixed into each kind of asyncssh channel by the classes below."""

    lane: Feed | None = None  # that carries what is received here
    feed: Feed | None = None  # that carries what is sent here
    splice: Joint | None = None

    @property
    def path(self) -> PacketPath | None:
        return cast("PacketPath | None", self._conn)

    def _flush_send_buf(self) -> None:
        path = self.path
        if path is None or path.ready():
            super()._flush_send_buf()
        elif self._session is not None:
            self._pause_resume_writing()
        if self.feed is not None:
            self.feed.drain()

    def resume_reading(self) -> None:
        """What came during the pause goes by the splice, where there is one, like what comes after it."""
        if self._recv_paused and self._recv_buf and self.lane is not None:
            self._recv_paused = HELD
            self.lane.drain()
        else:
            super().resume_reading()

    def _accept_data(self, data: bytes, datatype: int | None = None) -> None:
        waiting = self._recv_buf
        if self._recv_paused and waiting and self._send_state not in {"close_pending", "closed"}:
            last, kind = waiting[-1]
            if kind == datatype and len(last) + len(data) <= _PIECE:
                self._recv_window -= len(data)
                waiting[-1] = (_joined(last, data), kind)
                return
        super()._accept_data(data, datatype)

    def _deliver_data(self, data: bytes, datatype: int | None) -> None:
        """Asyncssh restores the whole window when half is spent; shown what still waits, it restores the rest."""
        backlog = self.backlog()
        self._recv_window += backlog
        try:
            super()._deliver_data(bytes(data), datatype)
        finally:
            self._recv_window -= backlog

    def backlog(self) -> int:
        """Bytes received and not yet delivered, or the whole window when there are too many pieces to count."""
        waiting = self._recv_buf
        if not waiting:
            return 0
        return sum(len(data) for data, _ in waiting) if len(waiting) <= _PIECES else self._init_recv_window

    def give_back_window(self) -> None:
        """Let the peer send again what has been forwarded, once that is half a window (RFC 4254 §5.2)."""
        spent = self._init_recv_window - self._recv_window
        if spent * 2 <= self._init_recv_window:
            return
        spent -= self.backlog()
        if spent * 2 > self._init_recv_window:
            self.send_packet(MSG_CHANNEL_WINDOW_ADJUST, UInt32(spent))
            self._recv_window += spent

    def _cleanup(self, exc: Exception | None = None) -> None:
        splice, self.splice = self.splice, None
        super()._cleanup(exc)
        if splice is not None:
            self._loop.call_soon(splice.close)


def _joined(waiting: bytes | bytearray, more: bytes) -> bytes:
    """One growing buffer; asyncssh's list is declared as of bytes, `_deliver_data` makes them so."""
    buffer = waiting if isinstance(waiting, bytearray) else bytearray(waiting)
    buffer += more
    return cast("bytes", buffer)


class PacedClientChannel(PacedChannel, SSHClientChannel[bytes]):
    pass


class PacedServerChannel(PacedChannel, SSHServerChannel[bytes]):
    pass


class PacedTCPChannel(PacedChannel, SSHTCPChannel[bytes]):
    pass


class PacedUNIXChannel(PacedChannel, SSHUNIXChannel[bytes]):
    pass
