"""Passwords: how they are kept, compared, and what they must be."""

import asyncio
import base64
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION

from bastion.errors import WeakPassword

MAX_PASSWORD: Final = 1024


class Passwords:
    """argon2id, in two threads of its own: a hash takes a tenth of a second, and recordings must not wait for it."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """`hasher` says what a hash costs; by default what RFC 9106 recommends where memory is scarce."""
        self._hasher = hasher or PasswordHasher()
        self._decoy = _decoy(self._hasher)
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
        try:
            return self._hasher.verify(stored or self._decoy, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


def _decoy(hasher: PasswordHasher) -> str:
    """What a stored hash looks like, of no password that anybody knows. Composed and not computed, so that it is there
    from the first try on and costs a command that asks for no password nothing.
    """
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len)
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2{hasher.type.name.lower()}$v={ARGON2_VERSION}${costs}${salt}${digest}"


def check_password(password: str) -> None:
    """Length is what counts (NIST SP 800-63B): at least 12 characters, at most `MAX_PASSWORD`."""
    if not 12 <= len(password) <= MAX_PASSWORD:
        raise WeakPassword("length", field="password")
