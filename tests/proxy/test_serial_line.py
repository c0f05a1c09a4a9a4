"""Serial lines: a real ser2net on a pair of ptys, and port servers that do what they like."""

import asyncio
import hashlib
import os
import re
import struct
import subprocess
import sys
import time
from contextlib import asynccontextmanager

import pytest

from bastion.errors import DeviceNotReady, DeviceUnreachable
from bastion.proxy import serial_line, tcp
from bastion.proxy.frames import Break, Data, Eof, Exit, Resize, Signal
from bastion.proxy.login_script import HIDDEN, SERIAL, LoginScript
from bastion.proxy.serial_line import Settings
from bastion.secret import Secret
from tests.proxy.old_device import LOGIN, PASSWORD
from tests.proxy.peers import DEVICE, LOOPBACK, OLD_DEVICE, Ear, Line, appears, program, ser2net, served, stop


async def dialled(port, settings=None, patience=5.0):
    return await serial_line.dial("127.0.0.1", port, LOOPBACK, patience, device=DEVICE, settings=settings)


def modes(line: Line) -> str:
    """What ser2net has set its side of the pair to."""
    side = line.path.with_name("tty-server")
    return subprocess.run([program("stty"), "-a", "-F", side], check=True, capture_output=True, text=True).stdout


# -- ser2net -----------------------------------------------------------------------------------------------------------
async def test_ser2net_sets_the_line_and_passes_every_byte(tmp_path):
    async with ser2net(tmp_path) as line:
        end = await dialled(line.port, Settings(19200, 8, "none", "2"))
        assert re.search(r"speed 19200 baud", modes(line))
        assert re.search(r"(?<!-)cstopb", modes(line))
        end.attach(ear := Ear())
        every = bytes(range(256)) * 4 + b"\xff\xff\r\0\r\n"
        line.say(every)
        await ear.until(lambda: len(ear.data) >= len(every))
        assert ear.data == every
        for at in range(0, len(every), 7):
            end.write(Data(every[at : at + 7]))
        assert await line.hears(len(every)) == every
        end.close()
        assert await ear.end() == "closed by the device"


async def test_ser2net_knows_breaks_and_neither_windows_nor_signals_disturb_the_line(tmp_path, monkeypatch):
    answers, told = [], serial_line.SerialEnd._told

    def listen(self, option, text):
        answers.append(text)
        told(self, option, text)

    monkeypatch.setattr(serial_line.SerialEnd, "_told", listen)
    async with ser2net(tmp_path) as line:
        end = await dialled(line.port)
        end.attach(ear := Ear())
        for frame in (Resize(80, 24), Signal("INT"), Eof(), Break(60)):
            end.write(frame)
        # Both commands are answered (set-control + 100), with what this server makes of a break on a pty.
        await appears(lambda: [answer[0] for answer in answers[-2:]] == [105, 105])
        end.write(Data(b"still here"))
        assert await line.hears(10) == b"still here"
        end.close()
        await ear.end()


async def test_ser2net_slows_a_chatty_device_down_and_loses_nothing(tmp_path):
    said = bytes(range(256)) * 1024

    async def chatter(line: Line) -> None:
        view = memoryview(said)
        while view:
            try:
                view = view[os.write(line.fd, view[:4096]) :]
            except BlockingIOError:
                await asyncio.sleep(0.005)

    async with ser2net(tmp_path) as line:
        end = await dialled(line.port)
        end.pause()
        ear = Ear()
        end.attach(ear)
        task = asyncio.create_task(chatter(line))
        await asyncio.sleep(0.3)
        assert ear.frames == []
        end.resume()
        await ear.until(lambda: len(ear.data) >= len(said), seconds=20)
        await task
        assert hashlib.sha256(ear.data).digest() == hashlib.sha256(said).digest()
        end.close()
        await ear.end()


@asynccontextmanager
async def on_the_line(line: Line, *words: str):
    """`old_device.py` behind the serial line."""
    command = [
        program("socat"),
        f"file:{line.path},raw,echo=0",
        f"exec:{sys.executable} {OLD_DEVICE} {' '.join(words)},pty,raw,echo=0,setsid,ctty",
    ]
    child = subprocess.Popen(command)
    try:
        yield
    finally:
        stop(child)


@pytest.mark.parametrize("accepter", ["telnet(rfc2217=true),tcp", "tcp"])
async def test_logging_in_over_ser2net(tmp_path, accepter):
    async with ser2net(tmp_path, accepter) as line, on_the_line(line, "echo"):
        if accepter == "tcp":
            end = await tcp.dial("127.0.0.1", line.port, LOOPBACK, 5, device=DEVICE)
        else:
            end = await dialled(line.port)
        end = await LoginScript(SERIAL, LOGIN, Secret(PASSWORD.encode()), DEVICE).run(end, 10)
        end.attach(ear := Ear())
        await ear.hears("old$ ")
        assert ear.text.startswith(HIDDEN.decode())
        assert PASSWORD not in ear.text
        end.write(Resize(80, 24))
        end.write(Data(b"bytes 3\r"))
        await ear.hears("ready")
        end.write(Data(b"\xff\r\0"))
        await ear.hears("=ff0d00")
        end.close()
        await ear.end()


# -- port servers played by hand ---------------------------------------------------------------------------------------
IAC, SB, SE = b"\xff", b"\xff\xfa\x2c", b"\xff\xf0"


