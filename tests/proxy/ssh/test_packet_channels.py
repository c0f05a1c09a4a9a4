"""Windows are given back for what has left a channel, and small packets do not pile up one by one."""

import asyncio
from typing import Any

import pytest
from asyncssh.constants import MSG_CHANNEL_WINDOW_ADJUST
from asyncssh.logging import SSHLogger

from bastion.proxy.ssh.packet_channels import HELD, PacedTCPChannel

WINDOW = 100_000


class Connection:
    """As much of a connection as a channel needs."""

    logger = SSHLogger()

    def __init__(self) -> None:
        self.sent: list[tuple[int, bytes]] = []
        self.is_ready = True

    def add_channel(self, _channel: object) -> int:
        return 0

    def ready(self) -> bool:
        return self.is_ready

    def send_packet(self, kind: int, payload: bytes, handler: object = None) -> None:
        self.sent.append((kind, payload))

    def adjusts(self) -> list[int]:
        return [int.from_bytes(payload[4:8], "big") for kind, payload in self.sent if kind == MSG_CHANNEL_WINDOW_ADJUST]


class Session:
    def __init__(self) -> None:
        self.got: list[tuple[bytes, int | None]] = []

    def data_received(self, data: bytes, datatype: int | None) -> None:
        assert isinstance(data, bytes)
        self.got.append((data, datatype))

    def pause_writing(self) -> None:
        pass

    def resume_writing(self) -> None:
        pass


@pytest.fixture
async def channel() -> PacedTCPChannel:
    made = PacedTCPChannel(Connection(), asyncio.get_running_loop(), None, "strict", WINDOW, 32768)  # type: ignore[arg-type]
    made._session = Session()  # type: ignore[assignment]
    made._send_chan, made._send_state, made._recv_state = 0, "open", "open"
    made._send_window, made._send_pktsize = 1000, 1000
    made._recv_paused = False
    return made


def got(channel: Any) -> list[tuple[bytes, int | None]]:
    return channel._session.got


async def test_the_window_comes_back_as_data_is_delivered(channel: Any) -> None:
    for _ in range(10):
        channel._accept_data(bytes(10_000))
    assert channel._conn.adjusts() == [60_000]
    assert channel._recv_window == WINDOW - 100_000 + 60_000


async def test_what_waits_is_not_given_back(channel: Any) -> None:
    channel.pause_reading()
    for _ in range(3):
        channel._accept_data(bytes(30_000))
    assert channel._conn.adjusts() == []
    channel._session.data_received = lambda *_given: channel.pause_reading()  # takes one piece at a time
    for waiting in (60_000, 30_000, 0):
        channel.resume_reading()
        assert channel.backlog() == waiting
        assert channel._recv_window + waiting <= WINDOW
    assert channel._conn.adjusts() == [60_000]


async def test_small_packets_that_wait_become_one(channel: Any) -> None:
    channel.pause_reading()
    for number in range(1000):
        channel._accept_data(b"%d" % (number % 10))
    assert len(channel._recv_buf) == 1
    assert channel._recv_window == WINDOW - 1000
    channel._accept_data(b"error", 1)
    channel._accept_data(bytes(32_768))
    assert len(channel._recv_buf) == 3
    channel.resume_reading()
    assert got(channel) == [(b"0123456789" * 100, None), (b"error", 1), (bytes(32_768), None)]


async def test_data_after_our_close_is_dropped_even_while_something_waits(channel: Any) -> None:
    channel.pause_reading()
    channel._accept_data(b"before")
    channel._send_state = "close_pending"
    channel._accept_data(b"after")
    assert [bytes(data) for data, _ in channel._recv_buf] == [b"before"]


async def test_too_many_pieces_to_count_give_nothing_back(channel: Any) -> None:
    channel.pause_reading()
    for number in range(300):
        channel._accept_data(bytes(200), number % 2)
    assert channel.backlog() == WINDOW
    channel.give_back_window()
    assert channel._conn.adjusts() == []


async def test_nothing_is_written_while_the_connection_cannot_take_it(channel: Any) -> None:
    channel._conn.is_ready = False
    channel.write(b"waits")
    channel.write_eof()
    assert channel._conn.sent == []
    channel._conn.is_ready = True
    channel._flush_send_buf()
    assert [kind for kind, _ in channel._conn.sent] == [94, 96]


async def test_after_a_pause_the_splice_goes_on_where_there_is_one(channel: Any) -> None:
    drained: list[object] = []

    class Lane:
        def drain(self) -> None:
            drained.append(channel._recv_paused)

    channel.pause_reading()
    channel._accept_data(b"typed while frozen")
    channel.lane = Lane()
    channel.resume_reading()
    assert drained == [HELD]
    assert got(channel) == []
