"""The TCP stream as an End: nothing lost, nothing unbounded, closed at once."""

import asyncio
import hashlib
import socket
import struct
import time

import pytest

from bastion.proxy import tcp
from bastion.proxy.frames import Break, Data, Eof, Resize, Signal
from tests.proxy.peers import DEVICE, LOOPBACK, Ear, appears, dialled, served


async def echo(reader, writer) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def test_bytes_pass_both_ways_and_what_tcp_has_no_word_for_is_left_out():
    async with served(echo) as port:
        end = await dialled(port)
        for frame in (Data(b"a"), Resize(80, 24), Signal("INT"), Break(1), Data(memoryview(b"b\0\xff"))):
            end.write(frame)
        end.attach(ear := Ear())
        await ear.until(lambda: ear.data == b"ab\0\xff")
        end.close()
        assert await ear.end() == "closed by the device"
        assert len(ear.endings) == 1


BULK = bytes(range(256)) * (128 * 1024)  # 32 MiB


async def test_a_peer_that_speaks_before_anybody_listens_is_slowed_down_and_loses_nothing():
    sent = 0

    async def talk(_reader, writer) -> None:
        nonlocal sent
        for at in range(0, len(BULK), 65536):
            writer.write(BULK[at : at + 65536])
            await writer.drain()
            sent = at
        writer.write_eof()

    async with served(talk) as port:
        end = await dialled(port)
        await asyncio.sleep(0.3)
        assert sent < len(BULK) - 1024 * 1024
        assert end._outlet._size < 1024 * 1024
        end.attach(ear := Ear())
        await ear.eof()
        assert hashlib.sha256(ear.data).digest() == hashlib.sha256(BULK).digest()
        end.close()
        await ear.end()


async def test_a_paused_end_delivers_nothing_and_then_everything():
    async def talk(_reader, writer) -> None:
        for at in range(0, len(BULK), 65536):
            writer.write(BULK[at : at + 65536])
            await writer.drain()
        writer.write_eof()

    async with served(talk) as port:
        end = await dialled(port)
        ear = Ear()
        end.pause()
        end.attach(ear)
        await asyncio.sleep(0.1)
        assert ear.frames == []
        end.resume()
        await ear.until(lambda: ear.data)
        end.pause()
        count = len(ear.frames)
        await asyncio.sleep(0.1)
        assert len(ear.frames) == count
        end.resume()
        await ear.eof()
        assert bytes(ear.data) == BULK
        end.close()
        await ear.end()


async def test_a_peer_that_reads_nothing_makes_the_writer_hold_and_later_gets_everything():
    go, got = asyncio.Event(), bytearray()

    async def talk(reader, _writer) -> None:
        await go.wait()
        while data := await reader.read(1024 * 1024):
            got.extend(data)

    async with served(talk) as port:
        end = await dialled(port)
        end.attach(ear := Ear())
        scratch = bytearray(BULK)
        end.write(Data(memoryview(scratch)))
        scratch[:] = bytes(len(scratch))  # the next packet lands in the same buffer
        await ear.until(lambda: ear.holds == ["hold"])
        go.set()
        await ear.until(lambda: ear.holds == ["hold", "release"])
        end.write(Eof())
        await ear.end()
    assert bytes(got) == BULK


async def test_half_closing_either_way_leaves_the_other_open():
    heard = []

    async def talk(reader, writer) -> None:
        if await reader.read(1) == b"1":  # we close first
            heard.append(await reader.read())
            writer.write(b"answer to everything")
        else:
            writer.write(b"all I had")
            writer.write_eof()
            heard.append(await reader.read())

    async with served(talk) as port:
        end = await dialled(port)
        end.attach(ear := Ear())
        for frame in (Data(b"1"), Data(b"question"), Eof(), Data(b"after the last word"), Eof()):
            end.write(frame)
        await ear.hears("answer to everything")
        await ear.end()
        end = await dialled(port)
        end.attach(ear := Ear())
        end.write(Data(b"2"))
        await ear.eof()
        for _ in range(3):
            end.pause()
            end.resume()
        await asyncio.sleep(0.05)
        assert (ear.text, ear.frames.count(Eof()), ear.endings) == ("all I had", 1, [])
        end.write(Data(b"late but welcome"))
        end.write(Eof())
        await ear.end()
        await appears(lambda: len(heard) == 2)
    assert heard == [b"question", b"late but welcome"]


async def test_closing_still_sends_what_was_written_before():
    got = []

    async def talk(reader, _writer) -> None:
        await asyncio.sleep(0.05)
        got.append(await reader.read(-1))

    async with served(talk) as port:
        end = await dialled(port)
        end.attach(ear := Ear())
        end.write(Data(BULK))
        end.close()
        end.close()
        end.write(Data(b"too late"))
        await ear.end()
        await appears(lambda: got)
    assert got == [BULK]


@pytest.mark.timed
async def test_closing_waits_for_nobody_who_reads_nothing(monkeypatch):
    monkeypatch.setattr(tcp, "LINGER", 0.6)

    async def talk(_reader, _writer) -> None:
        await asyncio.sleep(30)

    async with served(talk) as port:
        end = await dialled(port)
        end.attach(ear := Ear())
        end.write(Data(BULK))
        begun = time.monotonic()
        end.close()
        assert time.monotonic() - begun < 0.5
        await ear.end()
        assert time.monotonic() - begun < 10


async def test_a_peer_that_resets_is_lost():
    async def talk(reader, writer) -> None:
        await reader.read(1)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with served(talk) as port:
        end = await dialled(port)
        end.attach(ear := Ear())
        end.write(Data(b"x"))
        assert await ear.end() == "device lost: ConnectionResetError"
        end.write(Data(b"into the void"))
        end.pause()
        end.resume()
        end.close()


async def test_an_urgent_byte_stays_in_its_place():
    async def talk(reader, writer) -> None:
        sock = socket.socket(fileno=socket.dup(writer.get_extra_info("socket").fileno()))
        with sock:
            sock.send(b"ab")
            sock.send(b"!", socket.MSG_OOB)
            sock.send(b"cd")
            await reader.read()

    async with served(talk) as port:
        end = await dialled(port)
        end.attach(ear := Ear())
        await ear.hears("ab!cd")
        end.close()
        await ear.end()


@pytest.mark.timed
async def test_a_device_that_loses_power_is_noticed():
    async with served(echo) as port:
        sock = await tcp.connect("127.0.0.1", port, LOOPBACK, 5, device=DEVICE)
        with sock:
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            times = [
                sock.getsockopt(socket.IPPROTO_TCP, name)
                for name in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            ]
            assert times[0] + times[1] * times[2] <= 60
