"""Whether somebody who is registered may work now: his employer (R-46), the supplier's word for him (R-18), and the
hospital's own review of rights (R-19).

No policy can waive it. It is asked when he comes, when something is asked or agreed for him, and when a session opens.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from bastion.domain.device import Device
from bastion.domain.grant import Grant
from bastion.domain.parties import EVERYWHERE, Technician
from bastion.domain.review import UNREVIEWED, UNREVIEWED_AT, RightKind, Verdict, Word, barred, last_word
from bastion.domain.roster import UNCONFIRMED, RosterState, enrolled
from bastion.errors import Phrase, Suspended
from bastion.services.joins import Joins
from bastion.store.reviews import Words
from bastion.store.rosters import Employment
from bastion.store.unit_of_work import UnitOfWork

UNDECLARED = Phrase("the employer is not declared to the hospital.")


async def refuse_if_suspended(uow: UnitOfWork, technician: Technician, device: Device | None, now: datetime) -> None:
    """Raise `Suspended` if there is something in the way to this device; without one, to every device."""
    why = why_unemployed(await uow.rosters.employment(technician.id), technician.id, now)
    if device is not None:
        refuse_for(technician, why or await why_unreviewed(uow, technician.id, device.facility_id, now))
        return
    out, free = await _reviewed_at(uow, technician, now)
    refuse_for(technician, why or (UNREVIEWED if out and not free else None))


def refuse_for(technician: Technician, why: Phrase | None) -> None:
    """Raise `Suspended` if there is something in the way."""
    if why is not None:
        raise Suspended(f"{technician.login}: {why}", why=why)


async def why_suspended(uow: UnitOfWork, technician: Technician, now: datetime) -> Phrase | None:
    """What stands in the way somewhere, the gravest first, and where; `None` when he may work."""
    facts = await uow.rosters.employment(technician.id)
    why = why_unemployed(facts, technician.id, now)
    out, free = await _reviewed_at(uow, technician, now)
    if why is not None or not out:
        return why
    names = sorted(one.name for one in await uow.facilities.some(out))
    return Phrase(UNREVIEWED_AT, where=", ".join(names)) if free else UNREVIEWED


async def out_of(uow: UnitOfWork, technician: Technician, now: datetime) -> frozenset[str]:
    """The hospitals whose devices a review keeps him from: nothing there is offered to be asked for, in his name or to
    himself, since asking is refused (`refuse_if_suspended`).
    """
    return frozenset((await _reviewed_at(uow, technician, now))[0])


async def barred_everywhere(uow: UnitOfWork, people: Collection[Technician], now: datetime) -> frozenset[str]:
    """Those of many who may work on no device at all; asked of all of them at once."""
    ids = [one.id for one in people]
    facts = await uow.rosters.employments(ids)
    away = {ident for ident in ids if why_unemployed(facts.get(ident), ident, now) is not None}
    doubted: dict[str, list[Sequence[Word]]] = {}
    for (ident, _), words in (await uow.review_lines.words(RightKind.TECHNICIAN, ids, now)).items():
        if any(one.verdict is not Verdict.CONFIRMED for one in words):
            doubted.setdefault(ident, []).append(words)
    some = [one for one in people if one.id in doubted and one.id not in away]
    places = await uow.devices.places_of_several({one.supplier_id for one in some})
    away |= {one.id for one in some if not _split(doubted[one.id], places[one.supplier_id])[1]}
    return frozenset(away)


def why_unemployed(facts: Employment | None, technician_id: str, now: datetime) -> Phrase | None:
    """What the employer or the supplier says against it."""
    if facts is None or (facts.employer_id and facts.employer is None):
        return UNDECLARED
    why = facts.employer.why_not(now) if facts.employer else None
    if why is not None:
        return why
    confirmed = facts.confirmed or enrolled(technician_id)
    return UNCONFIRMED if confirmed.state(now) is RosterState.SUSPENDED else None


async def why_unreviewed(uow: UnitOfWork, technician_id: str, facility_id: str, now: datetime) -> Phrase | None:
    """What this hospital's own review says against it."""
    said = await uow.review_lines.words(RightKind.TECHNICIAN, {technician_id}, now)
    return UNREVIEWED if any(barred(words, facility_id) for words in said.values()) else None


