"""Who somebody is as he acts: what the registers, the reviews and what was lent to him make of a person."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bastion.domain.parties import Actor, ActorKind, Lent, Staff, Technician
from bastion.domain.review import RightKind, Verdict
from bastion.store.unit_of_work import UnitOfWork


def staff_actor(staff: Staff, source: str, factor_at: datetime | None) -> Actor:
    return Actor(
        ActorKind.STAFF, staff.id, staff.login, staff.name, source, staff.assignments,
        language=staff.language, factor_at=factor_at,
    )  # fmt: skip


async def staff_now(
    uow: UnitOfWork, staff: Staff, source: str, factor_at: datetime | None, now: datetime
) -> Actor:  # fmt: skip
    """The person with all he may at this moment: what a review left him, and what was lent to him."""
    return replace((await all_now(uow, [staff], now))[staff.id], source=source, factor_at=factor_at)


async def all_now(uow: UnitOfWork, staff: Sequence[Staff], now: datetime) -> dict[str, Actor]:
    """The same for many, by id, in as many statements as for one; nobody has just shown a second factor.

    What is lent is never more than the lender may himself (R-19).
    """
    ids = {one.id for one in staff}
    lent = [one for one in await uow.delegations.standing(now) if one.to_id in ids] if ids else []
    lenders = {one.id: one for one in await uow.staff.some({one.from_id for one in lent})}
    said = await uow.review_lines.verdicts_of(RightKind.STAFF, ids | lenders.keys(), now)
    able = {
        one.id: _left(staff_actor(one, "", None), said.get(one.id, {})) for one in (*staff, *lenders.values())
    }  # fmt: skip
    held: dict[str, list[Lent]] = {ident: [] for ident in ids}
    for one in lent:
        if (lender := lenders.get(one.from_id)) is not None:
            held[one.to_id] += one.lends(replace(lender, assignments=able[lender.id].assignments), now)
    return {ident: replace(able[ident], lent=tuple(borrowed)) for ident, borrowed in held.items()}


async def reviewed(uow: UnitOfWork, actor: Actor, now: datetime) -> Actor:
    """The person without the roles that a review of rights has withdrawn, or not confirmed in time (R-19)."""
    said = await uow.review_lines.verdicts_of(RightKind.STAFF, {actor.id}, now)
    return _left(actor, said.get(actor.id, {}))


def _left(actor: Actor, said: Mapping[str, Verdict | None]) -> Actor:
    gone = {right for right, verdict in said.items() if verdict is not Verdict.CONFIRMED}
    kept = tuple(one for one in actor.assignments if one.role not in gone)
    return replace(actor, assignments=kept) if gone else actor


def technician_actor(technician: Technician, source: str, factor_at: datetime) -> Actor:
    return Actor(
        ActorKind.TECHNICIAN, technician.id, technician.login, technician.name, source,
        supplier_id=technician.supplier_id, language=technician.language, factor_at=factor_at,
    )  # fmt: skip
