"""The way to a device: pinned host keys, the hospital's credential, one connection for all channels of a session.

Nothing of the technician's reaches the device but the bytes of his channels: no agent, no forwards, no environment.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from copy import copy
from functools import lru_cache
from typing import Any, Final, cast

import asyncssh

from bastion.domain.derogation import AlgorithmUse
from bastion.domain.device import SecretKind
from bastion.domain.session_effects import Audit
from bastion.errors import (
    AddressRefused,
    BastionError,
    ChannelRefused,
    DeviceLoginFailed,
    DeviceNotReady,
    DeviceUnreachable,
    HostKeyChanged,
)
from bastion.proxy import tcp
from bastion.proxy.ssh import algorithms, dialling
from bastion.proxy.ssh.algorithms import for_device
from bastion.proxy.ssh.channels import PACKET, WINDOW, Asked, DeviceEnd
from bastion.proxy.ssh.device_login import DeviceLogin, KeyRing
from bastion.proxy.ssh.dialling import TooOld
from bastion.proxy.ssh.ways import Way
from bastion.proxy.tcp import Networks
from bastion.services.views import DeviceCredential

PATIENCE: Final = 10.0
"""Seconds for a device to answer, prove itself and let us in; the same again to open a channel."""
KEEPALIVE: Final = 30.0
CLIENT_NAME: Final = "Bastion"
TOO_OLD: Final = (
    "The device {device} only knows algorithms that are too old to be allowed without a derogation. "
    "Ask the hospital to make one, or to renew it."
)

KeepTask = Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"]


@lru_cache(maxsize=4096)
def public_key(line: str) -> asyncssh.SSHKey:
    """Parse a pinned host key once."""
    return asyncssh.import_public_key(line)


class DeviceLink:
    """The connection of one session. It may be dialled before the session is open, and logs in when `admit`ted."""

    def __init__(self, way: Way, keys: KeyRing, networks: Networks) -> None:
        self.way = way
        self._networks = networks
        self._keys = keys
        self._early: list[Audit] = []
        self._note: Callable[[Audit], None] = self._early.append
        self._lost: Callable[[str], None] | None = None
        self._login: DeviceLogin | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._credential: asyncio.Future[DeviceCredential] = asyncio.get_running_loop().create_future()
        self._dialing: asyncio.Task[asyncssh.SSHClientConnection] | None = None

    def dial(self, task: KeepTask) -> None:
        """Begin to connect; `task` keeps the task. Whoever opens a channel waits for it, and gets its error."""
        self._dialing = task(self._dial(), f"dial {self.way.device}")

    def admit(self, credential: DeviceCredential, note: Callable[[Audit], None], lost: Callable[[str], None]) -> None:
        """The session is open: log in. `note` takes facts for the audit chain, `lost` is told when the device goes."""
        self._note, self._lost = note, lost
        for fact in self._early:
            note(fact)
        self._credential.set_result(credential)

    async def connected(self) -> asyncssh.SSHClientConnection:
        """The connection, once we are let in. Raises what `open_channel` raises."""
        if self._dialing is None:
            raise DeviceUnreachable("nobody has dialled", device=self.way.device)
        return await asyncio.shield(self._dialing)

    async def open_channel(self, asked: Asked) -> DeviceEnd:
        """Open a shell, or run a command. Raises `DeviceUnreachable`, `HostKeyChanged`, `DeviceLoginFailed`."""
        connection = await self.connected()
        size = asked.size
        command: Any = asked.command.encode("utf-8", "surrogateescape") if asked.command else None  # bytes pass too
        try:
            async with asyncio.timeout(PATIENCE):
                _, end = await connection.create_session(
                    lambda: DeviceEnd(self._went), command, subsystem=asked.subsystem or None, env=None, send_env=None,
                    request_pty="force" if asked.pty else False, term_type=asked.term or None,
                    term_size=(size.cols, size.rows, 0, 0), term_modes=asked.modes,
                    x11_forwarding=False, encoding=None, window=WINDOW, max_pktsize=PACKET,
                )  # fmt: skip
        except asyncssh.ChannelOpenError as error:
            raise ChannelRefused(error.reason, sentence="The device refused to open this channel.") from error
        except (OSError, asyncssh.Error) as error:
            raise self._unreachable(error) from error
        return cast("DeviceEnd", end)

    def close(self) -> None:
        """End it, however far it has come. Synchronous."""
        self._lost = None
        self._credential.cancel()
        if self._dialing is not None:
            self._dialing.cancel()
        if self._connection is not None:
            self._connection.close()

    async def _dial(self) -> asyncssh.SSHClientConnection:
        try:
            options = self._options()
        except ValueError as error:  # a pinned key nobody can use, or none
            raise DeviceNotReady(str(error), device=self.way.device) from error
        try:
            async with asyncio.timeout(PATIENCE):
                sock = await tcp.connect(self.way.host, self.way.port, self._networks, PATIENCE, device=self.way.device)
                connection = await dialling.connect(options, sock, by_key=self._by_key)
        except (DeviceUnreachable, AddressRefused) as problem:
            self._note_unreachable(problem.detail)
            raise
        except asyncssh.HostKeyNotVerifiable as error:
            raise self._stranger(error) from error
        except TooOld as error:
            self._note_unreachable(str(error))
            raise DeviceNotReady(str(error), device=self.way.device, sentence=TOO_OLD) from error
        except (asyncssh.PermissionDenied, asyncssh.KeyImportError, UnicodeDecodeError) as error:
            raise self._not_let_in(error) from error
        except (OSError, asyncssh.Error) as error:
            raise self._unreachable(error) from error
        self._connection = connection
        return connection

    @property
    def _by_key(self) -> bool:
        return self.way.kind == SecretKind.PRIVATE_KEY

    def _options(self) -> asyncssh.SSHClientConnectionOptions:
        options = copy(_usual_options(self.way))
        options.protocol_factory = self._make_login
        return options

    def _make_login(self) -> DeviceLogin:
        self._login = DeviceLogin(self._credential, self._keys, self._went)
        return self._login

    def _went(self, why: str) -> None:
        """Only a connection that stood can be lost; one that never did is an error of `_dial`."""
        if self._connection is not None and self._lost is not None:
            self._lost(why)

    # -- what can go wrong ---------------------------------------------------------------------------------------------
    def _stranger(self, error: Exception) -> BastionError:
        seen = self._login.seen if self._login else None
        expected = " ".join(public_key(line).get_fingerprint() for line in self.way.host_keys)
        facts = {"device": self.way.device, "expected": expected, "seen": seen.get_fingerprint() if seen else ""}
        self._note(Audit("device:host_key_changed", facts))
        return HostKeyChanged(str(error), device=self.way.device)

    def _not_let_in(self, error: Exception) -> BastionError:
        self._note(Audit("device:login_failed", {"device": self.way.device, "account": self.way.login}))
        return DeviceLoginFailed(type(error).__name__, device=self.way.device)

    def _unreachable(self, error: Exception) -> BastionError:
        why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        self._note_unreachable(why)
        return DeviceUnreachable(why, device=self.way.device)

    def _note_unreachable(self, why: str) -> None:
        self._note(Audit("device:unreachable", {"device": self.way.device, "why": why[:200]}))


@lru_cache(maxsize=1024)
def _usual_options(way: Way) -> asyncssh.SSHClientConnectionOptions:
    """All that is the same each time a device is dialled. Nothing is read from the machine's own SSH configuration."""
    pinned = [key for key in map(public_key, way.host_keys) if algorithms.strong_enough(key, way.legacy)]
    methods = ["publickey"] if way.kind == SecretKind.PRIVATE_KEY else ["password", "keyboard-interactive"]
    return asyncssh.SSHClientConnectionOptions(
        host=way.host, port=way.port, config=None, client_version=CLIENT_NAME, username=way.login, client_keys=None,
        agent_path=None, gss_host=None, preferred_auth=methods,
        known_hosts=(pinned, [], []), server_host_key_algs=_algorithms_of(pinned, way.legacy),
        kex_algs=for_device(AlgorithmUse.KEX, way.legacy), mac_algs=for_device(AlgorithmUse.MAC, way.legacy),
        encryption_algs=for_device(AlgorithmUse.CIPHER, way.legacy), compression_algs=None,
        signature_algs=for_device(AlgorithmUse.HOST_KEY, way.legacy),
        login_timeout=PATIENCE, keepalive_interval=KEEPALIVE, agent_forwarding=False, x11_forwarding=False,
    )  # fmt: skip


def _algorithms_of(pinned: Sequence[asyncssh.SSHKey], legacy: Collection[str] = ()) -> list[str]:
    """Ask the device for the very keys that are pinned; an Ed25519-only dropbear aborts when asked for others first."""
    able = {name.decode() for key in pinned for name in key.sig_algorithms}
    return [name for name in for_device(AlgorithmUse.HOST_KEY, legacy) if name in able]