class PortServer:
    """Does what is asked and answers with what was asked, but for `changed`; says `first` before anything else."""

    def __init__(self, changed=None, first=b"", refuse=False) -> None:
        self.changed, self.first, self.refuse = changed or {}, first, refuse
        self.asked: list[tuple[int, bytes]] = []
        self.writer = None
        self.rest = b""

    async def __call__(self, reader, writer) -> None:
        self.writer = writer
        writer.write(self.first)
        while data := await reader.read(65536):
            self.rest += data
            if b"\xff\xfb\x2c" in data:
                writer.write(b"\xff\xfe\x2c" if self.refuse else b"\xff\xfd\x2c\xff\xfd\0\xff\xfb\0")
            while found := re.search(rb"\xff\xfa\x2c(.)(.*?)\xff\xf0", self.rest, re.DOTALL):
                self.rest = self.rest[found.end() :]
                command, value = found[1][0], found[2]
                self.asked.append((command, value))
                value = self.changed.get(command, value)
                if value is not None:
                    writer.write(SB + bytes((command + 100,)) + value.replace(IAC, IAC * 2) + SE)


async def test_the_line_is_asked_for_as_registered_and_what_was_said_before_is_thrown_away():
    async with served(server := PortServer(first=b"what the last technician was shown")) as port:
        end = await dialled(port, Settings(115200, 7, "even", "1.5"))
        assert server.asked[:6] == [
            (10, b"\0"), (11, b"\0"), (1, struct.pack(">I", 115200)), (2, b"\x07"), (3, b"\x03"), (4, b"\x03"),
        ]  # fmt: skip
        await appears(lambda: (12, b"\x03") in server.asked)
        end.attach(ear := Ear())
        server.writer.write(b"fresh")
        await ear.hears("fresh")
        assert ear.text == "fresh"
        end.close()
        await ear.end()


@pytest.mark.parametrize("wrong", [{1: struct.pack(">I", 9600)}, {2: b"\x05"}, {3: b"\x01"}, {4: b""}])
async def test_a_line_that_is_set_otherwise_is_not_used(wrong):
    async with served(PortServer(wrong)) as port:
        with pytest.raises(DeviceNotReady) as error:
            await dialled(port, Settings(19200, 8, "odd", "1"))
    assert "cannot be set as registered" in error.value.public


async def test_a_server_without_rfc_2217_is_found_out():
    async with served(PortServer(refuse=True)) as port:
        with pytest.raises(DeviceNotReady) as error:
            await dialled(port)
    assert "RFC 2217" in error.value.public


async def silent(reader, _writer) -> None:
    await reader.read()
    await asyncio.sleep(30)


async def hangs_up(_reader, _writer) -> None:
    await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "peer", [silent, hangs_up, PortServer({3: None})], ids=["silent", "hangs up", "half an answer"]
)
@pytest.mark.timed
async def test_a_server_that_does_not_answer_is_given_up_in_time(peer):
    begun = time.monotonic()
    async with served(peer) as port:
        with pytest.raises(DeviceUnreachable):
            await dialled(port, patience=0.4)
    assert time.monotonic() - begun < 3


async def test_a_server_that_floods_before_it_answers_is_given_up_without_keeping_it_all():
    async def flood(_reader, writer) -> None:
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    async with served(flood) as port:
        with pytest.raises(DeviceUnreachable):
            await dialled(port, patience=0.4)


@pytest.mark.timed
@pytest.mark.parametrize(("asked", "seconds"), [(100, 0.1), (0, 0.5), (3_600_000, 3.0)])
async def test_a_break_lasts_as_long_as_asked_within_bounds(asked, seconds):
    async with served(server := PortServer()) as port:
        end = await dialled(port)
        end.attach(ear := Ear())
        begun = time.monotonic()
        end.write(Break(asked))
        await appears(lambda: server.asked[-1] == (5, b"\x06"))
        assert seconds - 0.05 < time.monotonic() - begun < seconds + 0.6
        end.close()
        await ear.end()


async def test_closing_ends_a_break():
    async with served(server := PortServer()) as port:
        end = await dialled(port)
        end.attach(ear := Ear())
        end.write(Break(2000))
        end.close()
        end.close()
        await ear.end()
        await appears(lambda: server.asked[-2:] == [(5, b"\x05"), (5, b"\x06")])


async def test_a_server_may_stop_the_sender_and_let_it_go_on():
    async with served(server := PortServer()) as port:
        end = await dialled(port)
        end.attach(ear := Ear())
        server.writer.write(SB + bytes((108,)) + SE)
        await ear.until(lambda: ear.holds == ["hold"])
        end.hold()
        server.writer.write(SB + bytes((109,)) + SE + b"x")
        await ear.hears("x")
        assert ear.holds == ["hold"]  # the socket is full still
        end.release()
        assert ear.holds == ["hold", "release"]
        with pytest.raises(TypeError):
            end.write(Exit(0))
        end.close()
        await ear.end()


# -- what is registered ------------------------------------------------------------------------------------------------
def test_a_line_as_registered():
    assert Settings.from_options({}, device=DEVICE) == Settings(9600, 8, "none", "1")
    told = {"baud": "38400", "bits": "7", "parity": "even", "stop": "2", "prompt_login": "x"}
    assert Settings.from_options(told, device=DEVICE) == Settings(38400, 7, "even", "2")


NO_SPEED = ("0", "fast", "-1", "9600.0", "²", "9" * 5000)


@pytest.mark.parametrize(
    ("name", "value"),
    [*(("baud", value) for value in NO_SPEED), ("bits", "9"), ("bits", ""), ("parity", "EVEN!"), ("stop", "3")],
)
def test_a_line_that_cannot_be_is_said_by_name(name, value):
    with pytest.raises(DeviceNotReady) as error:
        Settings.from_options({name: value}, device=DEVICE)
    assert f": {name}." in error.value.public
