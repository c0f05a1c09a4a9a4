"""The splice: channel data carried from one connection to another without channel or session objects in between.

A splice has two lanes, one per direction. A lane takes a packet that was opened into SCRATCH, shows its data to the
tap, rewrites the channel number and has the outlet seal it: one copy of the data in user space. What a lane cannot send
at once (window spent, key exchange under way, transport full) it holds in the source channel's own receive buffer,
marked HELD, so that asyncssh keeps the order of end-of-file and close behind it, and the window it was sent in is not
given back before it has left: memory per direction is bounded by the source's window.

Anything else (channel closing, reading paused by the session, malformed or unknown packet) is asyncssh's to judge.
"""

from __future__ import annotations

from collections.abc import Callable

from asyncssh.constants import MSG_CHANNEL_DATA, MSG_CHANNEL_EXTENDED_DATA, MSG_CHANNEL_WINDOW_ADJUST
from asyncssh.packet import UInt32

from bastion.proxy.ssh.packet_channels import HELD, PacedChannel
from bastion.proxy.ssh.packet_connection import SCRATCH, SCRATCH_VIEW

Tap = Callable[[int, memoryview], bool]
"""Takes 0 for data, else the extended data type, and the bytes, valid during the call. False: they were dealt with."""
OnError = Callable[[Exception], None]

_RECEIVING = frozenset({"open", "eof_pending", "eof"})  # as asyncssh: states in which a window may be adjusted
_CLOSING = frozenset({"close_pending", "closed"})  # as asyncssh: states in which what arrives is dropped


class Lane:
    """One direction, from `source` to `target`."""

    __slots__ = ("_draining", "carried", "inlet", "number", "outlet", "source", "splice", "tap", "target")

    def __init__(self, splice: Splice, source: PacedChannel, target: PacedChannel, tap: Tap) -> None:
        inlet, outlet, number = source.path, target.path, source._recv_chan
        if inlet is None or outlet is None or number is None:
            raise ValueError("a closed channel cannot be spliced")
        self.splice, self.tap = splice, tap
        self.source, self.inlet, self.number = source, inlet, number
        self.target, self.outlet = target, outlet
        self.carried = 0  # bytes
        self._draining = False

    def open(self) -> None:
        self.inlet.lanes[self.number] = self
        self.source.lane = self.target.feed = self

    def close(self) -> None:
        self.inlet.lanes.pop(self.number, None)
        self.source.lane = self.target.feed = None

    def take(self, kind: int, length: int) -> bool:
        """Handle the packet in SCRATCH[:length] if it is plain data or window; False leaves it to asyncssh."""
        if kind == MSG_CHANNEL_DATA:
            return self._forward(0, 10, length)
        if kind == MSG_CHANNEL_EXTENDED_DATA:
            return self._forward(int.from_bytes(SCRATCH_VIEW[6:10], "big"), 14, length)
        return kind == MSG_CHANNEL_WINDOW_ADJUST and self._adjust(length)

    def _adjust(self, length: int) -> bool:
        """RFC 4254 §5.2: the source's peer lets us send more to it."""
        if 10 + SCRATCH[0] != length or self.source._recv_state not in _RECEIVING:
            return False
        self.source._send_window += int.from_bytes(SCRATCH_VIEW[6:10], "big")
        self.source._flush_send_buf()
        return True

    def _forward(self, stream: int, head: int, length: int) -> bool:
        """Carry SCRATCH[head:…], data of one packet, to the target: now, or when there is room."""
        size = int.from_bytes(SCRATCH_VIEW[head - 4 : head], "big")
        if not size or head + size + SCRATCH[0] != length or not self._may_carry(stream, size):
            return False
        source = self.source
        if source._recv_paused or not self._room() or size > self._most():
            self._hold(bytes(SCRATCH_VIEW[head : head + size]), stream)
        elif self._show(stream, SCRATCH_VIEW[head : head + size]):
            source._recv_window -= size
            self._send(SCRATCH, head, size)
        else:
            source._recv_window -= size
            self._settle()
        return True

    def _send(self, packet: bytearray, head: int, size: int) -> None:
        """Send packet[head : head + size], data behind a header of the source, as a packet of the target."""
        target, cipher = self.target, self.outlet.sealer()
        packet[2:6] = UInt32(target._send_chan or 0)
        target._send_window -= size
        if cipher is not None:
            self.outlet.send_sealed(cipher, packet, head + size)
        else:
            self.outlet.send_packet(packet[1], bytes(packet[2 : head + size]))
        self.carried += size
        self.source.give_back_window()

    def _may_carry(self, stream: int, size: int) -> bool:
        """What asyncssh would accept and hand to a session that is reading, for a target that is still open."""
        source, target = self.source, self.target
        return (
            size <= source._recv_window
            and source._recv_state == "open"
            and source._send_state not in _CLOSING
            and (source._recv_paused is False or source._recv_paused == HELD)
            and target._send_state == "open"
            and (not stream or (stream in source._read_datatypes and stream in target._write_datatypes))
        )

    def _room(self) -> bool:
        target = self.target
        return not target._send_buf and target._send_window > 0 and self.outlet.ready()

    def _most(self) -> int:
        """Bytes the target's peer takes in one packet now."""
        return min(self.target._send_window, self.target._send_pktsize)

    def _show(self, stream: int, data: memoryview) -> bool:
        """The tap sees the data first. If it raises, takes it, or ends the session, the lane sends nothing."""
        try:
            passes = self.tap(stream, data)
        except Exception as error:  # noqa: BLE001  # whatever a tap raises stops the session, not the connection
            self.splice.fail(error)
            return False
        return passes and self.splice.active and self.target._send_state == "open"

    def _settle(self) -> None:
        """Give back the window of what a tap has taken, unless what it sent on instead still waits in the target."""
        if self.splice.active and not self.target._send_buf:
            self.source.give_back_window()

    def _hold(self, data: bytes, stream: int) -> None:
        self.source._recv_paused = HELD
        self.source._accept_data(data, stream or None)
        self.drain()

    def drain(self) -> None:
        """Send what is held as far as there is room, then let asyncssh go on with what stands behind it.

        A tap that takes the data may send something else instead, and whatever is sent asks to drain: it must not be
        shown once more what it is just looking at.
        """
        if self._draining:
            return
        self._draining = True
        try:
            self._drain()
        finally:
            self._draining = False

    def _drain(self) -> None:
        source, target = self.source, self.target
        while source._recv_paused == HELD and source._recv_buf and target._send_state == "open":
            if not self._room():
                return
            self._send_first()
        if source._recv_paused == HELD:
            self.release()
        self._settle()

    def _send_first(self) -> None:
        """Send what goes into one packet from the front of what is held.

        In a packet of its own: SCRATCH may be in use by the other lane, whose tap had something written.
        """
        waiting = self.source._recv_buf
        data, stream = waiting[0]
        size = min(self._most(), len(data))
        packet, head = _packet(stream, data, size)
        passes = self._show(stream or 0, memoryview(packet)[head : head + size])
        if not self.splice.active:
            return
        if size == len(data):
            waiting.pop(0)
        else:
            waiting[0] = (data[size:], stream)
        if passes:
            self._send(packet, head, size)

    def release(self) -> None:
        """Give what is held, if anything, to the session, and what stands behind it."""
        self.source._recv_paused = False
        self.source._flush_recv_buf()


