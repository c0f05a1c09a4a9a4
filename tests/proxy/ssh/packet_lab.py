"""What the tests of the packet path share: a real device, a proxy in this process, real and hostile clients."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh

from tests.bench.minimal_proxy import MinimalProxy
from tests.bench.servers import Lab

CIPHERS = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr"]
MAC = "MACs hmac-sha2-256-etm@openssh.com"  # for aes256-ctr; the others need none


class Front:
    """A proxy that listens, and clients for it."""

    def __init__(self, lab: Lab, proxy: MinimalProxy, port: int) -> None:
        self.lab, self.proxy, self.port = lab, proxy, port

    async def ssh(self, *command: str, options: tuple[str, ...] = (), **streams: Any) -> asyncio.subprocess.Process:
        """Start an OpenSSH client; without `streams` it has no input and its output is piped."""
        pipes = {"stdin": asyncio.subprocess.DEVNULL, "stdout": asyncio.subprocess.PIPE} | streams
        return await asyncio.create_subprocess_exec(*self.lab.ssh(self.port, *command, options=options), **pipes)

    async def run(self, *command: str, data: bytes | None = None, options: tuple[str, ...] = ()) -> bytes:
        """Run a command through the proxy, with `data` as its input; return its output. Its status must be 0."""
        process = await self.ssh(
            *command, options=options, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(data), 120)
        assert process.returncode == 0
        return out

    @asynccontextmanager
    async def python(self, **options: Any) -> AsyncIterator[asyncssh.SSHClientConnection]:
        """An asyncssh client, for what an OpenSSH client would never send."""
        connection = await asyncssh.connect(
            "127.0.0.1", self.port, username="technician", known_hosts=None, config=None, agent_path=None,
            client_keys=[str(self.lab.folder / "user_key")], **options,
        )  # fmt: skip
        try:
            yield connection
        finally:
            connection.abort()
            await connection.wait_closed()

    async def settle(self) -> None:
        """Until the last splice is joined: the device's channel is open."""
        for _ in range(200):
            if self.proxy.splices and self.proxy.splices[-1].active:
                return
            await asyncio.sleep(0.01)
        raise TimeoutError("no splice")


@asynccontextmanager
async def front(lab: Lab, device: str = "device", **options: Any) -> AsyncIterator[Front]:
    proxy = MinimalProxy(lab.folder, lab.ports[device], fast=True, **options)
    acceptor = await proxy.listen()
    try:
        yield Front(lab, proxy, acceptor.get_port())
    finally:
        acceptor.close()
        connections: list[asyncssh.SSHConnection] = [*proxy.fronts, *proxy.backs]
        for connection in connections:
            connection.abort()
        await asyncio.gather(acceptor.wait_closed(), *(connection.wait_closed() for connection in connections))


def algorithms(cipher: str, rekey: str = "") -> tuple[str, ...]:
    rekeying = (f"RekeyLimit {rekey}",) if rekey else ()
    return (f"Ciphers {cipher}", MAC, *rekeying)


async def exchange(near: Front, folder: Path, size: int, options: tuple[str, ...], each: int = 4) -> int:
    """`each` downloads and uploads at once, of `size` random bytes; returns how many arrived whole."""
    down, up = folder / "down", folder / "up"
    for path in (down, up):
        path.write_bytes(os.urandom(size))
    jobs = [_download(near, down, options) for _ in range(each)]
    jobs += [_upload(near, up, folder / f"arrived-{number}", options) for number in range(each)]
    return sum(await asyncio.gather(*jobs))


async def _download(near: Front, path: Path, options: tuple[str, ...]) -> bool:
    process = await near.ssh(f"cat {path}", options=options)
    assert process.stdout is not None
    digest = hashlib.sha256()
    while block := await process.stdout.read(1 << 18):
        digest.update(block)
    return await process.wait() == 0 and digest.digest() == _sha256(path)


async def _upload(near: Front, path: Path, arrived: Path, options: tuple[str, ...]) -> bool:
    with path.open("rb") as source:
        process = await near.ssh(f"cat > {arrived}", options=options, stdin=source)
    status = await process.wait()
    return status == 0 and _sha256(arrived) == _sha256(path)


def _sha256(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
