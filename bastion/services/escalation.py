"""Nobody answers: who is told of a request after whom (R-26).

Whoever is on call, then who is next on call, then the other approvers, then security.
The next ring is told when the ring before has had its time: less for an emergency, and where the time that is left
would be over before all were told. The clock alone decides: a mail that does not arrive holds nothing up. A ring nobody
of which can be told is passed over at once; where there is nobody at all who may decide, security hears of it at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from bastion.domain.access_request import AccessRequest
from bastion.domain.parties import Staff, system_actor
from bastion.domain.rota import LINES
from bastion.domain.telling import Delivery, RecipientKind, Topic
from bastion.services.rings import Rings
from bastion.services.standby import Ring
from bastion.services.telling_log import MOST_STEPS, keys_of, step_key
from bastion.services.tellings import Telling
from bastion.store.unit_of_work import UnitOfWork

URGENT_BEFORE: Final = timedelta(days=1)
"""A request for later than that is not urgent yet, whoever answers it."""
MOST_RINGS: Final = LINES + 2
"""Each line on call, the other approvers, security."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a ring is waited for."""

    usual: timedelta = timedelta(minutes=15)
    emergency: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Step:
    """The next ring of a request, and what it is told."""

    number: int
    ring: Ring
    people: tuple[Staff, ...]
    telling: Telling

    def key(self, request_id: str) -> str:
        return step_key(request_id, self.number)


def asked_at(request: AccessRequest) -> datetime:
    """From when on an answer is urgent: of several, each has its time after the one before."""
    before = request.approvals[-1].at if request.approvals else request.created_at
    return max(before, (request.start or request.created_at) - URGENT_BEFORE)


async def next_step(
    uow: UnitOfWork, rings: Rings, request: AccessRequest, patience: Patience, now: datetime
) -> Step | None:
    """The ring whose turn it is at this moment; `None` while the one before has its time, or when all were told."""
    waited = now - asked_at(request)
    if waited < timedelta():
        return None
    told = await uow.deliveries.on(keys_of(request.id))
    number = 1 + len({one.key for one in told if one.topic is Topic.REQUEST_UNANSWERED})
    if number > MOST_STEPS:
        return None
    earliest = number * await _pause(rings, request, patience, MOST_RINGS)
    if waited < earliest and (number > 1 or await _waited_for(uow, rings, request, told)):
        return None  # this is looked at all the time: whom the rules let agree is not asked before it matters
    ready = await rings.asked(request)
    ladder = (*ready.ladder(), (Ring.SECURITY, tuple(await rings.security(request))))
    pause = await _pause(rings, request, patience, len(ladder))
    if number == 1 and rings.by_mail and not await rings.can_be_told(ready.people):
        pause = timedelta()  # there is nobody to wait for
    if waited < number * pause:
        return None
    known = {one.recipient_id for one in told}
    for ring, people in ladder:
        fresh = tuple(one for one in people if one.id not in known)
        telling = await rings.unanswered(request, fresh, ring, number, ceil(number * pause.total_seconds() / 60))
        reached = {one.id for one in telling.recipients if one.kind is RecipientKind.STAFF}
        if reached or (number == 1 and ring is Ring.SECURITY and telling.recipients):
            return Step(number, ring, tuple(one for one in fresh if one.id in reached), telling)
    return None


async def _waited_for(uow: UnitOfWork, rings: Rings, request: AccessRequest, told: Sequence[Delivery]) -> bool:
    """Whether the first ring has its time, as far as that can be told cheaply: somebody heard of the request, whenever
    that was, has not agreed yet, and is still there; or nobody hears anything by mail. Where people agree in turn, he
    heard since the last agreement: before that it may have been another's turn.
    """
    if rings.in_turn and request.approvals:
        told = [one for one in told if one.at >= request.approvals[-1].at]
    agreed = frozenset[str]().union(*(one.voices for one in request.approvals))
    heard = {one.recipient_id for one in told if one.recipient_kind is RecipientKind.STAFF} - agreed
    there = [one for one in await uow.staff.some(heard) if one.active]
    return not rings.by_mail or await rings.can_be_told(there)


async def _pause(rings: Rings, request: AccessRequest, patience: Patience, several: int) -> timedelta:
    """How long each of so many rings is waited for: all of them hear of it before it is too late."""
    usual = patience.emergency if await rings.urgent(request) else patience.usual
    return min(usual, (request.expires_at - asked_at(request)) / (several + 1))


async def note(uow: UnitOfWork, request: AccessRequest, step: Step, now: datetime) -> None:
    await uow.audit.append(
        "request:escalated", actor=system_actor(), subject=("request", request.id), facility_id=request.facility_id,
        at=now, step=step.number, ring=step.ring, minutes=step.telling.facts["minutes"],
        who=", ".join(one.name for one in step.people),
    )  # fmt: skip
    uow.hint("request", request.id)
