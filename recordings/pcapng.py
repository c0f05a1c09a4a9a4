"""A tunnel as pcapng, which Wireshark opens: the recorded bytes, in packets made up around them.

Only the content, its order, its direction and its times were recorded; addresses, ports of the technician, sequence
numbers and acknowledgements are invented here so that the stream can be followed, and the file says so. From
192.0.2.1 (the technician; RFC 5737, nobody's address) to 192.0.2.2 (the device), raw IPv4 without Ethernet, in µs.
What passed without being kept is a packet cut off behind its headers: its length is true, its content is not there.
A tunnel whose end is not in the recording has none here either.
"""

import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from recordings.frames import Frame, passed
from recordings.model import RecordingMeta, TrackHead, printable
from recordings.traffic import Target

SEGMENT = 65_495
"""The most that fits in one IPv4 packet behind both headers."""

ACK_AFTER = 1024 * 1024
"""A reader of the file takes more than a window of unanswered bytes for a fault of the network."""

TECHNICIAN = IPv4Address("192.0.2.1")
DEVICE = IPv4Address("192.0.2.2")
_SAID = "Payload, order, direction and times as recorded; addresses, ports and TCP headers are made up."

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_LINKTYPE_RAW = 101
_OPTION_COMMENT, _OPTION_NAME, _OPTION_TSRESOL = 1, 2, 9
_FIN, _SYN, _PSH, _ACK = 1, 2, 8, 16
_WINDOW, _SCALE = 0xFFFF, 7
_SYN_OPTIONS = struct.pack(">BBHBBBB", 2, 4, SEGMENT, 1, 3, 3, _SCALE)
"""The largest segment and the scale of the window, which would otherwise be too small for what follows."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def export(meta: RecordingMeta, head: TrackHead, began: float, frames: Iterable[Frame]) -> Iterator[bytes]:
    """Yield a tunnel's track as a pcapng file, a block at a time. `began` is the track's, in seconds."""
    yield _opening(meta, head)
    zero = (meta.started() - _EPOCH) // _MICROSECOND if meta.started_at else 0
    talk = _Talk(head)
    at, ended = zero + round(began * 1e6), False
    yield from talk.greeting(at)
    for frame in frames:
        at = zero + frame.at
        if frame.code in "ioe":
            yield from talk.said(at, frame.code == "i", frame.data)
        elif frame.code == "p":
            direction, size = passed(frame.data)
            yield from talk.passed(at, direction == "i", size)
        ended = ended or frame.code == "x"
    if ended:
        yield from talk.parting(at)


class _Side:
    """One end of the connection: where it is, what it will send next, what it has acknowledged."""

    def __init__(self, address: IPv4Address, port: int) -> None:
        self.address = address.packed
        self.port = port
        self.next = 0
        self.seen = 0
        self.packets = 0


class _Talk:
    """The TCP conversation around the bytes of one track. Sequence numbers begin at 0, so they count what passed."""

    def __init__(self, head: TrackHead) -> None:
        self._technician = _Side(TECHNICIAN, 49_152 + head.number % 16_384)
        self._device = _Side(DEVICE, Target.parse(head.command).port or 9)

    def greeting(self, at: int) -> Iterator[bytes]:
        near, far = self._technician, self._device
        yield self._packet(at, near, far, _SYN)
        yield self._packet(at, far, near, _SYN | _ACK)
        yield self._packet(at, near, far, _ACK)

    def parting(self, at: int) -> Iterator[bytes]:
        near, far = self._technician, self._device
        yield self._packet(at, near, far, _FIN | _ACK)
        yield self._packet(at, far, near, _FIN | _ACK)
        yield self._packet(at, near, far, _ACK)

    def said(self, at: int, typed: bool, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), SEGMENT):
            part = data[start : start + SEGMENT]
            yield from self._segment(at, typed, part, len(part))

    def passed(self, at: int, typed: bool, size: int) -> Iterator[bytes]:
        while size > 0:
            yield from self._segment(at, typed, b"", min(size, SEGMENT))
            size -= SEGMENT

    def _segment(self, at: int, typed: bool, data: bytes, size: int) -> Iterator[bytes]:
        source, sink = (self._technician, self._device) if typed else (self._device, self._technician)
        yield self._packet(at, source, sink, _PSH | _ACK, data, size)
        if source.next - sink.seen >= ACK_AFTER:
            yield self._packet(at, sink, source, _ACK)

    def _packet(self, at: int, source: _Side, sink: _Side, flags: int, data: bytes = b"", size: int = 0) -> bytes:
        """One enhanced packet block; `size` bytes were sent, of which `data` (all or nothing) is there."""
        if flags & _ACK:
            source.seen = sink.next
        options = _SYN_OPTIONS if flags & _SYN else b""
        tcp = struct.pack(
            ">HHIIBBHHH", source.port, sink.port, source.next & 0xFFFFFFFF, source.seen & 0xFFFFFFFF,
            (20 + len(options)) << 2, flags, _WINDOW, 0, 0,
        ) + options  # fmt: skip
        length = 20 + len(tcp) + size
        if len(data) == size:
            pseudo = source.address + sink.address + struct.pack(">HH", 6, len(tcp) + size)
            tcp = tcp[:16] + _checksum(pseudo + tcp + data) + tcp[18:]
        ip = struct.pack(">BBHHHBBH", 0x45, 0, length, source.packets & 0xFFFF, 0x4000, 64, 6, 0)
        ip += source.address + sink.address
        ip = ip[:10] + _checksum(ip) + ip[12:]
        source.packets += 1
        source.next += size + (1 if flags & (_SYN | _FIN) else 0)
        captured = ip + tcp + data
        about = struct.pack("<IIIII", 0, at >> 32 & 0xFFFFFFFF, at & 0xFFFFFFFF, len(captured), length)
        return _block(_PACKET, about + _padded(captured))


def _opening(meta: RecordingMeta, head: TrackHead) -> bytes:
    """The section and its one interface, with what is needed to know where this comes from."""
    who = meta.technician_name or meta.technician_login
    where = meta.device_name or meta.device_code
    comment = " · ".join(part for part in (meta.recording_id, who, where, _SAID) if part)
    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    options = _option(_OPTION_COMMENT, printable(comment, 1000)) + _end()
    name = _option(_OPTION_NAME, printable(f"track {head.number}: {head.command}", 200))
    resolution = _option(_OPTION_TSRESOL, b"\x06")
    interface = struct.pack("<HHI", _LINKTYPE_RAW, 0, 0xFFFF) + name + resolution + _end()
    return _block(_SECTION, section + options) + _block(_INTERFACE, interface)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _option(code: int, value: str | bytes) -> bytes:
    raw = value.encode("utf-8", "backslashreplace") if isinstance(value, str) else value
    return struct.pack("<HH", code, len(raw)) + _padded(raw)


def _end() -> bytes:
    return bytes(4)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _checksum(data: bytes) -> bytes:
    """RFC 1071: the one's complement sum of 16-bit words is the rest of the whole, as one number, by 0xFFFF."""
    whole = int.from_bytes(data if len(data) % 2 == 0 else data + b"\0", "big")
    return (0xFFFF - (whole % 0xFFFF or 0xFFFF)).to_bytes(2, "big")
