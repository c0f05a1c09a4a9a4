"""What nobody decided in time (R-24): the trail says once that it lapsed, and whoever waited for it is told.

That it has lapsed is derived from the clock and needs nobody; here it is written down.
"""

from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.parties import Actor
from bastion.services.joins import Joins
from bastion.services.requests import audit_decision
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

SAID_UNTIL: Final = "lapses_said_until"
"""Up to which instant what lapsed is in the trail."""


class Lapses:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, actor: Actor) -> int:
        """Write down what has lapsed since the last time; return how much. Several nodes may do it at once: the second
        finds nothing. What lapsed before the first time ever is nobody's news any more.
        """
        now = clock.now()
        async with self._database.read() as uow:
            since = await _said_until(uow)
            if since is not None and not await uow.requests.lapsed(since, now):
                return 0
        async with self._database.write() as uow:
            await uow.locks.hold()  # another node may be at it
            since = await _said_until(uow) or now
            lapsed = await uow.requests.lapsed(since, now)
            for one in lapsed:
                await _note(uow, actor, one, now)
            await uow.settings.put(SAID_UNTIL, max(since, now).isoformat())
        return len(lapsed)


async def _said_until(uow: UnitOfWork) -> datetime | None:
    said = await uow.settings.get(SAID_UNTIL)
    return datetime.fromisoformat(said) if said else None


async def _note(uow: UnitOfWork, actor: Actor, one: AccessRequest, now: datetime) -> None:
    joins = Joins(uow)
    device, supplier = await joins.device(one.device_id), await joins.supplier(one.supplier_id)
    technician, urgent = await joins.technician(one.technician_id), await joins.emergency(one) is not None
    await audit_decision(
        uow, "request:expired", actor, one, now, device=device.code, supplier=supplier.code,
        technician=technician.login, missing=max(one.missing, 1), emergency="yes" if urgent else "",
    )  # fmt: skip
