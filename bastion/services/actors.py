"""Who somebody is as he acts: what the registers, the reviews and what was lent to him make of a person."""

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
    actor = await reviewed(uow, staff_actor(staff, source, factor_at), now)
    return replace(actor, lent=await lent_to(uow, staff.id, now))


async def lent_to(uow: UnitOfWork, staff_id: str, now: datetime) -> tuple[Lent, ...]:
    """What a person may use in others' names at this moment: never more than they may themselves (R-19)."""
    kept: list[Lent] = []
    for one in await uow.delegations.standing(now, staff_id):
        lender = await uow.staff.get(one.from_id)
        if lender is not None:
            able = await reviewed(uow, staff_actor(lender, "", None), now)
            kept += one.lends(replace(lender, assignments=able.assignments), now)
    return tuple(kept)


async def reviewed(uow: UnitOfWork, actor: Actor, now: datetime) -> Actor:
    """The person without the roles that a review of rights has withdrawn, or not confirmed in time (R-19)."""
    said = await uow.review_lines.verdicts(RightKind.STAFF, actor.id, now)
    gone = {right for right, verdict in said.items() if verdict is not Verdict.CONFIRMED}
    kept = tuple(one for one in actor.assignments if one.role not in gone)
    return replace(actor, assignments=kept) if gone else actor


def technician_actor(technician: Technician, source: str, factor_at: datetime) -> Actor:
    return Actor(
        ActorKind.TECHNICIAN, technician.id, technician.login, technician.name, source,
        supplier_id=technician.supplier_id, language=technician.language, factor_at=factor_at,
    )  # fmt: skip
