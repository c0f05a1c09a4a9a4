"""The splice, with real OpenSSH at both ends: nothing lost, nothing doubled, nothing out of order, nothing hoarded."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import uvloop

from bastion.proxy.ssh.packet_ciphers import KeptCipher
from bastion.proxy.ssh.packet_connection import PacketPath
from tests.bench.minimal_proxy import FrontSession
from tests.bench.servers import Lab
from tests.proxy.ssh.packet_lab import CIPHERS, Front, algorithms, exchange, front

MIB = 1 << 20


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        lab.start_sshd("device")
        lab.start_sshd("rekeying", "RekeyLimit 1M")
        yield lab


SOME = [CIPHERS[0], *(pytest.param(cipher, marks=pytest.mark.slow) for cipher in CIPHERS[1:])]


@pytest.mark.parametrize("cipher", SOME)
async def test_eight_transfers_at_once_arrive_whole_while_the_client_rekeys(
    lab: Lab, tmp_path: Path, cipher: str
) -> None:
    async with front(lab) as near:
        assert await exchange(near, tmp_path, 4 * MIB, algorithms(cipher, "1M")) == 8
        if cipher != "aes256-ctr":
            assert near.proxy.carried > 0.7 * 8 * 4 * MIB


@pytest.mark.slow
@pytest.mark.parametrize(("rekey", "size"), [("1M", 10 * MIB), ("24M", 26 * MIB)])
@pytest.mark.parametrize("cipher", CIPHERS)
def test_twenty_four_transfers_arrive_whole_under_the_loop_of_the_product(
    lab: Lab, tmp_path: Path, cipher: str, rekey: str, size: int
) -> None:
    async def rounds() -> int:
        async with front(lab, back={"encryption_algs": [cipher]}) as near:
            return sum([await exchange(near, tmp_path, size, algorithms(cipher, rekey)) for _ in range(3)])

    assert uvloop.run(rounds()) == 24


@pytest.mark.parametrize("side", ["front", "back"])
async def test_rekeys_we_begin_ourselves_lose_nothing(lab: Lab, tmp_path: Path, side: str) -> None:
    async with front(lab, **{side: {"rekey_bytes": MIB}}) as near:
        assert await exchange(near, tmp_path, 6 * MIB, algorithms(CIPHERS[0])) == 8


@pytest.mark.slow
async def test_rekeys_of_both_ends_at_once_lose_nothing(lab: Lab, tmp_path: Path) -> None:
    both = {"front": {"rekey_bytes": MIB + 7}, "back": {"rekey_bytes": MIB - 5}}
    async with front(lab, "rekeying", **both) as near:
        assert await exchange(near, tmp_path, 6 * MIB, algorithms(CIPHERS[2], "1M")) == 8


@pytest.mark.parametrize("back", [*SOME[1:3], CIPHERS[3]])
async def test_ciphers_may_differ_between_the_two_sides(lab: Lab, tmp_path: Path, back: str) -> None:
    async with front(lab, back={"encryption_algs": [back]}) as near:
        for cipher in CIPHERS:
            assert await exchange(near, tmp_path, MIB, algorithms(cipher), each=1) == 2


async def test_no_data_is_sent_while_keys_are_exchanged(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 4253 §7.1: after KEXINIT, nothing but the key exchange until NEWKEYS. OpenSSH 9.2 would not complain."""
    early: list[int] = []
    send, queue = PacketPath.send_sealed, PacketPath.send_packet

    def send_sealed(self: PacketPath, cipher: KeptCipher, packet: bytearray, size: int) -> None:
        early.extend([] if self._kex_complete else [size])
        send(self, cipher, packet, size)

    def send_packet(self: PacketPath, kind: int, *args: bytes, **options: Any) -> None:
        early.extend([kind] if kind in (94, 95) and not self._kex_complete else [])
        queue(self, kind, *args, **options)

    monkeypatch.setattr(PacketPath, "send_sealed", send_sealed)
    monkeypatch.setattr(PacketPath, "send_packet", send_packet)
    async with front(lab) as near:
        steady = asyncio.create_task(near.run("for i in $(seq 300); do head -c 9000 /dev/zero; sleep 0.002; done"))
        await near.settle()
        rekeys = 0
        while not steady.done():
            rekeys += near.proxy.fronts[0]._kex_complete
            near.proxy.fronts[0]._rekey_bytes_sent = 1 << 40  # the next packet finds an exchange due
            await asyncio.sleep(0.02)
        same = await steady == bytes(300 * 9000)
    assert same
    assert rekeys > 10
    assert early == []


async def test_bulk_both_ways_in_one_channel_comes_back_whole(lab: Lab) -> None:
    data = os.urandom(12 * MIB)
    async with front(lab, "rekeying") as near:
        same = await near.run("cat", data=data, options=algorithms(CIPHERS[0], "1M")) == data
        assert same  # apart: twelve megabytes do not belong in a report


