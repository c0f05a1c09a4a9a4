"""One piece of work: the request by which it began, and those for more time or by which a colleague took over.

Nobody asks for it and decides on it (R-23): whoever asked for a part that was agreed to or still waits agrees to no
other, and whoever has agreed to a part that still waits asks for no other. So of those by whose agreement anything is
allowed none has asked for any of the work.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.parties import Actor
from bastion.errors import Conflict
from bastion.store.unit_of_work import UnitOfWork

HAS_AGREED: Final = "You have agreed to a part of this work that still waits for others: let somebody else ask."


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
