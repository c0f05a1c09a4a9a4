"""Starts and stops the three devices. A real `sshd` plays the first where there is one, else the simulator does."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncssh

from bastion.demo import imaging, sshd
from bastion.domain.device import SecretKind
from bastion.secret import Secret

HOST: Final = "127.0.0.1"
REAL: Final = "ct-01"
SIMULATED: Final = ("ct-02", "ct-03")


@dataclass(frozen=True, slots=True)
class Running:
    """A device that answers, and how one gets in. `real` says that a session there is a shell on this very machine."""

    code: str
    port: int
    login: str
    kind: SecretKind
    secret: Secret
    real: bool


@asynccontextmanager
async def devices(folder: Path, ports: dict[str, int]) -> AsyncIterator[list[Running]]:
    """Run every device; `ports` is where they answered last time, taken again if free."""
    async with AsyncExitStack() as stack:
        first = await _first(stack, folder / REAL, ports.get(REAL, 0))
        yield [first, *[await _simulated(stack, code, folder / code, ports.get(code, 0)) for code in SIMULATED]]


async def _first(stack: AsyncExitStack, folder: Path, port: int) -> Running:
    """The real one; a machine whose `sshd` cannot be used gets a second simulator instead."""
    binary = sshd.find()
    if binary is not None:
        _private(folder)
        key = sshd.device_key(folder)
        try:
            port = _free(port)
            process = await sshd.start(binary, folder, port)
        except OSError:
            return await _simulated(stack, REAL, folder, port)
        stack.push_async_callback(sshd.stop, process)
        return Running(REAL, port, sshd.login(), SecretKind.PRIVATE_KEY, Secret.of(key), real=True)
    return await _simulated(stack, REAL, folder, port)


async def _simulated(stack: AsyncExitStack, code: str, folder: Path, port: int) -> Running:
    _private(folder)
    password = _kept(folder / "password")
    acceptor = await imaging.serve(HOST, _free(port), _host_key(folder / "host_key"), password)
    stack.push_async_callback(_close, acceptor)
    return Running(code, acceptor.get_port(), imaging.LOGIN, SecretKind.PASSWORD, Secret.of(password), real=False)


async def _close(acceptor: asyncssh.SSHAcceptor) -> None:
    acceptor.close()
    async with asyncio.timeout(2):
        await acceptor.wait_closed()


def _private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _host_key(path: Path) -> asyncssh.SSHKey:
    """An identity that lasts: a device that changes it is refused."""
    if not path.exists():
        path.touch(mode=0o600)
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(path)
    return asyncssh.read_private_key(path)


def _kept(path: Path) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(16))
    return path.read_text()


def _free(port: int) -> int:
    """Return `port` if it can be had, else one that can."""
    for candidate in (port, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, candidate))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise OSError("no port is free on loopback")
