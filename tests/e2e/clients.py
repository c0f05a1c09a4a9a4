"""Real client programs: run to the end, or on a terminal that a test reads and types on."""

import asyncio
import contextlib
import fcntl
import os
import pty
import random
import signal
import socket
import struct
import termios
from dataclasses import dataclass

from tests.pace import seconds_until


@dataclass
class Done:
    status: int
    out: bytes
    err: bytes

    @property
    def says(self) -> str:
        return (self.out + self.err).decode(errors="replace")


async def run(command: list[str], environment: dict[str, str], stdin: bytes = b"", timeout: float = 60) -> Done:
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(timeout):
            out, err = await process.communicate(stdin)
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
        raise AssertionError(
            f"{command[0]} did not end in {timeout} s; it said {out[-500:]!r} {err[-500:]!r}"
        ) from None
    return Done(process.returncode or 0, out, err)


class Screen:
    """A program on a pseudo-terminal. `seen` is all it has written."""

    def __init__(self, command: list[str], environment: dict[str, str], cols: int = 100, rows: int = 30) -> None:
        self.seen = b""
        self._at = 0
        self._news = asyncio.Event()
        self._master, slave = pty.openpty()
        self.resize(cols, rows)
        starting = asyncio.create_subprocess_exec(
            *command, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        self._starting = asyncio.ensure_future(starting)
        self._slave: int | None = slave
        self._process: asyncio.subprocess.Process | None = None
        asyncio.get_running_loop().add_reader(self._master, self._read)

    async def process(self) -> asyncio.subprocess.Process:
        if self._process is None:
            self._process = await self._starting
            if self._slave is not None:
                os.close(self._slave)
                self._slave = None
        return self._process

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._master)
        self.seen += data
        self._news.set()

    def send(self, text: str) -> None:
        os.write(self._master, text.encode())

    def resize(self, cols: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    async def expect(self, text: str, timeout: float = 30, *, within: float | None = None) -> str:
        """Wait until `text` stands after what was expected before; return everything up to it.

        `within` is what is promised: so many seconds of this process (`tests.pace`), in which the bastion runs too.
        """
        await self.process()
        wanted = text.encode()
        if within is not None:
            with contextlib.suppress(TimeoutError):  # what is missing is said below
                took = await seconds_until(lambda: self.seen.find(wanted, self._at) >= 0, timeout)
                assert took <= within, f"{text!r} after {took:.2f} s"
        try:
            async with asyncio.timeout(timeout):
                while (found := self.seen.find(wanted, self._at)) < 0:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{text!r} not in {self.seen[self._at :][-1500:]!r}") from None
        before = self.seen[self._at : found]
        self._at = found + len(wanted)
        return before.decode(errors="replace")

    async def insist(self, typed: str, text: str) -> None:
        """Type it again and again until `text` is the answer: for what takes a way of its own, as a new size does, and
        for a login shell that throws away what is typed before it is ready.
        """
        for _ in range(30):
            self.send(typed)
            with contextlib.suppress(AssertionError):
                await self.expect(text, timeout=1)
                return
        raise AssertionError(f"{text!r} not in {self.seen[self._at :][-1500:]!r}")

    async def ended(self, timeout: float = 30, *, within: float | None = None) -> int:
        process = await self.process()
        if within is not None:
            took = await seconds_until(lambda: process.returncode is not None, timeout)
            assert took <= within, f"ended after {took:.2f} s"
        async with asyncio.timeout(timeout):
            status = await process.wait()
        await asyncio.sleep(0.05)
        return status

    async def close(self) -> None:
        process = await self.process()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself, and nobody has noticed yet
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)


def free_port() -> int:
    """A port on which nobody listens, below those that the system gives to whoever calls out: nobody takes it soon."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(15_000, 32_000)))
            return int(probe.getsockname()[1])
