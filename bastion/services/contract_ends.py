"""What ends with a supplier's contract (R-18): what was agreed to for its people, and what they wait for. Once and for
good, so that nobody is back in when the day is put off: whoever is to go on asks again.

The door, and what goes on already, look at the contract themselves in that very second; here its end is written down.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain.parties import Actor
from bastion.services.revoking import revoke, withdraw
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

REASON: Final = "The supplier's contract is over."


class ContractEnds:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def settle(self, actor: Actor) -> int:
        """Take back what is left of those whose contract is over by now; return how much that was. Several nodes may
        do it at once: the second finds nothing.
        """
        now = clock.now()
        async with self._database.read() as uow:
            left = {one.supplier_id for one in await uow.grants.unfinished(now)}
            left |= {one.supplier_id for one in await uow.requests.pending(now)}
            if not await _over(uow, left, now):
                return 0
        async with self._database.write() as uow:
            await uow.locks.hold()
            return await take_back(uow, actor, await _over(uow, left, now), now)


async def take_back(uow: UnitOfWork, actor: Actor, supplier_ids: Collection[str], now: datetime) -> int:
    """Revoke what was agreed to for these suppliers' people and withdraw what waits, within the caller's transaction,
    who holds the locks; return how much that was.
    """
    if not supplier_ids:
        return 0
    grants = [one for one in await uow.grants.unfinished(now) if one.supplier_id in supplier_ids]
    for grant in grants:
        await revoke(uow, actor, grant, REASON, now)
        await uow.proofs.revoke_grant(grant.id)
    waiting = [one.id for one in await uow.requests.pending(now) if one.supplier_id in supplier_ids]
    return len(grants) + len(await withdraw(uow, actor, waiting, REASON, now))


async def _over(uow: UnitOfWork, supplier_ids: Collection[str], now: datetime) -> frozenset[str]:
    return frozenset(one.id for one in await uow.suppliers.some(supplier_ids) if not one.under_contract(now))
