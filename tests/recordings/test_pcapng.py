"""A tunnel in Wireshark: its own reader follows the stream, gives back the very bytes and finds nothing wrong."""

import json
import random
import shutil
import subprocess
from itertools import pairwise

import pytest

from recordings.frames import Frame, passage
from recordings.model import RecordingMeta, TrackHead, TrackKind
from recordings.pcapng import ACK_AFTER, SEGMENT, export

META = RecordingMeta(
    recording_id="r-1", started_at="2026-03-02T08:00:00.500000+00:00", technician_name="Alice", device_name="CT"
)
HEAD = TrackHead(3, 0, TrackKind.TUNNEL, 0, 0, "", "tcp ct-01:10999 vendor", pty=False)
BEGAN = 1.0
CLOSED = Frame(900_000_000, "x", b"closed", 0)


class Shark:
    """`tshark` over one exported file, with every check it has switched on."""

    def __init__(self, path, frames, head=HEAD, meta=META):
        self.path = path / "tunnel.pcapng"
        self.path.write_bytes(b"".join(export(meta, head, BEGAN, frames)))

    def run(self, *arguments):
        checks = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
        command = [shutil.which("tshark") or "tshark", "-n", *checks, "-r", str(self.path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def complaints(self):
        """Packets with anything to object to: lost, again, out of order, malformed, wrong checksum."""
        wrong = "tcp.analysis.flags or _ws.malformed or _ws.expert.severity >= 0x600000"
        return self.run("-Y", f"{wrong} or tcp.checksum.status == Bad or ip.checksum.status == Bad").splitlines()

    def followed(self):
        """Return the bytes each way as "Follow TCP stream" shows them."""
        lines = self.run("-q", "-z", "follow,tcp,raw,0").splitlines()
        start = next(n for n, line in enumerate(lines) if line.startswith("Node 1")) + 1
        rows = [line for line in lines[start:] if not line.startswith("=")]
        sent = b"".join(bytes.fromhex(row) for row in rows if not row.startswith("\t"))
        return sent, b"".join(bytes.fromhex(row.strip()) for row in rows if row.startswith("\t"))

    def fields(self, *names, where="frame"):
        shown = [part for name in names for part in ("-e", name)]
        return [tuple(row.split("\t")) for row in self.run("-T", "fields", *shown, "-Y", where).splitlines()]


def talk(seed, count=150):
    chance, at, frames = random.Random(seed), 1_000_000, [Frame(1_000_000, "h", b"{}", 0)]
    for _ in range(count):
        at += chance.randrange(5000)
        size = chance.choice([1, 2, 7, 1460, SEGMENT - 1, SEGMENT, SEGMENT + 1, 262_144])
        frames.append(Frame(at, chance.choice("iio"), chance.randbytes(size), 0))
    return [*frames, CLOSED]


def bytes_of(frames, code):
    return b"".join(frame.data for frame in frames if frame.code == code)


def test_the_very_bytes_come_back_and_nothing_is_wrong(tmp_path):
    frames = talk(1)
    shark = Shark(tmp_path, frames)
    assert shark.complaints() == []
    sent, received = shark.followed()
    assert sent == bytes_of(frames, "i")
    assert received == bytes_of(frames, "o")
    assert {row[0] for row in shark.fields("tcp.checksum.status")} == {"1"}


def test_megabytes_in_one_direction_are_answered_within_the_window(tmp_path):
    frames = [Frame(0, "o", bytes(262_144), 0)] * (16 * ACK_AFTER // 262_144)
    shark = Shark(tmp_path, frames)
    assert shark.complaints() == []
    assert len(shark.fields("frame.number", where="ip.src == 192.0.2.1 and tcp.len == 0 and tcp.ack > 1")) >= 15


def test_times_are_those_of_the_recording_to_the_microsecond(tmp_path):
    frames = [Frame(1_000_123, "i", b"a", 0), Frame(61_000_456, "o", b"b", 0), CLOSED]
    shark = Shark(tmp_path, frames)
    assert shark.fields("frame.time_epoch", where="tcp.len > 0") == [
        ("1772438401.500123000",), ("1772438461.500456000",)
    ]  # fmt: skip
    assert shark.fields("frame.time_epoch")[0] == ("1772438401.500000000",)


def test_it_says_what_it_is_and_whom_it_concerns(tmp_path):
    shark = Shark(tmp_path, [CLOSED])
    said = subprocess.run([shutil.which("capinfos"), shark.path], capture_output=True, text=True, check=True).stdout
    assert "r-1 · Alice · CT" in said
    assert "made up" in said
    assert "track 3: tcp ct-01:10999 vendor" in said
    assert "Encapsulation = Raw IP" in said
    assert "Strict time order:   True" in said


def test_T39_hostile_names_cannot_steer_the_reader(tmp_path):
    hostile = "\x1b]52;c;x\x07\u202e\ud800" + "x" * 90_000
    meta = RecordingMeta(recording_id="r", started_at=META.started_at, technician_name=hostile, device_name=hostile)
    head = TrackHead(0, 0, TrackKind.TUNNEL, 0, 0, "", hostile, pty=False)
    shark = Shark(tmp_path, [Frame(0, "i", b"x", 0)], head, meta)
    assert shark.complaints() == []
    assert b"\x1b" not in shark.path.read_bytes()
    assert "\u202e".encode() not in shark.path.read_bytes()


def test_what_was_not_kept_is_a_packet_cut_off_with_its_true_length(tmp_path):
    frames = [Frame(1, "p", passage("i", 517), 0), Frame(2, "p", passage("o", 70_000), 0), CLOSED]
    shark = Shark(tmp_path, frames)
    assert shark.complaints() == []
    assert shark.fields("ip.src", "frame.cap_len", "frame.len", "tcp.len", where="tcp.len > 0") == [
        ("192.0.2.1", "40", "557", "517"),
        ("192.0.2.2", "40", str(SEGMENT + 40), str(SEGMENT)),
        ("192.0.2.2", "40", str(70_000 - SEGMENT + 40), str(70_000 - SEGMENT)),
    ]
    assert {row[0] for row in shark.fields("tcp.checksum", where="tcp.len > 0")} == {"0x0000"}


def test_numbers_go_round_after_four_gigabytes(tmp_path):
    shark = Shark(tmp_path, [Frame(1, "p", passage("o", 5 * 2**30), 0), Frame(2, "o", b"end", 0), CLOSED])
    assert shark.complaints() == []
    last = shark.fields("tcp.seq_raw", where="tcp.len == 3")
    assert last == [(str((5 * 2**30 + 1) % 2**32),)]


def test_kept_and_not_kept_side_by_side(tmp_path):
    frames = [Frame(1, "i", b"GET", 0), Frame(2, "p", passage("o", 9), 0), Frame(3, "o", b"tail", 0), CLOSED]
    shark = Shark(tmp_path, frames)
    assert shark.complaints() == []
    assert [row[0] for row in shark.fields("tcp.seq", where="tcp.len == 4")] == ["10"]


def test_it_begins_and_ends_as_a_connection_does(tmp_path):
    flags = [row[0] for row in Shark(tmp_path, [Frame(1, "i", b"x", 0), CLOSED]).fields("tcp.flags")]
    assert [int(flag, 16) for flag in flags] == [0x02, 0x12, 0x10, 0x18, 0x11, 0x11, 0x10]


def test_without_an_end_in_the_recording_there_is_none_in_the_file(tmp_path):
    shark = Shark(tmp_path, [Frame(1, "i", b"x", 0)])
    assert shark.complaints() == []
    assert shark.fields("frame.number", where="tcp.flags.fin == 1") == []


def test_an_application_is_recognised(tmp_path):
    request, answer = b"GET /log HTTP/1.1\r\nHost: ct-01\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    head = TrackHead(0, 0, TrackKind.TUNNEL, 0, 0, "", "tcp ct-01:80 http", pty=False)
    shark = Shark(tmp_path, [Frame(1, "i", request, 0), Frame(2, "o", answer, 0), CLOSED], head)
    assert shark.complaints() == []
    assert shark.fields("http.request.uri", "http.response.code", where="http") == [("/log", ""), ("", "200")]


def test_tracks_of_one_recording_can_be_merged(tmp_path):
    heads = [TrackHead(n, 0, TrackKind.TUNNEL, 0, 0, "", HEAD.command, pty=False) for n in (1, 2)]
    ports = {Shark(tmp_path, [CLOSED], head).fields("tcp.srcport")[0] for head in heads}
    assert len(ports) == 2


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5])
def test_blocks_are_whole_words_and_say_their_length_at_both_ends(size):
    raw = b"".join(export(META, HEAD, BEGAN, [Frame(1, "i", b"x" * size, 0), CLOSED]))
    position = 0
    while position < len(raw):
        length = int.from_bytes(raw[position + 4 : position + 8], "little")
        assert length % 4 == 0
        assert int.from_bytes(raw[position + length - 4 : position + length], "little") == length
        if raw[position] == 6:  # a packet: 32 bytes around it
            captured = int.from_bytes(raw[position + 20 : position + 24], "little")
            assert length == 32 + captured + -captured % 4
        position += length
    assert position == len(raw)


def test_the_order_of_the_recording_is_the_order_of_the_packets(tmp_path):
    rows = Shark(tmp_path, talk(2, 60)).run("-T", "json", "-e", "frame.time_epoch")
    times = [float(row["_source"]["layers"]["frame.time_epoch"][0]) for row in json.loads(rows)]
    assert all(earlier <= later for earlier, later in pairwise(times))