async def test_several_channels_of_one_connection_do_not_mix(lab: Lab, tmp_path: Path) -> None:
    async with front(lab) as near:
        socket = tmp_path / "mux"
        master = await near.ssh("-N", options=("ControlMaster yes", f"ControlPath {socket}", "RekeyLimit 1M"))
        while not socket.exists():
            await asyncio.sleep(0.02)
        assert await exchange(near, tmp_path, 4 * MIB, (f"ControlPath {socket}",)) == 8
        assert len(near.proxy.fronts) == 1
        master.terminate()
        await master.wait()


async def test_stderr_stays_apart_from_stdout_and_the_status_comes_through(lab: Lab) -> None:
    async with front(lab) as near:
        script = "head -c 3000000 /dev/zero | tr '\\0' e >&2; head -c 3000000 /dev/zero | tr '\\0' o; exit 7"
        process = await near.ssh(script, stderr=asyncio.subprocess.PIPE)
        out, err = await process.communicate()
        assert (out, err, process.returncode) == (b"o" * 3_000_000, b"e" * 3_000_000, 7)
        assert near.proxy.carried == 6_000_000 - near.proxy.by_callback


async def test_the_taps_see_what_passes_and_which_stream(lab: Lab) -> None:
    async with front(lab) as near:
        typed, shown = bytearray(), {0: bytearray(), 1: bytearray()}
        near.proxy.tap_in = lambda _stream, data: typed.extend(data)
        near.proxy.tap_out = lambda stream, data: shown[stream].extend(data)
        data = os.urandom(3 * MIB)
        same = (
            await near.run("tee /dev/stderr", data=data) == bytes(typed) == bytes(shown[0]) == bytes(shown[1]) == data
        )
        assert same
        assert near.proxy.carried > 8 * MIB


