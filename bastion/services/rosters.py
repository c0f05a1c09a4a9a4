"""The list of a supplier's people: confirmed each quarter, and left at once by whoever leaves (R-18, R-19)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain.ids import new_id
from bastion.domain.parties import EVERYWHERE, Actor, Supplier, Technician
from bastion.domain.roster import Confirmation, Confirmed, Rhythm, RosterState, enrolled
from bastion.domain.subcontractor import Subcontractor
from bastion.errors import Invalid, NotFound, Phrase
from bastion.services import reasons
from bastion.services.authentication import Authentication
from bastion.services.forms import MAX_NAME, need_admin_of, need_reader, plain
from bastion.services.joins import found
from bastion.services.leaving import depart
from bastion.services.portal import need_technician
from bastion.services.suspension import why_suspended
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

CONFIRMED: Final = RosterState.CONFIRMED


@dataclass(frozen=True, slots=True)
class Listed:
    """A person of the list, and how far the supplier's word for him reaches."""

    technician: Technician
    confirmed: Confirmed
    state: RosterState


@dataclass(frozen=True, slots=True)
class Roster:
    """`people` are those in use; `said` is what the supplier said so far, the newest first."""

    supplier: Supplier
    people: tuple[Listed, ...]
    said: tuple[Confirmation, ...]


@dataclass(frozen=True, slots=True)
class PersonStanding:
    """What stands between one person and work, if anything does: `why`."""

    employer: Subcontractor | None
    confirmed: Confirmed
    why: Phrase | None


@dataclass(frozen=True, slots=True)
class OwnStanding:
    """What somebody of a supplier reads of himself, and of the list if he speaks for the company.

    `mine` is there, and `unconfirmed` not empty, only while a confirmation is due soon or late; `speakers` are the
    names of who can give it.
    """

    why: Phrase | None
    mine: Listed | None
    unconfirmed: tuple[Listed, ...]
    speakers: tuple[str, ...]


