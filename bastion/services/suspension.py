"""Whether somebody who is registered may work now: his employer (R-46), the supplier's word for him (R-18), and the
hospital's own review of rights (R-19).

No policy can waive it. It is asked when he comes, when something is asked or agreed for him, and when a session opens.
"""

from collections.abc import Collection
from datetime import datetime

from bastion.domain.parties import Supplier, Technician
from bastion.domain.review import UNREVIEWED, RightKind, Verdict
from bastion.domain.roster import UNCONFIRMED, RosterState, enrolled
from bastion.errors import Phrase, Suspended
from bastion.store.rosters import Employment
from bastion.store.unit_of_work import UnitOfWork

UNDECLARED = Phrase("the employer is not declared to the hospital.")


async def refuse_if_suspended(uow: UnitOfWork, technician: Technician, now: datetime) -> None:
    refuse_for(technician, await why_suspended(uow, technician.id, now))


def refuse_for(technician: Technician, why: Phrase | None) -> None:
    """Raise `Suspended` if there is something in the way."""
    if why is not None:
        raise Suspended(f"{technician.login}: {why}", why=why)


async def why_suspended(uow: UnitOfWork, technician_id: str, now: datetime) -> Phrase | None:
    """What stands in the way, the gravest first; `None` when he may work."""
    facts = await uow.rosters.employment(technician_id)
    return why_unemployed(facts, technician_id, now) or await why_unreviewed(uow, technician_id, now)


def why_unemployed(facts: Employment | None, technician_id: str, now: datetime) -> Phrase | None:
    """What the employer or the supplier says against it."""
    if facts is None or (facts.employer_id and facts.employer is None):
        return UNDECLARED
    why = facts.employer.why_not(now) if facts.employer else None
    if why is not None:
        return why
    confirmed = facts.confirmed or enrolled(technician_id)
    return UNCONFIRMED if confirmed.state(now) is RosterState.SUSPENDED else None


async def why_unreviewed(uow: UnitOfWork, technician_id: str, now: datetime) -> Phrase | None:
    """What the hospital's own review says against it."""
    said = await uow.review_lines.verdicts(RightKind.TECHNICIAN, technician_id, now)
    return UNREVIEWED if any(verdict is not Verdict.CONFIRMED for verdict in said.values()) else None


async def suspended_of(
    uow: UnitOfWork, supplier: Supplier, people: Collection[Technician], now: datetime
) -> frozenset[str]:
    """Of these people of one supplier, those for whom `why_suspended` has an answer; asked of all of them at once."""
    ids = [one.id for one in people]
    employers = {one.id: one for one in await uow.subcontractors.of(supplier.id)}
    confirmed = {one.technician_id: one for one in await uow.rosters.of(supplier.id)}
    facts = {
        one.id: Employment(one.employer_id, employers.get(one.employer_id), confirmed.get(one.id)) for one in people
    }
    said = await uow.review_lines.last_of(RightKind.TECHNICIAN, ids, now)
    unreviewed = {ident for ident, verdict in said.items() if verdict is not Verdict.CONFIRMED}
    return frozenset(i for i in ids if i in unreviewed or why_unemployed(facts[i], i, now) is not None)


async def turned_out(uow: UnitOfWork, technician_ids: Collection[str], now: datetime) -> frozenset[str]:
    """Those whose running sessions end too: the hospital has objected to the employer, or withdrawn the access in a
    review.

    What only the clock brings about ends no work under way: a device may be in the middle of an update.
    """
    objected = await uow.rosters.barred(technician_ids)
    said = await uow.review_lines.last_of(RightKind.TECHNICIAN, technician_ids, now)
    return objected | {ident for ident, verdict in said.items() if verdict is Verdict.WITHDRAWN}
