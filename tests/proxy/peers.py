"""Real peers on loopback: inetutils' telnetd, ser2net on a pair of ptys, and sockets played by hand."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tty
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bastion.proxy import tcp
from bastion.proxy.frames import Data, Eof, Frame
from bastion.proxy.tcp import Networks, TcpEnd

LOOPBACK = Networks(("127.0.0.0/8", "::1/128"))
OLD_DEVICE = Path(__file__).with_name("old_device.py")
DEVICE = "ct-01"


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found, f"{name} is missing; `make system` installs it"
    return found


async def dialled(port, host="127.0.0.1", networks=LOOPBACK, patience=5.0) -> TcpEnd:
    return await tcp.dial(host, port, networks, patience, device=DEVICE)


class Ear:
    """A Sink that remembers."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.data = bytearray()
        self.endings: list[str] = []
        self.holds: list[str] = []
        self._news = asyncio.Event()

    def deliver(self, frame: Frame) -> None:
        self.frames.append(frame)
        if isinstance(frame, Data):
            self.data += frame.data
        self._news.set()

    def ended(self, why: str) -> None:
        self.endings.append(why)
        self._news.set()

    def hold(self) -> None:
        self.holds.append("hold")
        self._news.set()

    def release(self) -> None:
        self.holds.append("release")
        self._news.set()

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "replace")

    async def until(self, true: Callable[[], object], seconds: float = 30) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                self._news.clear()
                await self._news.wait()

    async def hears(self, text: str) -> None:
        try:
            await self.until(lambda: text in self.text)
        except TimeoutError:
            raise AssertionError(f"{text!r} never came; only {self.text!r}") from None

    async def end(self) -> str:
        await self.until(lambda: self.endings)
        return self.endings[0]

    async def eof(self) -> None:
        await self.until(lambda: Eof() in self.frames)


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def served(talk: Talk, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """A peer played by hand, each connection by `talk`."""
    tasks: set[asyncio.Task[None]] = set()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await talk(reader, writer)
            writer.close()
            await writer.wait_closed()  # all that was said leaves first
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(play, host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def telnetd(*words: str) -> AsyncIterator[int]:
    """inetutils' telnetd with `old_device.py` in the place of /bin/login."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    command = [program("telnetd"), "-h", "-E", f"{sys.executable} {OLD_DEVICE} {' '.join(words)}"]
    children: list[subprocess.Popen[bytes]] = []

    async def accept() -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listener)
            connection.setblocking(True)
            with connection:
                children.append(subprocess.Popen(command, stdin=connection, stdout=connection, stderr=connection))

    task = asyncio.create_task(accept())
    try:
        yield listener.getsockname()[1]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        listener.close()
        for child in children:
            stop(child)


class Line:
    """The device's side of a serial line: a pty whose other side ser2net has."""

    def __init__(self, path: Path, port: int) -> None:
        self.port = port
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)

    def say(self, data: bytes) -> None:
        os.write(self.fd, data)

    async def hears(self, size: int, seconds: float = 30) -> bytes:
        got = b""
        async with asyncio.timeout(seconds):
            while len(got) < size:
                try:
                    got += os.read(self.fd, 65536)
                except BlockingIOError:
                    await asyncio.sleep(0.01)
        return got


@asynccontextmanager
async def ser2net(folder: Path, accepter: str = "telnet(rfc2217=true),tcp") -> AsyncIterator[Line]:
    """ser2net on one side of a pair of ptys made by socat; the device's side is the Line."""
    ours, theirs = folder / "tty-device", folder / "tty-server"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "ser2net.yaml"
    config.write_text(
        "%YAML 1.1\n---\ndefault:\n  name: mdns\n  value: false\nconnection: &line\n"
        f"  accepter: {accepter},127.0.0.1,{port}\n  connector: serialdev,{theirs},9600n81,local\n"
    )
    socat = subprocess.Popen([program("socat"), f"pty,raw,echo=0,link={ours}", f"pty,raw,echo=0,link={theirs}"])
    try:
        await appears(lambda: ours.exists() and theirs.exists())
        server = subprocess.Popen([program("ser2net"), "-n", "-c", str(config), "-P", str(folder / "pid")])
        try:
            await appears(lambda: answers(port))
            line = Line(ours, port)
            yield line
            os.close(line.fd)
        finally:
            stop(server)
    finally:
        stop(socat)


async def appears(there: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not there():
            await asyncio.sleep(0.02)


def answers(port: int) -> bool:
    """Without connecting, which would open the line."""
    return f"0100007F:{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text()


def stop(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
    try:
        child.wait(3)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
