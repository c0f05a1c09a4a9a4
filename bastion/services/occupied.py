"""Whether a device is free for what is asked: who else is at work on it, is authorised on it or asks for that time."""

from collections.abc import Sequence
from datetime import datetime

from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.grant import Grant
from bastion.services.joins import Concerning, Joins
from bastion.services.views import Occupant
from bastion.store.unit_of_work import UnitOfWork

MOST = 10
"""Of each kind: whoever reads that ten others are there knows enough."""


async def occupied(uow: UnitOfWork, joins: Joins, request: AccessRequest, now: datetime) -> tuple[Occupant, ...]:
    """Who else is on the device now, or would be in the time that is asked for; nobody for what is decided already."""
    if request.state(now) is not RequestState.PENDING:
        return ()
    start, end = await _time_of(joins, request, now)
    sessions = await uow.sessions.live_on_device(request.device_id, MOST)
    sessions = [one for one in sessions if one.grant_id != request.extends_grant_id]
    working = {one.grant_id for one in sessions}
    grants = [
        one
        for one in await uow.grants.between(start, end, None, MOST, request.device_id)
        if one.id not in working | {request.extends_grant_id}
    ]
    asked = await uow.requests.search(state=RequestState.PENDING, device_id=request.device_id, now=now, limit=MOST)
    times = [(one, *await _time_of(joins, one, now)) for one in asked if one.id != request.id]
    await joins.about([*sessions, *grants, *asked])
    await joins.know("grant", working)
    ends: Sequence[Grant] = [await joins.grant(one.grant_id) for one in sessions]
    return (
        *[
            await _occupant(joins, "live", one, one.id, (one.started_at, grant.end))
            for one, grant in zip(sessions, ends, strict=True)
        ],
        *[await _occupant(joins, "granted", one, one.request_id, (one.start, one.end)) for one in grants],
        *[
            await _occupant(joins, "asked", one, one.id, (begins, ends_at))
            for one, begins, ends_at in times
            if begins < end and start < ends_at
        ],
    )


async def waits_already(
    uow: UnitOfWork, technician_id: str, device_id: str, start: datetime, end: datetime, now: datetime, *,
    urgent: bool = False,
) -> bool:  # fmt: skip
    """Whether this technician has asked for some of that time already and waits for the answer.

    An emergency waits for no other work; only of another emergency everybody has been told already.
    """
    joins = Joins(uow)
    for one in await uow.requests.open_for(technician_id, device_id, now):
        begins, ends = await _time_of(joins, one, now)
        if begins < end and start < ends and not (urgent and await uow.emergencies.get(one.work_id) is None):
            return True
    return False


async def waiting_at_the_door(
    uow: UnitOfWork, technician_id: str, device_id: str, now: datetime
) -> AccessRequest | None:  # fmt: skip
    """What somebody who is there waits for first: what would begin before the rest, of that the newest."""
    waiting = await uow.requests.open_for(technician_id, device_id, now)
    return min(waiting, key=lambda one: max(one.begins or now, now), default=None)


async def _time_of(joins: Joins, request: AccessRequest, now: datetime) -> tuple[datetime, datetime]:
    """From when to when it would be, agreed to now."""
    if request.extends_grant_id:
        return (await joins.grant(request.extends_grant_id)).prolonged(request, now)
    start = max(request.begins or now, now)
    return start, start + request.agreed


async def _occupant(
    joins: Joins, how: str, fact: Concerning, ident: str, time: tuple[datetime, datetime]
) -> Occupant:  # fmt: skip
    technician, supplier = await joins.technician(fact.technician_id), await joins.supplier(fact.supplier_id)
    return Occupant(how, technician.name, supplier.name, ident, *time)
