"""Reading the identity a device shows, at commissioning (R-9). Nothing is sent but what a key exchange needs."""

import asyncio
import socket
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
_NO_NAME: Final = (
    "The bastion finds no address for the name {device}. Check how it is spelt, or give the address itself."
)
_NO_SERVICE: Final = (
    "{device} is there, but nothing listens on port {port}. Check the port, and that SSH is switched on there."
)
_SILENT: Final = (
    "{device} does not answer on port {port}. Check the address, that the device is switched on, and that the network "
    "lets the bastion through to this port."
)
_NO_SSH: Final = (
    "What answers at {device}, port {port}, does not speak SSH, or hangs up at once. Check the port, or choose another "
    "kind of service."
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
        except DeviceUnreachable as error:
            raise _unreached(host, port, error.__cause__ or error) from error
        except (OSError, asyncssh.Error) as error:
            raise _unreached(host, port, error) from error
        else:
            found += [key] if key else []
    strong = [key for key in found if strong_enough(key, legacy)]
    if not strong:
        raise _nothing(host, port, problems, seen=bool(found))
    return [key.export_public_key().decode().strip() for key in strong]


def _unreached(host: str, port: int, cause: BaseException) -> DeviceUnreachable:
    """Say it to whoever commissions the device: he can mend a name, a port or a cable."""
    match cause:
        case socket.gaierror() | UnicodeError():
            sentence = _NO_NAME
        case ConnectionRefusedError():
            sentence = _NO_SERVICE
        case OSError():
            sentence = _SILENT
        case _:
            sentence = _NO_SSH
    return DeviceUnreachable(f"{type(cause).__name__}: {cause}", device=host, port=port, sentence=sentence)


def _nothing(host: str, port: int, problems: Sequence[Exception], *, seen: bool) -> Exception:
    if seen:
        return DeviceNotReady("a small RSA key", device=host, sentence=TOO_SMALL)
    failed = [one.has for one in problems if isinstance(one, TooOld)]
    if not failed:
        detail = str(problems[-1]) if problems else ""
        return DeviceUnreachable(detail, device=host, port=port, sentence=_NO_SSH)
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
