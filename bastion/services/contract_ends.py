"""What ends with a supplier's contract (R-18): what was agreed to for its people, what they wait for, and the
maintenance windows they were expected in. Once and for good, so that nobody is back in when the day is put off:
whoever is to go on asks again, and whoever is to come again is proposed anew (`window_terms` says why).

The door, and what goes on already, look at the contract themselves in that very second; here its end is written down.
"""

from collections.abc import Collection
from datetime import datetime

from bastion import clock
from bastion.domain.own_words import CONTRACT_OVER
from bastion.domain.parties import Actor
from bastion.services.revoking import revoke_all, withdraw
from bastion.services.window_terms import end_with_contract
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork


class ContractEnds:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def settle(self, actor: Actor) -> int:
        """Take back what is left of those whose contract is over by now; return how much that was. Several nodes may
        do it at once: the second finds nothing.
        """
        now = clock.now()
        async with self._database.read() as uow:
            left = await _left(uow, now)
            if not await _over(uow, left, now):
                return 0
        async with self._database.write() as uow:
            await uow.locks.hold()
            now = clock.now()  # a contract may end while this waits
            return await take_back(uow, actor, await _over(uow, left, now), now)


async def take_back(uow: UnitOfWork, actor: Actor, supplier_ids: Collection[str], now: datetime) -> int:
    """Revoke what was agreed to for these suppliers' people, withdraw what waits and end the windows they were expected
    in, within the caller's transaction, who holds the locks; return how much that was.
    """
    if not supplier_ids:
        return 0
    grants = [one for one in await uow.grants.unfinished(now) if one.supplier_id in supplier_ids]
    await revoke_all(uow, actor, grants, CONTRACT_OVER, now)
    for grant in grants:
        await uow.proofs.revoke_grant(grant.id)
    waiting = [one.id for one in await uow.requests.pending(now) if one.supplier_id in supplier_ids]
    withdrawn = await withdraw(uow, actor, waiting, CONTRACT_OVER, now)
    return len(grants) + len(withdrawn) + await end_with_contract(uow, actor, supplier_ids, now)


async def _left(uow: UnitOfWork, now: datetime) -> set[str]:
    """Of whom something is left that a contract must carry; of windows only where none of its companies has one."""
    left = {one.supplier_id for one in await uow.grants.unfinished(now)}
    left |= {one.supplier_id for one in await uow.requests.pending(now)}
    over = await _over(uow, await uow.windows.companies(now), now)
    return left | await uow.windows.left_to(over, now) if over else left


async def _over(uow: UnitOfWork, supplier_ids: Collection[str], now: datetime) -> frozenset[str]:
    return frozenset(one.id for one in await uow.suppliers.some(supplier_ids) if not one.under_contract(now))
