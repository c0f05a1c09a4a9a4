"""Who somebody is as he acts: what the registers, the reviews and what was lent to him make of a person."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bastion.domain.parties import EVERYWHERE, Actor, ActorKind, Assignment, Lent, Staff, Technician, system_actor
from bastion.domain.review import RightKind, Word, barred, barred_apart
from bastion.store.unit_of_work import UnitOfWork


def staff_actor(staff: Staff, source: str, factor_at: datetime | None) -> Actor:
    return Actor(
        ActorKind.STAFF, staff.id, staff.login, staff.name, source, staff.assignments,
        language=staff.language, factor_at=factor_at,
    )  # fmt: skip


def stranger(source: str) -> Actor:
    """Somebody at a door of whom nothing is proved."""
    return replace(system_actor("stranger"), id="stranger", login="", source=source)


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
    acting = [staff_actor(one, "", None) for one in (*staff, *lenders.values())]
    able = {one.id: one for one in await _reviewed(uow, acting, now)}
    held: dict[str, list[Lent]] = {ident: [] for ident in ids}
    for one in lent:
        if (lender := lenders.get(one.from_id)) is not None:
            held[one.to_id] += one.lends(replace(lender, assignments=able[lender.id].assignments), now)
    return {ident: replace(able[ident], lent=tuple(borrowed)) for ident, borrowed in held.items()}


async def reviewed(uow: UnitOfWork, actor: Actor, now: datetime) -> Actor:
    """The person without the roles that a review of rights has withdrawn, or not confirmed in time (R-19)."""
    (left,) = await _reviewed(uow, [actor], now)
    return left


async def _reviewed(uow: UnitOfWork, actors: Sequence[Actor], now: datetime) -> list[Actor]:
    said = await uow.review_lines.words(RightKind.STAFF, {one.id for one in actors}, now)
    held = [(one, words) for actor in actors for one in actor.assignments if (words := said.get((actor.id, one.role)))]
    apart = any(one.facility_id == EVERYWHERE and barred_apart(words) for one, words in held)
    places = [one.id for one in await uow.facilities.all()] if apart else []
    return [
        replace(
            actor,
            assignments=tuple(
                left for one in actor.assignments for left in _left(one, said.get((actor.id, one.role), ()), places)
            ),
        )
        for actor in actors
    ]


def _left(held: Assignment, said: Sequence[Word], places: Sequence[str]) -> list[Assignment]:
    """What the reviews leave of it: of a role in every hospital those in which none has taken it away."""
    if barred(said, held.facility_id):
        return []
    apart = barred_apart(said) if held.facility_id == EVERYWHERE else frozenset()
    return [replace(held, facility_id=one) for one in places if one not in apart] if apart else [held]


def technician_actor(technician: Technician, source: str, factor_at: datetime) -> Actor:
    return Actor(
        ActorKind.TECHNICIAN, technician.id, technician.login, technician.name, source,
        supplier_id=technician.supplier_id, language=technician.language, factor_at=factor_at,
    )  # fmt: skip
