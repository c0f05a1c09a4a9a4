"""One measurement each, bounded in time; the numbers go to the report."""

import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from tests.bench.product import Product
from tests.bench.ways import Way, machine_cpu

MIB = 1 << 20
BOUND = 60.0  # seconds no single measurement may take
AT_ONCE = 16  # sessions being opened at the same time


def setup(way: Way, times: int = 6) -> float:
    """Milliseconds of `ssh host true`, the median of `times`."""
    return statistics.median(_timed(way.ssh("true")) * 1000 for _ in range(times))


@contextmanager
def half_open(port: int, count: int) -> Iterator[None]:
    """Hold `count` connections that say nothing after the server's first line."""
    with ExitStack() as held:
        for _ in range(count):
            sock = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=BOUND))
            sock.recv(64)
        yield


def _timed(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, timeout=BOUND)
    return time.perf_counter() - begun


def echo(way: Way, keys: int = 1000, seconds: float = 8) -> tuple[float, float]:
    """Microseconds from a key to its echo on a terminal: the median, and what one in a hundred exceeds."""
    client = subprocess.Popen(
        way.ssh("stty raw -echo; echo ready; exec cat", terminal=True),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert client.stdin is not None
    assert client.stdout is not None
    keyboard, screen = client.stdin.fileno(), client.stdout.fileno()
    try:
        _read_until(screen, b"ready")
        taken = sorted(_keystrokes(keyboard, screen, keys, seconds))
    finally:
        client.kill()
        client.communicate()
    return statistics.median(taken), taken[int(len(taken) * 0.99)]


def _read_until(screen: int, word: bytes) -> None:
    seen = b""
    while word not in seen:
        block = os.read(screen, 4096)
        if not block:
            raise EOFError(seen)
        seen += block
    time.sleep(0.1)  # what is left of the line
    os.set_blocking(screen, False)
    with contextlib.suppress(BlockingIOError):
        os.read(screen, 4096)
    os.set_blocking(screen, True)


def _keystrokes(keyboard: int, screen: int, keys: int, seconds: float) -> list[float]:
    taken: list[float] = []
    end = time.perf_counter() + seconds
    for number in range(keys + 50):
        begun = time.perf_counter()
        os.write(keyboard, b"k")
        if not os.read(screen, 1):
            raise EOFError("the session has ended")
        now = time.perf_counter()
        if number >= 50:  # the first ones warm up
            taken.append((now - begun) * 1e6)
        if now > end:
            break
    return taken


def download(way: Way, size: int) -> tuple[float, float]:
    """MiB/s of a command's output, and seconds of the whole machine's processors for each GiB, sealing included."""
    busy, begun = machine_cpu(), time.perf_counter()
    subprocess.run(
        way.ssh(f"head -c {size} /dev/zero"),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, timeout=BOUND,
    )  # fmt: skip
    taken = time.perf_counter() - begun
    way.settle()
    return size / MIB / taken, (machine_cpu() - busy) * (1 << 30) / size


def upload(way: Way, size: int) -> float:
    """MiB/s of a command's input."""
    source = subprocess.Popen(["head", "-c", str(size), "/dev/zero"], stdout=subprocess.PIPE)
    begun = time.perf_counter()
    subprocess.run(way.ssh("cat >/dev/null"), stdin=source.stdout, check=True, timeout=BOUND)
    taken = time.perf_counter() - begun
    source.communicate()
    way.settle()
    return size / MIB / taken


def flood(way: Way, text: Path) -> float:
    """MB/s of coloured text on a terminal."""
    client = subprocess.Popen(
        way.ssh(f"cat {text}", terminal=True),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert client.stdout is not None
    begun, size = time.perf_counter(), 0
    while block := os.read(client.stdout.fileno(), MIB):
        size += len(block)
    taken = time.perf_counter() - begun
    client.communicate()
    if size < text.stat().st_size:
        raise EOFError(f"{size} bytes of {text.stat().st_size}")
    way.settle()
    return size / 1e6 / taken


def write_text(path: Path, lines: int) -> None:
    """Text as a device's log would look in a terminal."""
    line = "\x1b[32m2026-01-01 12:00:00\x1b[0m INFO  gantry[{}] table position {} mm, tube current {} mA\n"
    path.write_text("".join(line.format(n % 7, n % 1999, n % 640) for n in range(lines)))


@dataclass
class Opened:
    """Sessions with a shell each, all live."""

    chains: list[list[asyncssh.SSHClientConnection]]
    channels: list[asyncssh.SSHClientChannel[Any]]
    a_second: float
    kib_each: float

    async def close(self) -> None:
        for chain in self.chains:
            for connection in chain:
                connection.abort()
        await asyncio.gather(*(connection.wait_closed() for chain in self.chains for connection in chain))


async def open_sessions(way: Way, count: int) -> Opened:
    """Open `count` sessions, `AT_ONCE` at a time, each to its first echo; the first one is not counted."""
    gate = asyncio.Semaphore(AT_ONCE)
    opened = Opened([], [], 0, 0)
    await _one(way, gate, opened)
    await asyncio.sleep(0.5)
    before, begun = way.memory(), time.perf_counter()
    async with asyncio.timeout(2 * BOUND), asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(_one(way, gate, opened))
    opened.a_second = count / (time.perf_counter() - begun)
    await asyncio.sleep(1)
    opened.kib_each = (way.memory() - before) / count
    return opened


async def _one(way: Way, gate: asyncio.Semaphore, opened: Opened) -> None:
    async with gate:
        chain = await way.connect()
        opened.chains.append(chain)
        process = await chain[0].create_process("stty raw -echo; exec cat", term_type="xterm", encoding=None)
        process.stdin.write(b"k")
        await process.stdout.readexactly(1)
        opened.channels.append(process.channel)


async def cut(product: Product, opened: Opened) -> float:
    """Milliseconds from the call that cuts everything until the last technician's channel is closed."""
    begun = time.perf_counter()
    call = asyncio.create_task(asyncio.to_thread(product.cut))
    async with asyncio.timeout(BOUND):
        await asyncio.gather(*(channel.wait_closed() for channel in opened.channels))
        taken = time.perf_counter() - begun
        await call
    return taken * 1000
