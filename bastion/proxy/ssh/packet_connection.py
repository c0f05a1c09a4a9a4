"""The connection half of the packet path: fewer packets, fewer system calls, fewer copies than asyncssh's own.

- no MSG_IGNORE before every packet (a defence of CBC ciphers; kept for them)
- packets of one turn of the event loop leave in one write
- incoming data is cut at packet boundaries once, not re-sliced twice per packet
- TCP_QUICKACK is re-armed at each of the first reads: OpenSSH leaves Nagle on while it sets up, and a delayed ACK
  costs it 40 ms each time
- a channel in a splice has its packets opened into one shared buffer and offered to its lane (`packet_relay`);
  whatever the lane does not take is given, already opened, to asyncssh's own `_recv_packet`
- nothing but control packets is written while the transport asks for a pause or keys are being exchanged
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

from asyncssh.channel import SSHChannel
from asyncssh.connection import SSHClientConnection, SSHConnection, SSHServerConnection
from asyncssh.constants import MSG_CHANNEL_EXTENDED_DATA, MSG_CHANNEL_WINDOW_ADJUST, MSG_IGNORE
from asyncssh.misc import DisconnectError, MACError, ProtocolError
from asyncssh.packet import SSHPacketLogger, String

from bastion.proxy.ssh.packet_ciphers import LENGTH, TAG, KeptCipher

SCRATCH = bytearray(512 * 1024)  # the packet being handled: padding length, payload, padding. Never across two packets.
SCRATCH_VIEW = memoryview(SCRATCH)
_PIECE = 32 * 1024  # bytes asyncssh's own parser gets at once; it re-slices what it is given for each packet
_FLUSH = 128 * 1024  # bytes waiting that are written without waiting for the end of the turn
_LARGEST = len(SCRATCH) - 64
_SMALLEST = 8  # RFC 4253 §6: four bytes of padding at least, and a whole block
_PADDING = os.urandom(64)
_EMPTY_IGNORE = (String(b""),)
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux only
_LIBC: Final = ctypes.CDLL(None)
_QUICKACKS = 100  # reads; setting up takes about thirty. Later our data carries the ACK, and re-arming costs 10 µs.
_HEARD = 1.0  # seconds within which hearing from the peer again does not move its keepalive


def _always(descriptor: int, option: int) -> Callable[[], int]:
    """Set a flag of an open TCP socket, again and again. The loop shows its sockets by a stand-in that makes a socket
    object for each call, and throws it away: dearer than the call itself. Failing would only cost the 40 ms.
    """
    one = ctypes.c_int(1)
    return partial(_LIBC.setsockopt, descriptor, socket.IPPROTO_TCP, option, ctypes.byref(one), ctypes.sizeof(one))


class Lane(Protocol):
    """One direction of a splice."""

    outlet: PacketPath

    def take(self, kind: int, length: int) -> bool:
        """Handle the packet in SCRATCH[:length]; False leaves it to asyncssh, unchanged."""


class PacketPath(SSHConnection):
    """Mixed into asyncssh's client and server connections by the two classes below."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.lanes: dict[int, Lane] = {}
        self._outgoing: list[bytes] = []
        self._outgoing_size = 0
        self._frame_size = 0  # of the frame at the start of `_inpbuf`, 0 while unknown
        self._jammed = False
        self._quickack: Callable[[], int] | None = None
        self._quickacks = _QUICKACKS
        self._heard = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        if _QUICKACK is not None and sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            self._quickack = _always(sock.fileno(), _QUICKACK)
            self._quickack()

    def _reset_keepalive_timer(self) -> None:
        now = self._loop.time()
        if now - self._heard >= _HEARD:
            self._heard = now
            super()._reset_keepalive_timer()

    # --- sending

    def send_packet(self, pkttype: int, *args: bytes, handler: SSHPacketLogger | None = None) -> None:
        if pkttype == MSG_IGNORE and args == _EMPTY_IGNORE and self._needs_no_ignore():
            return
        super().send_packet(pkttype, *args, handler=handler)

    def _needs_no_ignore(self) -> bool:
        algorithm = self._enc_alg_cs if self.is_client() else self._enc_alg_sc
        return not algorithm.endswith(b"-cbc")

    def _send(self, data: bytes) -> None:
        self._queue(data)

    def _queue(self, head: bytes, body: bytes = b"") -> None:
        if not self._outgoing:
            self._loop.call_soon(self.flush)
        self._outgoing += (head, body)
        self._outgoing_size += len(head) + len(body)
        if self._outgoing_size > _FLUSH:
            self.flush()

    def flush(self) -> None:
        """Write what waits. One that finds nothing to write costs nothing."""
        if self._outgoing:
            data = b"".join(self._outgoing)
            self._outgoing.clear()
            self._outgoing_size = 0
            super()._send(data)

    def send_sealed(self, cipher: KeptCipher, packet: bytearray, size: int) -> None:
        """Pad, seal and queue packet[1:size], a payload. What SSHConnection.send_packet does, without the copies.

        The padding is our own: the sender's would be bytes that reach the other side unrecorded. It is the same for
        each packet; under an AEAD it hides nothing that the length does not.
        """
        padding = -size % self._send_blocksize
        if padding < 4:
            padding += self._send_blocksize
        end = size + padding
        packet[0] = padding
        packet[size:end] = _PADDING[:padding]
        self._queue(*cipher.seal(self._send_seq, memoryview(packet)[:end]))
        self._send_seq = (self._send_seq + 1) & 0xFFFF_FFFF
        self._rekey_bytes_sent += end

    def sealer(self) -> KeptCipher | None:
        """The cipher packets can be sealed with in place; None sends through asyncssh's own send_packet."""
        cipher = self._send_encryption
        return cipher if isinstance(cipher, KeptCipher) and self._compressor is None else None

    def ready(self) -> bool:
        """Whether channel data may be sent now. Begins the key exchange that is due, as send_packet would."""
        if self._transport is None or self._jammed or not self._kex_complete:
            return False
        if self._rekey_bytes_sent < self._rekey_bytes and not (
            self._rekey_seconds and time.monotonic() >= self._rekey_time
        ):
            return True
        self._send_kexinit()
        self._kexinit_sent = True
        return False

    def send_newkeys(self, k: bytes, h: bytes) -> None:
        super().send_newkeys(k, h)
        self._wake_channels()

    def pause_writing(self) -> None:
        self._jammed = True

    def resume_writing(self) -> None:
        self._jammed = False
        self._wake_channels()

    def _wake_channels(self) -> None:
        channels: list[SSHChannel[Any]] = list(self._channels.values())
        for channel in channels:
            if channel._session is not None:
                channel._flush_send_buf()

    def _force_close(self, exc: Exception | None) -> None:
        self.flush()
        super()._force_close(exc)

    # --- receiving

    def data_received(self, data: bytes, datatype: int | None = None) -> None:  # noqa: ARG002  # asyncssh's signature
        if self._quickacks and self._quickack is not None:
            self._quickacks -= 1
            self._quickack()
        self._consume(data)

    def _recv_data(self) -> None:
        """Asyncssh calls this when a packet it handled in a task is done."""
        data, self._inpbuf = self._inpbuf, b""
        self._frame_size = 0
        self._consume(data)

    def _consume(self, data: bytes) -> None:
        self._reset_keepalive_timer()
        try:
            at = 0
            while at < len(data) and self._transport is not None:
                cipher = self._opener()
                at = self._feed_asyncssh(data, at) if cipher is None else self._open_frames(cipher, data, at)
        except DisconnectError as exc:
            self._send_disconnect(exc.code, exc.reason, exc.lang)
            self._force_close(exc)
        except Exception:  # noqa: BLE001  # asyncssh's own way out of _recv_data: log it, end the connection
            self.internal_error()

    def _opener(self) -> KeptCipher | None:
        """The cipher to open frames with; None between two packets only, with a splice, under a cipher we keep."""
        cipher = self._recv_encryption
        if not self.lanes or self._decompressor is not None or self._recv_handler != self._recv_pkthdr:
            return None
        return cipher if isinstance(cipher, KeptCipher) else None

    def _feed_asyncssh(self, data: bytes, at: int) -> int:
        """Give asyncssh a piece of `data`: to the end of the packet it is in, where it is in one."""
        size = _PIECE
        if self._recv_handler == self._recv_packet:
            size = LENGTH + self._pktlen + self._recv_macsize - self._recv_blocksize - len(self._inpbuf)
        elif self._recv_handler not in (self._recv_pkthdr, self._recv_version):
            size = len(data)  # it waits for a task and will come back for all of it
        self._frame_size = 0
        self._inpbuf += data[at : at + size]
        super()._recv_data()
        return at + size

    def _open_frames(self, cipher: KeptCipher, data: bytes, at: int) -> int:
        """Open the frames of `_inpbuf` + data[at:]; returns how far `data` is used up."""
        if not self._inpbuf:
            return self._pump(cipher, data, at)
        size = self._frame_size or self._measure(cipher, memoryview(self._inpbuf)[:LENGTH]) or LENGTH
        missing = size - len(self._inpbuf)
        head, self._inpbuf = self._inpbuf + data[at : at + missing], b""
        self._pump(cipher, head, 0)
        return at + missing

    def _pump(self, cipher: KeptCipher, data: bytes, at: int) -> int:
        """Open frames from data[at:] until one is unfinished (it stays in `_inpbuf`) or asyncssh must take over.

        Returns where it stopped: the end of `data`, or of the packet that changed the rules.
        """
        view, end = memoryview(data), len(data)
        outlets: set[PacketPath] = set()
        going = True
        while going:
            size = self._frame_size or self._measure(cipher, view[at : at + LENGTH])
            if not size or end - at < size:
                self._inpbuf = data[at:]
                at = end
                break
            frame = view[at : at + size]
            at += size
            self._frame_size = 0
            if not cipher.open_into(self._recv_seq, frame, SCRATCH_VIEW):
                raise MACError("MAC verification failed")
            lane = self._lane()
            if lane is not None and lane.take(SCRATCH[1], size - LENGTH - TAG):
                self._recv_seq = (self._recv_seq + 1) & 0xFFFF_FFFF
                outlets.add(lane.outlet)
                going = self._transport is not None
            else:
                going = self._hand_over(cipher, frame)
        for outlet in outlets:
            outlet.flush()
        self.flush()
        return at

    def _measure(self, cipher: KeptCipher, head: memoryview) -> int:
        """Bytes of the frame that begins with `head`, 0 while `head` is too short to say."""
        if len(head) < LENGTH:
            return 0
        length = cipher.length(self._recv_seq, head)
        if length > self._max_recv_pktlen or length > _LARGEST:
            raise ProtocolError("Max packet size exceeded")
        if length < _SMALLEST:
            raise ProtocolError("Packet too short")
        self._frame_size = LENGTH + length + TAG
        return self._frame_size

    def _lane(self) -> Lane | None:
        if MSG_CHANNEL_WINDOW_ADJUST <= SCRATCH[1] <= MSG_CHANNEL_EXTENDED_DATA:
            return self.lanes.get(int.from_bytes(SCRATCH_VIEW[2:6], "big"))
        return None

    def _hand_over(self, cipher: KeptCipher, frame: memoryview) -> bool:
        """Give the packet in SCRATCH to asyncssh, as if it had opened it. True if we may go on opening."""
        raw, block = bytes(frame), self._recv_blocksize
        self._pktlen = len(raw) - LENGTH - TAG
        cipher.opened = bytes(SCRATCH_VIEW[: self._pktlen])
        self._packet, self._inpbuf = raw[:block], raw[block:]
        self._recv_packet()
        return self._opener() is cipher and self._transport is not None


class FastServerConnection(PacketPath, SSHServerConnection):
    pass


class FastClientConnection(PacketPath, SSHClientConnection):
    pass
