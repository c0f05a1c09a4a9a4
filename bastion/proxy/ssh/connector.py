"""The way to a device: pinned host keys, the hospital's credential, one connection for all channels of a session.

Nothing of the technician's reaches the device but the bytes of his channels: no agent, no forwards, no environment.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from functools import lru_cache
from typing import Any, Final, cast

import asyncssh

from bastion.domain.device import SecretKind
from bastion.domain.session import Audit
from bastion.errors import BastionError, ChannelRefused, DeviceLoginFailed, DeviceUnreachable, HostKeyChanged
from bastion.proxy.ssh import algorithms
from bastion.proxy.ssh.channels import PACKET, WINDOW, Asked, DeviceEnd
from bastion.services.views import DeviceCredential, Opened

PATIENCE: Final = 10.0
"""Seconds for a device to answer, prove itself and let us in; the same again to open a channel."""
KEEPALIVE: Final = 30.0
CLIENT_NAME: Final = "Bastion"
_KEYS_KEPT: Final = 256


@lru_cache(maxsize=4096)
def public_key(line: str) -> asyncssh.SSHKey:
    """Parse a pinned host key once."""
    return asyncssh.import_public_key(line)


class KeyRing:
    """Private keys of device accounts, parsed once: an RSA key costs 0.1 s of CPU each time (perf.md)."""

    def __init__(self) -> None:
        self._keys: OrderedDict[bytes, asyncssh.SSHKey] = OrderedDict()

    def parse(self, pem: bytes) -> asyncssh.SSHKey:
        name = hashlib.sha256(pem).digest()
        key = self._keys.get(name) or asyncssh.import_private_key(pem)
        self._keys[name] = key
        self._keys.move_to_end(name)
        if len(self._keys) > _KEYS_KEPT:
            self._keys.popitem(last=False)
        return key


class _Client(asyncssh.SSHClient):
    """Answers what the device asks while we log in, each secret once."""

    def __init__(self, credential: DeviceCredential, keys: KeyRing, lost: Callable[[str], None]) -> None:
        self.seen: asyncssh.SSHKey | None = None
        self._credential: DeviceCredential | None = credential
        self._keys = keys
        self._lost = lost

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(type(exc).__name__ if exc else "closed by the device")

    def validate_host_public_key(self, _host: str, _addr: str, _port: int, key: asyncssh.SSHKey) -> bool:
        """Only asked about a key that is not pinned."""
        self.seen = key
        return False

    def public_key_auth_requested(self) -> asyncssh.SSHKey | None:
        credential = self._take()
        return self._keys.parse(credential.secret.reveal()) if credential else None

    def password_auth_requested(self) -> str | None:
        credential = self._take()
        return credential.secret.reveal().decode() if credential else None

    def kbdint_auth_requested(self) -> str | None:
        return "" if self._credential else None

    def kbdint_challenge_received(
        self, _name: str, _instructions: str, _lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        """Give the password to a single hidden prompt, and nothing to any other question."""
        if not prompts:
            return []
        hidden = len(prompts) == 1 and not prompts[0][1]
        credential = self._take() if hidden else None
        return [credential.secret.reveal().decode()] if credential else None

    def _take(self) -> DeviceCredential | None:
        credential, self._credential = self._credential, None
        return credential


class DeviceLink:
    """The connection of one session. `note` takes facts for the audit chain, `lost` is told when the device goes."""

    def __init__(
        self, opened: Opened, keys: KeyRing, note: Callable[[Audit], None], lost: Callable[[str], None]
    ) -> None:
        self._opened = opened
        self._keys = keys
        self._note = note
        self._lost = lost
        self._client: _Client | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._closed = False
        self._dialing: asyncio.Task[asyncssh.SSHClientConnection] | None = None

    def dial(self, task: Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"]) -> None:
        """Begin to connect; `task` keeps the task. Whoever opens a channel waits for it, and gets its error."""
        self._dialing = task(self._dial(), f"dial {self._opened.device.code}")

    async def open_channel(self, asked: Asked) -> DeviceEnd:
        """Open a shell, or run a command. Raises `DeviceUnreachable`, `HostKeyChanged`, `DeviceLoginFailed`."""
        if self._dialing is None:
            raise DeviceUnreachable("nobody has dialled", device=self._opened.device.code)
        connection = await asyncio.shield(self._dialing)
        size = asked.size
        command: Any = asked.command.encode("utf-8", "surrogateescape") if asked.command else None  # bytes pass too
        try:
            async with asyncio.timeout(PATIENCE):
                _, end = await connection.create_session(
                    lambda: DeviceEnd(self._went), command, subsystem=None, env=None, send_env=None,
                    request_pty="force" if asked.pty else False, term_type=asked.term or None,
                    term_size=(size.cols, size.rows, size.width, size.height), term_modes=asked.modes,
                    x11_forwarding=False, encoding=None, window=WINDOW, max_pktsize=PACKET,
                )  # fmt: skip
        except asyncssh.ChannelOpenError as error:
            raise ChannelRefused(error.reason, sentence="The device refused to open this channel.") from error
        except (OSError, asyncssh.Error) as error:
            raise self._unreachable(error) from error
        return cast("DeviceEnd", end)

    def close(self) -> None:
        self._closed = True
        if self._dialing is not None:
            self._dialing.cancel()
        if self._connection is not None:
            self._connection.close()

    async def _dial(self) -> asyncssh.SSHClientConnection:
        try:
            connection = await self._connect()
        except asyncssh.HostKeyNotVerifiable as error:
            raise self._stranger(error) from error
        except (asyncssh.PermissionDenied, asyncssh.KeyImportError, UnicodeDecodeError) as error:
            raise self._not_let_in(error) from error
        except (OSError, asyncssh.Error) as error:
            raise self._unreachable(error) from error
        self._connection = connection
        return connection

    async def _connect(self) -> asyncssh.SSHClientConnection:
        endpoint, credential = self._opened.endpoint, self._opened.credential
        by_key = credential.kind == SecretKind.PRIVATE_KEY
        pinned = [public_key(line) for line in endpoint.host_keys]
        return await asyncssh.connect(
            endpoint.host, endpoint.port, config=None, client_factory=self._make_client, client_version=CLIENT_NAME,
            username=credential.login, client_keys=None, agent_path=None, gss_host=None,
            preferred_auth=["publickey"] if by_key else ["password", "keyboard-interactive"],
            known_hosts=(pinned, [], []), server_host_key_algs=_algorithms_of(pinned),
            kex_algs=algorithms.DEVICE_KEX, encryption_algs=algorithms.DEVICE_CIPHERS,
            mac_algs=algorithms.DEVICE_MACS, compression_algs=None, connect_timeout=PATIENCE,
            keepalive_interval=KEEPALIVE, agent_forwarding=False, x11_forwarding=False,
        )  # fmt: skip

    def _make_client(self) -> _Client:
        self._client = _Client(self._opened.credential, self._keys, self._went)
        return self._client

    def _went(self, why: str) -> None:
        """Only a connection that stood can be lost; one that never did is an error of `_dial`."""
        if self._connection is not None and not self._closed:
            self._lost(why)

    # -- what can go wrong ---------------------------------------------------------------------------------------------
    def _stranger(self, error: Exception) -> BastionError:
        device = self._opened.device.code
        seen = self._client.seen if self._client else None
        expected = " ".join(public_key(line).get_fingerprint() for line in self._opened.endpoint.host_keys)
        facts = {"device": device, "expected": expected, "seen": seen.get_fingerprint() if seen else ""}
        self._note(Audit("device:host_key_changed", facts))
        return HostKeyChanged(str(error), device=device)

    def _not_let_in(self, error: Exception) -> BastionError:
        device = self._opened.device.code
        self._note(Audit("device:login_failed", {"device": device, "account": self._opened.credential.login}))
        return DeviceLoginFailed(type(error).__name__, device=device)

    def _unreachable(self, error: Exception) -> BastionError:
        device = self._opened.device.code
        why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        self._note(Audit("device:unreachable", {"device": device, "why": why[:200]}))
        return DeviceUnreachable(why, device=device)


def _algorithms_of(pinned: Sequence[asyncssh.SSHKey]) -> list[str]:
    """Ask the device for the very keys that are pinned; an Ed25519-only dropbear aborts when asked for others first."""
    able = {name.decode() for key in pinned for name in key.sig_algorithms}
    return [name for name in algorithms.DEVICE_HOST_KEYS if name in able]
