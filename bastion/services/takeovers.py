"""What the agreement to a handover brings about: the first authorisation ends as the colleague's begins."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bastion.domain.access_request import AccessRequest
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.own_words import HANDED_OVER
from bastion.domain.parties import Actor
from bastion.errors import Invalid
from bastion.services.joins import found
from bastion.services.revoking import revoke
from bastion.store.unit_of_work import UnitOfWork

NOTHING_LEFT: Final = "From then on nothing is left of what is handed over: choose an earlier start, or refuse."


async def take_over(uow: UnitOfWork, actor: Actor, request: AccessRequest, grant: Grant, now: datetime) -> Grant:
    """If this grant takes over another one: end that one, begin and end within it, and hold on its conditions too.

    Within the caller's work.
    """
    handover = await uow.handovers.get(request.id)
    if handover is None:
        return grant
    first = found(await uow.grants.get(handover.grant_id))
    if max(grant.start, first.start, grant.planned) >= min(grant.end, first.end):
        raise Invalid("start", field="start", sentence=NOTHING_LEFT)
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
