"""Passwords: how they are kept, compared, and what they must be."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from bastion.errors import WeakPassword

MAX_PASSWORD: Final = 1024


class Passwords:
    """argon2id, in two threads of its own: a hash takes a tenth of a second, and recordings must not wait for it."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._decoy = ""
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="argon2")

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def matches(self, stored: str, password: str) -> bool:
        """Compare; an empty `stored` costs the same time and never matches."""
        if len(password) > MAX_PASSWORD:
            return False
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._verify, stored, password) and bool(stored)

    def _verify(self, stored: str, password: str) -> bool:
        if not stored and not self._decoy:
            self._decoy = self._hasher.hash(secrets.token_hex(16))
        try:
            return self._hasher.verify(stored or self._decoy, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


def check_password(password: str) -> None:
    """Length is what counts (NIST SP 800-63B): at least 12 characters, at most `MAX_PASSWORD`."""
    if not 12 <= len(password) <= MAX_PASSWORD:
        raise WeakPassword("length", field="password")
