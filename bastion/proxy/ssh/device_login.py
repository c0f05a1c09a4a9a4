"""Logging in on a device with the hospital's credential: each secret given once, to the question it is meant for."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import asyncssh

from bastion.services.views import DeviceCredential

_KEYS_KEPT: Final = 256


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


class DeviceLogin(asyncssh.SSHClient):
    """Answers what the device asks while we log in. `credential` may still be on its way: the vault releases it to an
    open session only.
    """

    def __init__(
        self, credential: "asyncio.Future[DeviceCredential]", keys: KeyRing, lost: Callable[[str], None]
    ) -> None:
        self.seen: asyncssh.SSHKey | None = None
        """The host key the device showed, when it was not a pinned one."""
        self._credential = credential
        self._given = False
        self._keys = keys
        self._lost = lost

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(type(exc).__name__ if exc else "closed by the device")

    def validate_host_public_key(self, _host: str, _addr: str, _port: int, key: asyncssh.SSHKey) -> bool:
        """Only asked about a key that is not pinned."""
        self.seen = key
        return False

    async def public_key_auth_requested(self) -> asyncssh.SSHKey | None:
        credential = await self._take()
        return self._keys.parse(credential.secret.reveal()) if credential else None

    async def password_auth_requested(self) -> str | None:
        credential = await self._take()
        return credential.secret.reveal().decode() if credential else None

    def kbdint_auth_requested(self) -> str | None:
        return None if self._given else ""

    async def kbdint_challenge_received(
        self, _name: str, _instructions: str, _lang: str, prompts: Sequence[tuple[str, bool]]
    ) -> list[str] | None:
        """Give the password to a single hidden prompt, and nothing to any other question."""
        if not prompts:
            return []
        hidden = len(prompts) == 1 and not prompts[0][1]
        credential = await self._take() if hidden else None
        return [credential.secret.reveal().decode()] if credential else None

    async def _take(self) -> DeviceCredential | None:
        if self._given:
            return None
        self._given = True
        return await self._credential
