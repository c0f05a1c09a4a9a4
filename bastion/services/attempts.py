"""Guessing at the doors: how often somebody may try, and who is kept out by whose tries (T28).

A login that failed too often from one address waits. An address from which one login after the other is tried waits
too, but not those who are known there: who has shown a key, a cookie, a token or a mailed link already, and who signed
in from that address before. Else a stranger behind a hospital's own proxy, or in a supplier's office, shuts its door
for everybody who works there.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bastion import clock
from bastion.errors import AuthenticationFailed, TooManyAttempts
from bastion.services.actors import stranger
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

MAX_FAILURES: Final = 5
MAX_FROM_SOURCE: Final = 50
FAILURE_WINDOW: Final = timedelta(minutes=15)
WINDOW_MINUTES: Final = 15
KNOWN_FOR: Final = timedelta(days=30)
"""How long an address counts as one from which somebody signs in; his browser's sessions are kept as long."""
CODE_SECONDS: Final = 30
WRONG_SIGN_IN: Final = "The login, the password or the code is wrong. Wait for the next code, then try again."
"""What a browser's door says, one sentence for every cause: there is no key there (T33)."""
PATIENCE: Final = 1.0
"""Seconds after which a flooded address is answered, whoever was tried: else time tells who is known there (T33)."""


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was counted and may be judged. `flooded`: from this address too many logins were tried."""

    login: str
    flooded: bool
    begun: float
    """On the loop's clock."""

    async def failed(self, door: str) -> AuthenticationFailed:
        """What a wrong try is told; where too many were made, the same as everybody else is told, and no sooner."""
        if not self.flooded:
            return AuthenticationFailed(door, sentence=WRONG_SIGN_IN)
        await asyncio.sleep(self.begun + PATIENCE - asyncio.get_running_loop().time())
        return TooManyAttempts(self.login, minutes=WINDOW_MINUTES)


class Attempts:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, login: str, source: str, door: str, *, known: bool = False) -> Try:
        """Count a try before it is judged, so that tries at the same moment count too; success clears the count.

        Raises `TooManyAttempts` for a login that failed too often from this source, and, unless he is `known` there,
        for a source that tries one login after the other. Neither costs a hash. The first writes one line in the trail
        as his tries run out, the second one in a window for the whole address, whoever is tried there.
        """
        now, begun = clock.now(), asyncio.get_running_loop().time()
        async with self._database.write(quick=True) as uow:
            await uow.locks.hold()
            failures = await uow.failures.count(login, source, now - FAILURE_WINDOW)
            flood = await uow.failures.count("", source, now - FAILURE_WINDOW)
            counted = Try(login, flood >= MAX_FROM_SOURCE, begun)
            shut = counted.flooded and not known
            if failures <= MAX_FAILURES and not shut:
                await uow.failures.add(login, source, now)
            if (failures == MAX_FAILURES and not shut) or (shut and await _first_refused(uow, source, now)):
                await _audit_lockout(uow, login, source, door, now)
        if failures >= MAX_FAILURES and not counted.flooded:
            raise TooManyAttempts(login, minutes=WINDOW_MINUTES)
        if failures >= MAX_FAILURES or shut:
            raise await counted.failed(door)
        return counted


async def _first_refused(uow: UnitOfWork, source: str, now: datetime) -> bool:
    """Whether nobody was refused for this address in this window yet, whoever's tries have filled it; he is now."""
    mark = f"shut {source}"
    if await uow.failures.count("", mark, now - FAILURE_WINDOW):
        return False
    await uow.failures.add("", mark, now)
    return True


async def _audit_lockout(uow: UnitOfWork, login: str, source: str, door: str, now: datetime) -> None:
    await uow.audit.append(
        "auth:locked_out", actor=stranger(source), subject=("login", login[:64]), at=now,
        door=door, minutes=WINDOW_MINUTES, login=login,
    )  # fmt: skip