class Rosters:
    """Its methods take whoever acts: staff, or somebody of whom the caller knows that he speaks for the company."""

    def __init__(self, database: Database, authentication: Authentication, rhythm: Rhythm | None = None) -> None:
        self._database = database
        self._authentication = authentication
        self._rhythm = rhythm or Rhythm()

    async def of(self, actor: Actor, supplier_id: str) -> Roster:
        need_reader(actor)
        async with self._database.read() as uow:
            supplier = found(await uow.suppliers.get(supplier_id), supplier_id)
            return await roster_of(uow, supplier, clock.now())

    async def person(self, actor: Actor, technician_id: str) -> PersonStanding:
        need_reader(actor)
        now = clock.now()
        async with self._database.read() as uow:
            facts = found(await uow.rosters.employment(technician_id), technician_id)
            technician = found(await uow.technicians.get(technician_id), technician_id)
            why = await why_suspended(uow, technician, now)
        return PersonStanding(facts.employer, facts.confirmed or enrolled(technician_id), why)

    async def own(self, actor: Actor) -> OwnStanding:
        """What stands, or will soon stand, between the acting technician and work; and whom he is to confirm (R-18).

        Raise `NotFound` for whoever is no technician. Whom else the company has, only its correspondents read (T33).
        """
        now = clock.now()
        async with self._database.read() as uow:
            me = found(await uow.technicians.get(need_technician(actor)))
            supplier = found(await uow.suppliers.get(me.supplier_id))
            people = (await roster_of(uow, supplier, now)).people
            named = {one.technician_id for one in await uow.correspondents.of(supplier.id)}
            why = await why_suspended(uow, me, now)
        late = sorted((one for one in people if one.confirmed.wanted(now)), key=lambda one: one.confirmed.due_at)
        return OwnStanding(
            why,
            next((one for one in late if one.technician.id == me.id), None),
            tuple(late) if me.id in named else (),
            tuple(one.technician.name for one in people if one.technician.id in named),
        )

    async def warn(self, actor: Actor) -> int:
        """Note in the trail, once each time, that a supplier has not confirmed its people; return how many."""
        now = clock.now()
        count = 0
        async with self._database.write() as uow:
            for supplier in await uow.suppliers.all():
                late = [one for one in (await roster_of(uow, supplier, now)).people if one.state is not CONFIRMED]
                if not late or await _warned(uow, supplier, min(one.confirmed.due_at for one in late)):
                    continue
                await uow.audit.append(
                    "roster:overdue", actor=actor, subject=("supplier", supplier.id), at=now, supplier=supplier.code,
                    count=len(late), end=min(one.confirmed.suspended_at for one in late).isoformat(),
                )  # fmt: skip
                count += 1
        return count

    async def confirm(self, actor: Actor, supplier_id: str, people: Collection[str], reference: str) -> Confirmation:
        """Record, as staff, what the supplier said of its list; `reference` says where that is filed."""
        need_admin_of(actor, EVERYWHERE)
        said = plain(reference)
        if not 1 <= len(said) <= MAX_NAME:
            raise Invalid(
                reference[:80], field="reference", sentence="Give the reference under which its letter is filed."
            )
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            supplier = found(await uow.suppliers.get(supplier_id), supplier_id)
            return await self.confirm_within(uow, actor, supplier, people, said)

    async def confirm_within(
        self, uow: UnitOfWork, actor: Actor, supplier: Supplier, people: Collection[str], reference: str = ""
    ) -> Confirmation:
        """The same within the caller's transaction, who has made sure that `actor` may speak for `supplier`.

        Whoever is left out keeps his date, and is suspended when it comes.
        """
        now = clock.now()
        listed = {one.technician.id for one in (await roster_of(uow, supplier, now)).people}
        chosen = {*people}
        if not chosen <= listed:
            raise NotFound("not of this supplier's list")
        due, suspended = self._rhythm.from_(now)
        for ident in sorted(chosen):
            await uow.rosters.put(Confirmed(ident, now, due, suspended, actor.name, reference))
        made = Confirmation(
            new_id(now), supplier.id, now, actor.name, reference, tuple(sorted(chosen)), len(listed - chosen)
        )
        await uow.confirmations.add(made)
        await uow.audit.append(
            "roster:confirmed", actor=actor, subject=("supplier", supplier.id), at=now, supplier=supplier.code,
            count=len(chosen), left_out=made.left_out, reference=reference,
        )  # fmt: skip
        return made

    async def leave(self, actor: Actor, technician_id: str, why: str, supplier_id: str = "") -> Technician:
        """Off-board somebody at once, as staff; see `leaving.depart`."""
        need_admin_of(actor, EVERYWHERE)
        said = why.strip()
        if len(said) < 3:
            raise reasons.lacking(said, "why")
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()
            person = found(await uow.technicians.get(technician_id), technician_id)
            if supplier_id not in {"", person.supplier_id}:
                raise NotFound(technician_id)
            return await depart(uow, actor, person, said[:MAX_NAME], clock.now())


async def _warned(uow: UnitOfWork, supplier: Supplier, since: datetime) -> bool:
    return bool(await uow.audit.search(tag_prefix="roster:overdue", subject_id=supplier.id, since=since, limit=1))


async def roster_of(uow: UnitOfWork, supplier: Supplier, now: datetime) -> Roster:
    kept = {one.technician_id: one for one in await uow.rosters.of(supplier.id)}
    people = [one for one in await uow.technicians.of_supplier(supplier.id) if one.usable(now)]
    rows = [_listed(one, kept.get(one.id) or enrolled(one.id), now) for one in people]
    return Roster(supplier, tuple(rows), tuple((await uow.confirmations.of(supplier.id))[::-1]))


def _listed(person: Technician, confirmed: Confirmed, now: datetime) -> Listed:
    return Listed(person, confirmed, confirmed.state(now))
