"""Reading the identity a device shows, at commissioning (R-9). Nothing is sent but what a key exchange needs."""

import asyncio
from typing import Final

import asyncssh

from bastion.errors import DeviceUnreachable
from bastion.proxy import tcp
from bastion.proxy.ssh import algorithms
from bastion.proxy.ssh.connector import CLIENT_NAME, PATIENCE
from bastion.proxy.tcp import Networks

_SCANNED: Final = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"),
)
_NOT_OF_THIS_KIND: Final = (asyncssh.KeyExchangeFailed, asyncssh.ConnectionLost, ConnectionResetError)
"""How devices answer who have no key of the kind asked for: in words, by leaving, or by slamming the door."""


async def scan_host_keys(host: str, port: int, networks: Networks) -> list[str]:
    """Return the public host keys a device shows, one per kind, for a person to confirm.

    Raises `DeviceUnreachable`, `AddressRefused`.
    """
    found: list[str] = []
    last: Exception | None = None
    for names in _SCANNED:
        try:
            key = await _scan(host, port, names, networks)
        except _NOT_OF_THIS_KIND as error:
            last = error
        except (OSError, asyncssh.Error) as error:
            raise DeviceUnreachable(str(error), device=host) from error
        else:
            found += [key.export_public_key().decode().strip()] if key else []
    if not found:
        raise DeviceUnreachable(str(last), device=host)
    return found


async def _scan(host: str, port: int, names: tuple[str, ...], networks: Networks) -> asyncssh.SSHKey | None:
    async with asyncio.timeout(PATIENCE):
        sock = await tcp.connect(host, port, networks, PATIENCE, device=host)
        return await asyncssh.get_server_host_key(
            host, port, sock=sock, config=None, client_version=CLIENT_NAME, server_host_key_algs=names,
            kex_algs=algorithms.DEVICE_KEX,
        )  # fmt: skip
