"""What the agreement to a handover brings about: the first authorisation ends as the colleague's begins."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bastion.domain.access_request import AccessRequest
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.own_words import HANDED_OVER
from bastion.domain.parties import Actor
from bastion.domain.timebox import TimeBox
from bastion.errors import Invalid
from bastion.services.joins import found
from bastion.services.revoking import revoke
from bastion.store.unit_of_work import UnitOfWork

NOTHING_LEFT: Final = "From then on nothing is left of what is handed over: choose an earlier start, or refuse."


async def refuse_nothing_left(uow: UnitOfWork, request: AccessRequest, now: datetime) -> TimeBox:
    """Return when the work may be done as it is agreed to so far, within what it takes over if it takes over anything;
    `Invalid` for a start from which on nothing of that is left.
    """
    box, handover = request.box(now), await uow.handovers.get(request.id)
    if handover is None:
        return box
    first = found(await uow.grants.get(handover.grant_id))
    start, end = max(box.start, first.start), min(box.end, first.end)
    if start >= end:
        raise Invalid("start", field="start", sentence=NOTHING_LEFT)
    return TimeBox(start, end)


async def take_over(uow: UnitOfWork, actor: Actor, request: AccessRequest, grant: Grant, now: datetime) -> Grant:
    """If this grant takes over another one: end that one, begin and end within it, and hold on its conditions too.

    Within the caller's work.
    """
    handover = await uow.handovers.get(request.id)
    if handover is None:
        return grant
    await refuse_nothing_left(uow, request, now)
    first = found(await uow.grants.get(handover.grant_id))
    begun = first.status(now) is GrantStatus.OPEN
    why = HANDED_OVER.format(name=request.technician_name)
    await revoke(uow, actor, first, why, now, agreed_id=request.id)
    await uow.audit.append(
        "grant:handed_over", actor=actor, subject=("grant", first.id), facility_id=first.facility_id, at=now,
        grant=grant.id, request=request.id, technician=request.technician_name,
    )  # fmt: skip
    return replace(
        grant.under(first.conditions), start=max(grant.start, first.start), end=min(grant.end, first.end),
        spent=first.behind(grant.planned), slack=timedelta() if begun else min(grant.slack, first.slack),
    )  # fmt: skip
