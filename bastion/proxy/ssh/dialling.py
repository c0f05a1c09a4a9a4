"""Connecting to a device in as few round trips as SSH allows.

asyncssh asks a server which methods it knows, then whether a key could do, and only then signs: two answers the bastion
does not need, for the hospital has said which account has which key. Signing at once is what RFC 4252, 7 allows; each
question spared is a turn of a device's slow processor. A password is sent the ordinary way.
"""

import asyncio
import socket
from collections.abc import Awaitable, Mapping
from typing import Any, Final

import asyncssh
from asyncssh.auth import ClientAuth
from asyncssh.connection import SSHClientConnection
from asyncssh.constants import MSG_KEXINIT
from asyncssh.packet import Boolean, SSHPacket

from bastion.domain.derogation import LEGACY, AlgorithmUse
from bastion.proxy.ssh import packet_path
from bastion.proxy.ssh.packet_connection import FastClientConnection

_PUBLIC_KEY = b"publickey"
_COOKIE: Final = 16
_ORDER: Final = (AlgorithmUse.KEX, AlgorithmUse.HOST_KEY, AlgorithmUse.CIPHER, AlgorithmUse.MAC)
_SEALED: Final = frozenset({b"aes128-gcm@openssh.com", b"aes256-gcm@openssh.com", b"chacha20-poly1305@openssh.com"})


class TooOld(asyncssh.KeyExchangeFailed):
    """The device has nothing in common with what it is asked for; `has` is what it has instead, by use."""

    def __init__(self, has: Mapping[AlgorithmUse, tuple[str, ...]]) -> None:
        self.has = has
        super().__init__(f"the device only has {', '.join(needed(has))}")


def needed(has: Mapping[AlgorithmUse, tuple[str, ...]]) -> list[str]:
    """Return what a derogation would have to name, of what a device has; all of it where none can."""
    every = [name for names in has.values() for name in names]
    return [name for name in every if name in LEGACY] or every


class SignsAtOnce(SSHClientConnection):
    """Mixed into asyncssh's connection, or the packet path's, below."""

    def _judged_kexinit(self, pkttype: int, pktid: int, packet: SSHPacket) -> Awaitable[None]:
        """Say at once, and of everything together, what the device does not have: many just hang up.

        Before anything is awaited: a task's error would come after the end of the connection, and be taken for silence.
        """
        offer = SSHPacket(packet.get_remaining_payload())
        offer.get_bytes(_COOKIE)
        kex, keys, cipher, _, mac, _ = (offer.get_namelist() for _ in range(6))
        asked = (self._kex_algs, self._server_host_key_algs or (), self._enc_algs, self._mac_algs)
        missed = {
            use: tuple(name.decode("ascii", "replace") for name in theirs)
            for use, ours, theirs in zip(_ORDER, asked, (kex, keys, cipher, mac), strict=True)
            if not set(ours) & set(theirs)
        }
        if any(name in _SEALED and name in cipher for name in self._enc_algs):
            missed.pop(AlgorithmUse.MAC, None)  # such a cipher needs none
        if missed:
            raise TooOld(missed)
        return self._process_kexinit(pkttype, pktid, packet)

    def begin_with_key(self) -> None:
        """Skip the request that only asks for the methods."""
        self._auth_methods = [_PUBLIC_KEY]

    async def send_userauth_request(self, method: bytes, *args: bytes, key: Any = None, trivial: bool = True) -> None:
        pair = getattr(self._auth, "_keypair", None) if isinstance(self._auth, ClientAuth) else None
        if method == _PUBLIC_KEY and key is None and pair is not None:
            args, key, trivial = (Boolean(value=True), *args[1:]), pair, False
        await super().send_userauth_request(method, *args, key=key, trivial=trivial)

    _packet_handlers = {**SSHClientConnection._packet_handlers, MSG_KEXINIT: _judged_kexinit}  # noqa: RUF012, SLF001


class PlainDevice(SignsAtOnce, SSHClientConnection):
    """On asyncssh's own path."""


class FastDevice(SignsAtOnce, FastClientConnection):
    """On the packet path."""


async def host_key(options: asyncssh.SSHClientConnectionOptions, sock: socket.socket) -> asyncssh.SSHKey | None:
    """Exchange keys, return what the device proved itself with, and leave."""
    loop = asyncio.get_running_loop()
    options.waiter = waiter = loop.create_future()
    try:
        _, connection = await loop.create_connection(lambda: PlainDevice(loop, options, wait="kex"), sock=sock)
    except BaseException:
        sock.close()
        raise
    try:
        await waiter
        return connection.get_server_host_key()
    finally:
        connection.abort()


async def connect(
    options: asyncssh.SSHClientConnectionOptions, sock: socket.socket, *, by_key: bool
) -> SSHClientConnection:
    """Prove each other and log in over a connected socket, which is closed if that fails or is cancelled."""
    loop = asyncio.get_running_loop()
    kind = FastDevice if packet_path.install() else PlainDevice

    def make() -> SignsAtOnce:
        connection = kind(loop, options, wait="auth")
        if by_key:
            connection.begin_with_key()
        return connection

    options.waiter = waiter = loop.create_future()
    try:
        _, connection = await loop.create_connection(make, sock=sock)
    except BaseException:
        sock.close()
        raise
    try:
        await waiter
    except BaseException:
        connection.abort()
        raise
    return connection
