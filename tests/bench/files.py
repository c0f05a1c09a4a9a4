"""Measurements of file transfers and tunnels, one each, bounded in time."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import service
from tests.bench.servers import free_port, wait_for
from tests.bench.ways import Way

MIB = 1 << 20
BOUND = 120.0  # seconds no single transfer may take
SMALL = 4096


def big_file(folder: Path, size: int) -> Path:
    path = folder / "big"
    with path.open("wb") as file:
        file.truncate(size)
    return path


def small_files(folder: Path, count: int) -> Path:
    tree = folder / "small"
    tree.mkdir()
    for number in range(count):
        (tree / f"f{number:05}").write_bytes(number.to_bytes(8, "big") * (SMALL // 8))
    return tree


def sftp_get(way: Way, file: Path) -> float:
    """MiB/s of `get` in OpenSSH's sftp."""
    return _megabytes(way, file, f"get {file} /dev/null")


def sftp_put(way: Way, file: Path) -> float:
    return _megabytes(way, file, f"put {file} /dev/null")


def _megabytes(way: Way, file: Path, command: str) -> float:
    seconds = _batch(way, command)
    way.settle()
    return file.stat().st_size / MIB / seconds


def sftp_small(way: Way, tree: Path, count: int) -> float:
    """Files a second of `put -r` of small files, to a folder that is not there yet."""
    target = tree.parent / f"copy-{way.name}"
    try:
        seconds = _batch(way, f"put -r {tree} {target}")
    finally:
        way.settle()
        subprocess.run(["rm", "-rf", str(target)], check=True)
    return count / seconds


def _batch(way: Way, command: str) -> float:
    begun = time.perf_counter()
    subprocess.run(
        way.sftp(), input=f"{command}\n".encode(), stdout=subprocess.DEVNULL, check=True, timeout=BOUND
    )  # fmt: skip
    return time.perf_counter() - begun


def memory_while_getting(way: Way, file: Path, times: int) -> float:
    """MiB by which the measured process grows while `file` is fetched so many times in one session."""
    before, most, done = way.memory(), 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.25):
            most = max(most, way.memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        _batch(way, "\n".join([f"get {file} /dev/null"] * times))
    finally:
        done.set()
        watcher.join()
    return (most - before) / 1024


def forward(way: Way, port: int, size: int, transfer: Callable[[socket.socket, int], None]) -> float:
    """MiB/s through `ssh -L`: `transfer` is `service.download` or `service.upload`."""
    local = free_port()
    client = subprocess.Popen(way.forward(local, port), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(local)
        with socket.create_connection(("127.0.0.1", local), timeout=BOUND) as sock:
            service.download(sock, 1)  # the way stands
        with socket.create_connection(("127.0.0.1", local), timeout=BOUND) as sock:
            begun = time.perf_counter()
            transfer(sock, size)
            return size / MIB / (time.perf_counter() - begun)
    finally:
        client.kill()
        client.wait()
        way.settle()