def _packet(stream: int | None, data: bytes, size: int) -> tuple[bytearray, int]:
    """A packet with the first `size` bytes of `data`, channel number and padding yet to come; and where they begin."""
    kind = MSG_CHANNEL_EXTENDED_DATA if stream else MSG_CHANNEL_DATA
    header = bytes((0, kind, 0, 0, 0, 0)) + (UInt32(stream) if stream else b"") + UInt32(size)
    packet = bytearray(header)
    packet += memoryview(data)[:size]
    return packet, len(header)


class Splice:
    """Two channels joined. Ended by `close`, by either channel closing, or by a tap that raises."""

    def __init__(self, on_error: OnError) -> None:
        self.active = False
        self._on_error = on_error
        self._lanes: tuple[Lane, ...] = ()

    def join(self, a: PacedChannel, b: PacedChannel, tap_ab: Tap, tap_ba: Tap) -> None:
        self._lanes = (Lane(self, a, b, tap_ab), Lane(self, b, a, tap_ba))
        self.active = True
        a.splice = b.splice = self
        for lane in self._lanes:
            lane.open()

    @property
    def carried(self) -> tuple[int, int]:
        """Bytes that went from a to b, and from b to a, without the sessions."""
        return (self._lanes[0].carried, self._lanes[1].carried) if self._lanes else (0, 0)

    def close(self) -> None:
        """From now on the sessions get the data: what is held first. Idempotent."""
        for lane in self._unjoin():
            if lane.source._recv_paused == HELD:
                lane.release()

    def fail(self, error: Exception) -> None:
        """A tap refused: nothing passes any more, in either direction, until the session ends. Then tell the owner."""
        for lane in self._unjoin():
            lane.source.pause_reading()
        self._on_error(error)

    def _unjoin(self) -> tuple[Lane, ...]:
        if not self.active:
            return ()
        self.active = False
        for lane in self._lanes:
            lane.close()
            lane.source.splice = None
        return self._lanes
