"""One piece of work: the request by which it began, and those for more time or by which a colleague took over.

Nobody asks for it and decides on it (R-23): whoever asked for a part that was agreed to or still waits agrees to no
other, and whoever has agreed to a part that still waits asks for no other. So of those by whose agreement anything is
allowed none has asked for any of the work.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.handover import Handover
from bastion.domain.parties import Actor
from bastion.domain.session_record import SessionRecord
from bastion.errors import Conflict
from bastion.store.unit_of_work import UnitOfWork

HAS_AGREED: Final = "You have agreed to a part of this work that still waits for others: let somebody else ask."


@dataclass(frozen=True, slots=True)
class Part:
    """A request of a work: the one by which it began, one for more time, or one to take over (`handover`: from whom).

    `grant` is the authorisation that it led to, and `sessions` those under it, the earliest first; more time led to
    none of its own.
    """

    request: AccessRequest
    handover: Handover | None = None
    grant: Grant | None = None
    sessions: tuple[SessionRecord, ...] = ()

    def under_way(self, now: datetime) -> bool:
        """Whether somebody is at work on it, or may still begin."""
        to_come = self.grant is not None and self.grant.status(now) in {GrantStatus.SCHEDULED, GrantStatus.OPEN}
        return to_come or any(one.live for one in self.sessions)


async def parts_of(uow: UnitOfWork, work_ids: Collection[str]) -> Mapping[str, tuple[Part, ...]]:
    """All of each of these works, in the order in which it was asked for, by the id of the work."""
    requests = await uow.requests.of_works(work_ids)
    handovers = await uow.handovers.of_several([one.id for one in requests if one.first_id])
    grants = {one.request_id: one for one in await uow.grants.of_requests([one.id for one in requests])}
    sessions: dict[str, list[SessionRecord]] = defaultdict(list)
    for record in await uow.sessions.of_grants([one.id for one in grants.values()]):
        sessions[record.grant_id].append(record)
    found: dict[str, list[Part]] = defaultdict(list)
    for one in sorted(requests, key=lambda one: (one.created_at, one.id)):
        grant = grants.get(one.id)
        under = tuple(sessions[grant.id]) if grant else ()
        found[one.work_id].append(Part(one, handovers.get(one.id), grant, under))
    return {work_id: tuple(parts) for work_id, parts in found.items()}


async def other_parts(uow: UnitOfWork, request: AccessRequest) -> tuple[Part, ...]:
    """The rest of the work that a request belongs to; what nobody has agreed to has no other parts yet."""
    if not request.first_id and not request.grant_id:
        return ()
    parts = (await parts_of(uow, {request.work_id}))[request.work_id]
    return tuple(part for part in parts if part.request.id != request.id)


async def askers(uow: UnitOfWork, work_id: str) -> frozenset[str]:
    """Who asked for a part of a work that was agreed to: they agree to no more of it and do not review it (R-23)."""
    return askers_of(await uow.requests.of_works({work_id}))[work_id]


def askers_of(parts: Iterable[AccessRequest], now: datetime | None = None) -> Mapping[str, frozenset[str]]:
    """The same of several works, by the id of each; `parts` are all that belong to them. With `now`, also who asked for
    a part that still waits.
    """
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    for one in parts:
        if one.grant_id or (now and one.state(now) is RequestState.PENDING):
            found[one.work_id] |= one.askers
    return found


async def goes_on(uow: UnitOfWork, first: AccessRequest, actor: Actor, now: datetime) -> AccessRequest:
    """`first` as what `actor` asks for more of: of the same work, with who asked for it so far.

    `Conflict` for whoever agreed to a part that still waits: his agreement would count for what he asked for himself.
    """
    parts = await uow.requests.of_works({first.work_id})
    waiting = (one for one in parts if one.state(now) is RequestState.PENDING)
    if any(actor.id in agreed.voices for one in waiting for agreed in one.approvals):
        raise Conflict(f"{actor.id} has agreed to a part of {first.work_id}", sentence=HAS_AGREED)
    return replace(first, first_id=first.work_id, earlier_askers=askers_of(parts)[first.work_id])