async def test_after_a_refusal_nothing_passes_even_if_nobody_ends_the_session(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tap(_stream: int, data: memoryview) -> None:
        if b"secret" in bytes(data):
            raise OSError("no space left to record")

    monkeypatch.setattr(FrontSession, "refused", lambda self, error: self.proxy.errors.append(error))
    async with front(lab) as near, near.python() as client:
        near.proxy.tap_in = tap
        process = await client.create_process("cat", encoding=None)
        await near.settle()
        for words in (b"a secret\n", b"more\n", b"and more\n"):
            process.stdin.write(words)
            await asyncio.sleep(0.05)
        assert len(near.proxy.errors) == 1
        assert near.proxy.carried == near.proxy.by_callback == 0


async def test_what_the_tap_refuses_is_not_forwarded_and_nothing_passes_after_it(lab: Lab, tmp_path: Path) -> None:
    arrived = tmp_path / "arrived"

    def tap(_stream: int, data: memoryview) -> None:
        if b"secret" in bytes(data):
            raise OSError("no space left to record")

    async with front(lab) as near, near.python() as client:
        near.proxy.tap_in = tap
        process = await client.create_process(f"cat > {arrived}", encoding=None)
        await near.settle()
        process.stdin.write(b"harmless\n")
        await _until(lambda: arrived.exists() and arrived.read_bytes() == b"harmless\n")
        for words in (b"a secret\n", b"more\n", b"and more\n"):
            process.stdin.write(words)
        await asyncio.wait_for(process.wait_closed(), 5)
        assert [str(error) for error in near.proxy.errors] == ["no space left to record"]
        assert arrived.read_bytes() == b"harmless\n"


async def test_the_tap_is_asked_before_the_device_gets_the_byte(lab: Lab) -> None:
    async with front(lab) as near, near.python() as client:
        order: list[str] = []
        near.proxy.tap_in = lambda _stream, _data: order.append("tap")
        process = await client.create_process("cat", encoding=None)
        await near.settle()
        device = near.proxy.backs[0]
        seal = device._send_encryption.seal
        device._send_encryption.seal = lambda *given: (order.append("seal"), seal(*given))[1]
        process.stdin.write(b"x")
        assert await process.stdout.read(1) == b"x"
        assert order == ["tap", "seal"]


async def test_a_frozen_channel_passes_nothing_until_it_thaws(lab: Lab) -> None:
    async with front(lab) as near, near.python() as client:
        process = await client.create_process("cat", encoding=None)
        await near.settle()
        typed = near.proxy.fronts[0]._channels[0]
        typed.pause_reading()
        for number in range(500):
            process.stdin.write(b"%d\n" % number)
        await asyncio.sleep(0.2)
        assert near.proxy.carried == near.proxy.by_callback == 0
        assert len(typed._recv_buf) == 1  # small packets wait as one
        typed.resume_reading()
        process.stdin.write(b"end\n")
        process.stdin.write_eof()
        expected = b"".join(b"%d\n" % number for number in range(500)) + b"end\n"
        assert await asyncio.wait_for(process.stdout.read(), 5) == expected
        assert near.proxy.carried > 0


async def test_a_peer_with_a_small_window_and_small_packets_gets_everything(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(data := os.urandom(2 * MIB))
    async with front(lab) as near, near.python() as client:
        _, session = await client.create_session(
            _Sink, f"cat {tmp_path}/f", encoding=None, window=16384, max_pktsize=4000
        )
        await asyncio.wait_for(session.closed.wait(), 20)
        assert session.data == data


async def test_a_tap_that_sends_something_else_instead_sees_each_byte_once(lab: Lab, tmp_path: Path) -> None:
    """A small window makes data wait; what the tap sends meanwhile must not show it again what it looks at."""
    (tmp_path / "f").write_bytes(data := os.urandom(MIB))
    seen = bytearray()
    async with front(lab) as near, near.python() as client:
        near.proxy.tap_out = lambda _stream, data: seen.extend(data)
        channel, session = await client.create_session(
            _Sink, f"read line; cat {tmp_path}/f", encoding=None, window=16384, max_pktsize=4000
        )
        await near.settle()
        lane = near.proxy.splices[-1]._lanes[1]

        def take(_stream: int, data: memoryview) -> bool:
            seen.extend(data)
            lane.target.write(bytes(data[: len(data) // 2]))
            return False

        lane.tap = take
        channel.write(b"go\n")
        await asyncio.wait_for(session.closed.wait(), 60)
        assert bytes(seen) == data
        assert len(session.data) < len(data)


class _Sink(asyncssh.SSHClientSession[bytes]):
    def __init__(self) -> None:
        self.data = bytearray()
        self.closed = asyncio.Event()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


async def test_a_client_that_stops_reading_makes_the_device_wait(lab: Lab) -> None:
    async with front(lab) as near:
        before = _resident()
        process = await near.ssh("head -c 1G /dev/zero")
        await near.settle()
        assert process.stdout is not None
        os.kill(process.pid, signal.SIGSTOP)
        received = await _come_to_rest(near)
        assert received < 16 * MIB
        assert _resident() - before < 32 * MIB
        os.kill(process.pid, signal.SIGCONT)
        assert await process.stdout.readexactly(64 * MIB) == bytes(64 * MIB)
        assert _resident() - before < 128 * MIB  # 64 of them are the line above
        process.kill()
        await process.wait()


@pytest.mark.parametrize("spliced", [True, False])
async def test_a_client_that_grants_gigabytes_and_reads_nothing_is_not_buffered_for(lab: Lab, spliced: bool) -> None:
    async with front(lab) as near, near.python() as client:
        near.proxy.fast = spliced
        await client.create_session(_Sink, "head -c 1G /dev/zero", encoding=None, window=1 << 31)
        client._transport.pause_reading()
        assert await _come_to_rest(near) < 24 * MIB


@pytest.mark.parametrize("spliced", [True, False])
async def test_a_slow_reader_gets_no_more_window_than_it_has_read(lab: Lab, spliced: bool) -> None:
    async with front(lab) as near, near.python() as client:
        near.proxy.fast = spliced
        channel, sink = await client.create_session(_Sink, "head -c 1G /dev/zero", encoding=None, window=65536)
        for _ in range(40):
            channel.pause_reading()
            await asyncio.sleep(0.02)
            channel.resume_reading()
            await asyncio.sleep(0)
        waiting = [each for back in near.proxy.backs for each in back._channels.values()]
        assert all(sum(len(data) for data, _ in each._recv_buf) <= each._init_recv_window for each in waiting)
        assert len(sink.data) > 0


async def test_closing_the_splice_gives_the_rest_to_the_sessions_in_order(lab: Lab) -> None:
    data = os.urandom(6 * MIB)
    async with front(lab) as near:
        task = asyncio.create_task(near.run("cat", data=data))
        await near.settle()
        for _ in range(5):
            await asyncio.sleep(0.01)
        near.proxy.splices[0].close()
        near.proxy.splices[0].close()
        same = await task == data
        assert same
        assert near.proxy.by_callback > 2 * MIB


async def _until(condition: object) -> None:
    for _ in range(300):
        if condition():  # type: ignore[operator]
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def _come_to_rest(near: Front) -> int:
    """Wait until nothing moves any more; bytes that the proxy has taken from the device by then."""
    last = -1
    for _ in range(100):
        await asyncio.sleep(0.2)
        held = sum(
            len(data) for back in near.proxy.backs for each in back._channels.values() for data, _ in each._recv_buf
        )
        now = near.proxy.carried + near.proxy.by_callback + held
        if now == last and now:
            return now
        last = now
    raise TimeoutError("still moving")


def _resident() -> int:
    """Bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
