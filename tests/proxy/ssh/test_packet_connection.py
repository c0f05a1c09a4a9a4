"""Hostile and broken peers under the packet path: each is disconnected, and the next one is served."""

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import Any

import asyncssh
import pytest
from asyncssh.constants import MSG_CHANNEL_DATA, MSG_CHANNEL_REQUEST, MSG_CHANNEL_WINDOW_ADJUST
from asyncssh.packet import String, UInt32

from bastion.proxy.ssh.packet_connection import _QUICKACKS
from tests.bench.servers import Lab
from tests.proxy.ssh.packet_lab import Front, front

GCM, CHACHA = "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com"
Attack = Callable[[Any, int], None]  # (the client's connection, the number of its channel at the proxy)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        lab.start_sshd("device")
        yield lab


def sealed(client: Any, payload: bytes) -> bytearray:
    """A packet as the client would send it next."""
    padding = -(1 + len(payload)) % 16 + 16
    packet = bytes([padding]) + payload + bytes(padding)
    frame = bytearray(b"".join(client._send_encryption.seal(client._send_seq, memoryview(packet))))
    client._send_seq += 1
    return frame


def wrong_tag(client: Any, channel: int) -> None:
    frame = sealed(client, bytes([MSG_CHANNEL_DATA]) + UInt32(channel) + String(b"forged"))
    frame[-1] ^= 1
    client._queue(bytes(frame))


def too_long(client: Any, _channel: int) -> None:
    client._queue((0x7FFF_FFFF).to_bytes(4, "big") + bytes(64))


def too_short(client: Any, _channel: int) -> None:
    client._queue(b"".join(client._send_encryption.seal(client._send_seq, memoryview(b"\0\0\0\0"))))


def past_the_window(client: Any, channel: int) -> None:
    for _ in range(200):
        client.send_packet(MSG_CHANNEL_DATA, UInt32(channel), String(bytes(32768)))


def wrong_inner_length(client: Any, channel: int) -> None:
    client.send_packet(MSG_CHANNEL_DATA, UInt32(channel), UInt32(5000), b"fewer")


def no_such_channel(client: Any, _channel: int) -> None:
    client.send_packet(MSG_CHANNEL_DATA, UInt32(77), String(b"anybody?"))


def truncated_adjust(client: Any, channel: int) -> None:
    client.send_packet(MSG_CHANNEL_WINDOW_ADJUST, UInt32(channel), b"\0\0")


def padding_over_everything(client: Any, channel: int) -> None:
    packet = bytes([255, MSG_CHANNEL_DATA]) + UInt32(channel) + String(b"x" * 5)
    packet += bytes(-len(packet) % 16)
    client._queue(b"".join(client._send_encryption.seal(client._send_seq, memoryview(packet))))
    client._send_seq += 1


ATTACKS: list[tuple[Attack, str]] = [
    (wrong_tag, "MAC verification failed"),
    (too_long, "Max packet size exceeded"),
    (too_short, "Packet too short"),
    (wrong_inner_length, "Incomplete packet"),
    (no_such_channel, "Invalid channel number 77 received"),
    (truncated_adjust, "Incomplete packet"),
    (padding_over_everything, "Incomplete packet"),
]


