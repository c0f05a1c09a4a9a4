"""The listener: one port, modern algorithms, strict connections."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import asyncssh
from asyncssh.public_key import SSHKeyPair

from bastion.errors import ConfigurationError, Phrase
from bastion.proxy.ssh import algorithms, packet_path
from bastion.proxy.ssh.caller import Caller, Door
from bastion.proxy.ssh.front import FastFront, PlainFront
from bastion.services.address import Address

LEAST_VERSION: Final = (2, 14, 2)
"""asyncssh before this let a rogue peer inject messages into the first key exchange (T2: CVE-2023-46445, -46446)."""
LOGIN_TIME: Final = 90.0
"""Seconds from the first byte to being let in; somebody has to find his telephone and read a code."""
KEEPALIVE: Final = 30.0
BACKLOG: Final = 512
SERVER_NAME: Final = "Bastion"
_RSA: Final = (b"rsa-sha2-512", b"rsa-sha2-256")


class Listener:
    """`port` is the one listened on, when 0 was asked for."""

    def __init__(self, server: asyncio.Server, door: Door) -> None:
        self.door = door
        self._server = server
        self.port: int = server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Take no more connections; those there are go on."""
        self._server.close()

    async def wait_closed(self) -> None:
        await self._server.wait_closed()


async def listen(door: Door, host: str, port: int, host_key: Path) -> Listener:
    """Listen for technicians. OSError when the port cannot be had, `ConfigurationError` when the key cannot be used."""
    _require_version()
    fast = packet_path.install()
    identity = read_host_key(host_key)
    options = _options([identity], door)
    loop = asyncio.get_running_loop()
    front = FastFront if fast else PlainFront
    server = await loop.create_server(lambda: front(loop, options), host, port, backlog=BACKLOG)
    door.supervisor.at_stop.append(door.drop_all)
    listener = Listener(server, door)
    door.found_at(Address(door.name or host, listener.port, (identity.get_fingerprint(),), door.portal))
    return listener


def read_host_key(path: Path) -> asyncssh.SSHKey:
    """Read the bastion's own SSH identity; refuse one that others may read: they could pretend to be the bastion."""
    try:
        key = asyncssh.read_private_key(path)
    except (OSError, asyncssh.KeyImportError) as error:
        raise ConfigurationError(str(error), why=Phrase("{path} holds no usable SSH host key", path=path)) from error
    if path.stat().st_mode & 0o077:
        raise ConfigurationError(
            str(path), why=Phrase("{path} can be read by others; run: chmod 600 {path}", path=path)
        )
    return key


def _options(host_keys: Sequence[asyncssh.SSHKey], door: Door) -> asyncssh.SSHServerConnectionOptions:
    """Keys are parsed once, here. Nothing is read from the machine's own SSH configuration."""
    options = asyncssh.SSHServerConnectionOptions(
        server_factory=lambda: Caller(door), server_version=SERVER_NAME, server_host_keys=list(host_keys),
        kex_algs=algorithms.FRONT_KEX, encryption_algs=algorithms.FRONT_CIPHERS, mac_algs=algorithms.FRONT_MACS,
        signature_algs=algorithms.FRONT_SIGNATURES, compression_algs=None, config=None, gss_host=None,
        password_auth=False, host_based_auth=False, agent_forwarding=False, x11_forwarding=False, allow_scp=False,
        line_editor=False, encoding=None, login_timeout=LOGIN_TIME, keepalive_interval=KEEPALIVE,
    )  # fmt: skip
    options.server_host_keys = _key_pairs(host_keys)
    return options


def _key_pairs(host_keys: Sequence[asyncssh.SSHKey]) -> "OrderedDict[bytes, SSHKeyPair]":
    """One pair per algorithm, Ed25519 first (dropbear), no SHA-1.

    asyncssh lets RSA algorithms share a pair and switches it at each key exchange, under the feet of the others.
    """
    pairs: OrderedDict[bytes, SSHKeyPair] = OrderedDict()
    for key in sorted(host_keys, key=lambda k: k.algorithm != b"ssh-ed25519"):
        for name in _RSA if key.algorithm == b"ssh-rsa" else (key.algorithm,):
            (pair,) = asyncssh.load_keypairs(key)
            pair.set_sig_algorithm(name)
            pairs[name] = pair
    return pairs


def _require_version() -> None:
    version = tuple(int(part) for part in asyncssh.__version__.split(".")[:3])
    if version < LEAST_VERSION:
        why = Phrase("asyncssh {version} has known weaknesses", version=asyncssh.__version__)
        raise ConfigurationError(asyncssh.__version__, why=why)
