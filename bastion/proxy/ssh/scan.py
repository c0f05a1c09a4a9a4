"""Reading the identity a device shows, at commissioning (R-9). Nothing is sent but what a key exchange needs."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

import asyncssh

from bastion.domain.derogation import AlgorithmUse
from bastion.errors import DeviceNotReady, DeviceUnreachable
from bastion.proxy import tcp
from bastion.proxy.ssh import dialling
from bastion.proxy.ssh.algorithms import for_device, strong_enough
from bastion.proxy.ssh.connector import CLIENT_NAME, PATIENCE
from bastion.proxy.ssh.dialling import TooOld, needed
from bastion.proxy.tcp import Networks

_KINDS: Final = ("ssh-ed25519", "ecdsa-", "rsa-")
_NOT_OF_THIS_KIND: Final = (asyncssh.KeyExchangeFailed, asyncssh.ConnectionLost, ConnectionResetError)
"""How devices answer who have no key of the kind asked for: in words, by leaving, or by slamming the door."""
TOO_OLD: Final = (
    "The device at {device} only knows algorithms that are too old to be allowed without a derogation ({why}). "
    "Make one that names those it needs, then ask again."
)
TOO_SMALL: Final = (
    "The device at {device} only has an RSA key below 2048 bits. Make a derogation for it, then ask again."
)


async def scan_host_keys(host: str, port: int, networks: Networks, legacy: Collection[str] = ()) -> list[str]:
    """Return the public host keys a device shows, one per kind, for a person to confirm.

    `legacy` names what a derogation allows for this device. Raises `DeviceUnreachable`, `AddressRefused`, and
    `DeviceNotReady` when only a derogation would let it be read.
    """
    found: list[asyncssh.SSHKey] = []
    problems: list[Exception] = []
    for kind in _KINDS:
        try:
            key = await _scan(host, port, _names(kind, legacy), networks, legacy)
        except _NOT_OF_THIS_KIND as error:
            problems.append(error)
        except (OSError, asyncssh.Error) as error:
            raise DeviceUnreachable(str(error), device=host) from error
        else:
            found += [key] if key else []
    strong = [key for key in found if strong_enough(key, legacy)]
    if not strong:
        raise _nothing(host, problems, seen=bool(found))
    return [key.export_public_key().decode().strip() for key in strong]


def _nothing(host: str, problems: Sequence[Exception], *, seen: bool) -> Exception:
    if seen:
        return DeviceNotReady("a small RSA key", device=host, sentence=TOO_SMALL)
    failed = [one.has for one in problems if isinstance(one, TooOld)]
    if not failed:
        return DeviceUnreachable(str(problems[-1]) if problems else "", device=host)
    # A kind of key that a device does not have is no fault, unless it has none that is asked for.
    every = len(failed) == len(problems) and all(AlgorithmUse.HOST_KEY in has for has in failed)
    missed = {use: names for has in failed for use, names in has.items() if every or use is not AlgorithmUse.HOST_KEY}
    why = ", ".join(needed(missed))
    return DeviceNotReady(why, device=host, why=why, sentence=TOO_OLD)


def _names(kind: str, legacy: Collection[str]) -> tuple[str, ...]:
    every = for_device(AlgorithmUse.HOST_KEY, legacy)
    return tuple(name for name in every if name.startswith(kind) or (kind == "rsa-" and name == "ssh-rsa"))


async def _scan(
    host: str, port: int, names: tuple[str, ...], networks: Networks, legacy: Collection[str]
) -> asyncssh.SSHKey | None:
    async with asyncio.timeout(PATIENCE):
        sock = await tcp.connect(host, port, networks, PATIENCE, device=host)
        options = asyncssh.SSHClientConnectionOptions(
            config=None, client_version=CLIENT_NAME, host=host, port=port, known_hosts=None, client_keys=None,
            agent_path=None, gss_host=None, server_host_key_algs=names,
            kex_algs=for_device(AlgorithmUse.KEX, legacy), mac_algs=for_device(AlgorithmUse.MAC, legacy),
            encryption_algs=for_device(AlgorithmUse.CIPHER, legacy),
        )  # fmt: skip
        return await dialling.host_key(options, sock)
