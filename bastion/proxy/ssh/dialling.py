"""Connecting to a device in as few round trips as SSH allows.

asyncssh asks a server which methods it knows, then whether a key could do, and only then signs: two answers the bastion
does not need, for the hospital has said which account has which key. Signing at once is what RFC 4252, 7 allows; each
question spared is a turn of a device's slow processor. A password is sent the ordinary way.
"""

import asyncio
import socket
from typing import Any

import asyncssh
from asyncssh.auth import ClientAuth
from asyncssh.connection import SSHClientConnection
from asyncssh.packet import Boolean

from bastion.proxy.ssh import packet_path
from bastion.proxy.ssh.packet_connection import FastClientConnection

_PUBLIC_KEY = b"publickey"


class SignsAtOnce(SSHClientConnection):
    """Mixed into asyncssh's connection, or the packet path's, below."""

    def begin_with_key(self) -> None:
        """Skip the request that only asks for the methods."""
        self._auth_methods = [_PUBLIC_KEY]

    async def send_userauth_request(self, method: bytes, *args: bytes, key: Any = None, trivial: bool = True) -> None:
        pair = getattr(self._auth, "_keypair", None) if isinstance(self._auth, ClientAuth) else None
        if method == _PUBLIC_KEY and key is None and pair is not None:
            args, key, trivial = (Boolean(value=True), *args[1:]), pair, False
        await super().send_userauth_request(method, *args, key=key, trivial=trivial)


class PlainDevice(SignsAtOnce, SSHClientConnection):
    """On asyncssh's own path."""


class FastDevice(SignsAtOnce, FastClientConnection):
    """On the packet path."""


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