@pytest.mark.parametrize("cipher", [GCM, pytest.param(CHACHA, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("attack", "why"), ATTACKS, ids=lambda value: getattr(value, "__name__", ""))
async def test_a_broken_packet_ends_its_connection_and_no_other(
    lab: Lab, cipher: str, attack: Attack, why: str
) -> None:
    async with front(lab) as near, near.python() as neighbour, near.python(encryption_algs=[cipher]) as client:
        talk = await neighbour.create_process("cat", encoding=None)
        await open_and(near, client, attack)
        await asyncio.wait_for(client.wait_closed(), 5)
        assert [str(error) for error in near.proxy.lost] == [why]
        talk.stdin.write(b"still here")
        assert await talk.stdout.readexactly(10) == b"still here"
        assert near.proxy.errors == []


async def test_data_past_the_window_ends_the_connection(lab: Lab) -> None:
    """The device does not read, so what we have room for is what we granted."""
    async with front(lab) as near, near.python() as client:
        await open_and(near, client, past_the_window, "sleep 60")
        await asyncio.wait_for(client.wait_closed(), 5)
        assert str(near.proxy.lost[0]) == "Window exceeded"


async def open_and(near: Front, client: Any, attack: Attack, command: str = "cat") -> None:
    process = await client.create_process(command, encoding=None)
    await near.settle()
    if command == "cat":
        process.stdin.write(b"hello")
        assert await process.stdout.readexactly(5) == b"hello"
    attack(client, process.channel._send_chan)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
async def test_random_channel_packets_never_hurt_the_proxy(lab: Lab, seed: int) -> None:
    """Well sealed, badly made: any type of the connection protocol, any length, half of them for an open channel."""
    chance = random.Random(seed)
    kinds = [*range(80, 83), *range(90, 101), MSG_CHANNEL_DATA, MSG_CHANNEL_DATA]
    async with front(lab) as near:
        for _ in range(6):
            async with near.python() as client:
                await open_and(near, client, lambda _client, _channel: None)
                for _ in range(40):
                    body = UInt32(chance.choice([0, 0, 1, chance.getrandbits(32)])) + chance.randbytes(
                        chance.randrange(30)
                    )
                    client.send_packet(chance.choice(kinds), body)
                    await asyncio.sleep(0)
                await asyncio.sleep(0.01)
        assert await near.run("echo alive") == b"alive\n"


async def test_bytes_may_come_one_at_a_time(lab: Lab) -> None:
    async with front(lab) as near, near.python() as client:
        process = await client.create_process("cat", encoding=None)
        await near.settle()
        for number in range(3):
            frame = sealed(
                client, bytes([MSG_CHANNEL_DATA]) + UInt32(process.channel._send_chan) + String(b"%d" % number)
            )
            for byte in frame:
                client._queue(bytes([byte]))
                client.flush()
                await asyncio.sleep(0)
        assert await process.stdout.readexactly(3) == b"012"
        assert near.proxy.carried == 6


async def test_no_ignore_packet_is_sent_before_each_packet(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    async with front(lab) as near, near.python() as client:
        ignored: list[int] = []
        monkeypatch.setattr(type(client), "_packet_handlers", {**type(client)._packet_handlers, 2: _noting(ignored)})
        process = await client.create_process("cat", encoding=None)
        process.stdin.write(b"hello")
        assert await process.stdout.readexactly(5) == b"hello"
        assert ignored == []


def _noting(seen: list[int]) -> Callable[..., None]:
    def note(_self: object, kind: int, *_rest: object) -> None:
        seen.append(kind)

    return note


async def test_packets_of_one_turn_leave_in_one_write(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    async with front(lab) as near, near.python() as client:
        process = await client.create_process("cat", encoding=None)
        await near.settle()
        writes: list[int] = []
        transport = client._transport
        client._transport = _Counting(transport, writes)
        for _ in range(20):
            process.stdin.write(b"x")
        client.send_packet(
            MSG_CHANNEL_REQUEST, UInt32(process.channel._send_chan), String(b"keepalive@openssh.com"), b"\0"
        )
        assert await process.stdout.readexactly(20) == b"x" * 20
        client._transport = transport
        assert len(writes) == 1


class _Counting:
    def __init__(self, transport: asyncio.Transport, writes: list[int]) -> None:
        self.transport, self.writes = transport, writes

    def write(self, data: bytes) -> None:
        self.writes.append(len(data))
        self.transport.write(data)

    def abort(self) -> None:
        self.transport.abort()


async def test_quick_acks_are_asked_for_while_a_connection_is_set_up(lab: Lab) -> None:
    async with front(lab) as near, near.python() as client:
        process = await client.create_process("cat", encoding=None)
        await near.settle()
        spent = [_QUICKACKS - connection._quickacks for connection in (*near.proxy.fronts, *near.proxy.backs)]
        assert all(5 < asked < _QUICKACKS for asked in spent)
        for _ in range(_QUICKACKS):
            process.stdin.write(b"x")
            await process.stdout.readexactly(1)
        assert near.proxy.fronts[0]._quickacks == 0


async def test_a_peer_that_is_heard_from_is_not_asked_whether_it_is_there(lab: Lab) -> None:
    async with front(lab, front={"keepalive_interval": 1.2}) as near, near.python() as client:
        process = await client.create_process("cat", encoding=None)
        await near.settle()
        connection = near.proxy.fronts[0]
        timer = connection._keepalive_timer
        process.stdin.write(b"x")
        await process.stdout.readexactly(1)
        assert connection._keepalive_timer is timer  # within a second of the last time it was moved
        connection._heard -= 1
        process.stdin.write(b"x")
        await process.stdout.readexactly(1)
        assert connection._keepalive_timer is not timer
        assert timer.cancelled()


async def test_the_padding_of_the_technician_does_not_reach_the_device(lab: Lab) -> None:
    """It would be a way past the recorder."""
    async with front(lab) as near, near.python() as client:
        process = await client.create_process("cat", encoding=None)
        await near.settle()
        back = near.proxy.backs[0]
        packets: list[bytes] = []
        seal = back._send_encryption.seal
        back._send_encryption.seal = lambda seq, packet: (packets.append(bytes(packet)), seal(seq, packet))[1]
        payload = bytes([MSG_CHANNEL_DATA]) + UInt32(process.channel._send_chan) + String(b"typed")
        padding = b"smuggled" * 26
        packet = bytes([len(padding)]) + payload + padding
        assert len(packet) % 16 == 15
        packet = bytes([len(padding) + 1]) + payload + padding + b"!"
        client._queue(b"".join(client._send_encryption.seal(client._send_seq, memoryview(packet))))
        client._send_seq += 1
        assert await process.stdout.readexactly(5) == b"typed"
        assert len(packets) == 1
        assert b"smuggled" not in packets[0]


async def test_a_disconnect_still_carries_its_reason(lab: Lab) -> None:
    reasons: list[Exception | None] = []

    class Client(asyncssh.SSHClient):
        def connection_lost(self, exc: Exception | None) -> None:
            reasons.append(exc)

    async with front(lab) as near, near.python(client_factory=Client) as client:
        near.proxy.fronts[0].disconnect(asyncssh.DISC_BY_APPLICATION + 1, "the window of this session is over")
        await asyncio.wait_for(client.wait_closed(), 5)
    assert str(reasons[0]).startswith("the window of this session is over")