async def _reviewed_at(uow: UnitOfWork, technician: Technician, now: datetime) -> tuple[list[str], list[str]]:
    """The hospitals whose devices his supplier maintains: where a review keeps him out, and where none does. Without
    any device the group alone has reviewed him, and its word counts.
    """
    said = await uow.review_lines.words(RightKind.TECHNICIAN, {technician.id}, now)
    places = await uow.devices.places_of_several({technician.supplier_id})
    return _split(said.values(), places[technician.supplier_id])


def _split(said: Collection[Sequence[Word]], places: Collection[str]) -> tuple[list[str], list[str]]:
    where = sorted(places) or [EVERYWHERE]
    out = [one for one in where if any(barred(words, one) for words in said)]
    return out, [one for one in where if one not in out]


async def suspended_of(
    uow: UnitOfWork, people: Collection[Technician], facility_id: str, now: datetime
) -> frozenset[str]:
    """Of these people, those whom something keeps from the devices of this hospital; asked of all of them at once."""
    ids = [one.id for one in people]
    facts = await uow.rosters.employments(ids)
    said = await uow.review_lines.words(RightKind.TECHNICIAN, ids, now)
    unreviewed = {ident for (ident, _), words in said.items() if barred(words, facility_id)}
    return frozenset(i for i in ids if i in unreviewed or why_unemployed(facts.get(i), i, now) is not None)


async def turned_out(uow: UnitOfWork, grants: Collection[Grant], now: datetime) -> frozenset[str]:
    """Those authorisations whose running sessions end too: somebody has objected to the employer or ended its work
    for the supplier, or withdrawn the access in a review.

    What only the clock brings about ends no work under way: a device may be in the middle of an update.
    """
    people = {one.technician_id for one in grants}
    objected = await uow.rosters.barred(people)
    said = await _said_of_withdrawn(uow, people, now)
    withdrawn = {one.id for one in grants if _withdrawn(said.get((one.technician_id, ""), ()), one.facility_id)}
    return frozenset(withdrawn | {one.id for one in grants if one.technician_id in objected})


async def withdrawn_under(uow: UnitOfWork, grants: Collection[Grant], now: datetime) -> dict[str, datetime | None]:
    """By their ids those whose technician a review had withdrawn before they were to end, and since when: so it stays
    when their time is over.
    """
    said = await _said_of_withdrawn(uow, {one.technician_id for one in grants}, now)

    def before_its_end(grant: Grant) -> list[Word]:
        words = said.get((grant.technician_id, ""), ())
        return [one for one in words if one.since is None or one.since < grant.end]

    last = {one.id: last_word(before_its_end(one), one.facility_id) for one in grants}
    return {ident: word.since for ident, word in last.items() if word and word.verdict is Verdict.WITHDRAWN}


async def _said_of_withdrawn(uow: UnitOfWork, people: Collection[str], now: datetime) -> Words:
    """What reviews say of those of whom one ever withdrew something: of most of many, none did."""
    withdrawn = await uow.review_lines.withdrawn(RightKind.TECHNICIAN, people)
    return await uow.review_lines.words(RightKind.TECHNICIAN, withdrawn, now)


async def welcome(joins: Joins, grant: Grant, out: Collection[str], now: datetime) -> bool:
    """Whether the person, his employer and the supplier behind a grant still work here, he for this supplier and it on
    this device (R-18, R-46).
    """
    technician, supplier = await joins.technician(grant.technician_id), await joins.supplier(grant.supplier_id)
    device = await joins.device(grant.device_id)
    theirs = technician.supplier_id == supplier.id and supplier.id in device.supplier_ids
    return theirs and technician.usable(now) and supplier.under_contract(now) and grant.id not in out


def _withdrawn(words: Sequence[Word], facility_id: str) -> bool:
    last = last_word(words, facility_id)
    return last is not None and last.verdict is Verdict.WITHDRAWN
