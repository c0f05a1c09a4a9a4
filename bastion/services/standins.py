"""Lending one's approving to a colleague, and being away; both with dates, in the trail, and taken back at any time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain import standin
from bastion.domain.ids import new_id
from bastion.domain.local_time import HOME_ZONE
from bastion.domain.parties import EVERYWHERE, Actor, ActorKind, Facility, Role, Staff
from bastion.domain.standin import Absence, Delegation
from bastion.domain.stretch import check_stretch, on_the_wall
from bastion.errors import Forbidden, Invalid, NotFound
from bastion.services import reasons
from bastion.services.authentication import Authentication
from bastion.services.forms import need_reader
from bastion.services.joins import found
from bastion.services.twice import need_first
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

LENT: Final = ("from_id", "to_id", "facility_id", "starts", "ends")
AWAY: Final = ("staff_id", "starts", "ends")


@dataclass(frozen=True, slots=True)
class DelegationForm:
    """`facility_code` empty: wherever one approves. Times as on the wall of the hospital."""

    to_login: str
    starts: str
    ends: str
    reason: str
    facility_code: str = ""


@dataclass(frozen=True, slots=True)
class DelegationView:
    delegation: Delegation
    lender: Staff
    to: Staff
    facility: Facility | None


@dataclass(frozen=True, slots=True)
class AbsenceView:
    absence: Absence
    person: Staff


class StandIns:
    def __init__(self, database: Database, authentication: Authentication) -> None:
        self._database = database
        self._authentication = authentication

    # -- delegation ----------------------------------------------------------------------------------------------------
    async def delegate(self, actor: Actor, form: DelegationForm) -> Delegation:
        """Lend one's own approving, by a fresh code; nobody lends another's."""
        if actor.kind is not ActorKind.STAFF:
            raise Forbidden(actor.login)
        said = reasons.for_the_record(form.reason, "reason")
        self._authentication.require_fresh(actor)
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            lender = found(await uow.staff.get(actor.id))
            facility = await _facility(uow, form.facility_code)
            to = await uow.staff.by_login(form.to_login)
            if to is None:
                raise Invalid(form.to_login, field="to", sentence="Choose another person of the hospital.")
            zone = facility.timezone if facility else await zone_of(uow, lender)
            made = standin.checked(
                Delegation(
                    new_id(now), lender.id, to.id, facility.id if facility else EVERYWHERE,
                    on_the_wall(form.starts, zone, "starts"), on_the_wall(form.ends, zone, "ends", last=True), said,
                    now,
                ),
                lender, to, now,
            )  # fmt: skip
            need_first(made, await uow.delegations.coming(now), *LENT)
            await uow.delegations.add(made)
            await _audit_delegation(uow, "delegation:made", actor, made, to, now, why=said)
        return made

    async def revoke(self, actor: Actor, delegation_id: str) -> Delegation:
        """End it at once: the lender, the stand-in, and whoever answers for the lender's hospital may."""
        now = clock.now()
        async with self._database.write() as uow:
            one = found(await uow.delegations.get(delegation_id), delegation_id)
            lender, to = found(await uow.staff.get(one.from_id)), found(await uow.staff.get(one.to_id))
            if not _may_end(actor, lender, to):
                raise NotFound(delegation_id)
            gone = await uow.delegations.save(one.revoke(actor.name, now))
            await _audit_delegation(uow, "delegation:revoked", actor, gone, to, now)
        return gone

    async def delegations(self, actor: Actor) -> list[DelegationView]:
        """Those that stand or are to come, in the actor's hospitals."""
        need_reader(actor)
        async with self._database.read() as uow:
            people = {one.id: one for one in await uow.staff.all()}
            places = {one.id: one for one in await uow.facilities.all()}
            rows = await uow.delegations.coming(clock.now())
        views = [
            DelegationView(one, people[one.from_id], people[one.to_id], places.get(one.facility_id)) for one in rows
        ]
        return [view for view in views if _sees(actor, view.lender) or view.to.id == actor.id]

    # -- absence -------------------------------------------------------------------------------------------------------
    async def away(self, actor: Actor, starts: str, ends: str, login: str = "") -> Absence:
        """Note that somebody is away: oneself, or, for an administrator, whoever fell ill."""
        need_reader(actor)
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            person = found(await (uow.staff.by_login(login) if login else uow.staff.get(actor.id)), login)
            _need_keeper(actor, person)
            zone = await zone_of(uow, person)
            absence = Absence(
                new_id(now), person.id, on_the_wall(starts, zone, "starts"),
                on_the_wall(ends, zone, "ends", last=True), actor.name, now,
            )  # fmt: skip
            check_stretch(absence.starts, absence.ends, now, standin.LONGEST_ABSENCE)
            need_first(absence, await uow.absences.coming(now), *AWAY)
            await uow.absences.add(absence)
            await _audit_absence(uow, "absence:noted", actor, absence, person, now)
        return absence

    async def back(self, actor: Actor, absence_id: str) -> Absence:
        now = clock.now()
        async with self._database.write() as uow:
            absence = found(await uow.absences.get(absence_id), absence_id)
            person = found(await uow.staff.get(absence.staff_id))
            _need_keeper(actor, person)
            gone = await uow.absences.save(absence.withdraw(actor.name, now))
            await _audit_absence(uow, "absence:withdrawn", actor, gone, person, now)
        return gone

    async def absences(self, actor: Actor) -> list[AbsenceView]:
        """Who is away or will be, in the actor's hospitals."""
        need_reader(actor)
        async with self._database.read() as uow:
            people = {one.id: one for one in await uow.staff.all()}
            rows = await uow.absences.coming(clock.now())
        views = [AbsenceView(one, people[one.staff_id]) for one in rows]
        return [view for view in views if _sees(actor, view.person) or view.person.id == actor.id]

    # -- what it comes to ----------------------------------------------------------------------------------------------


async def zone_of(uow: UnitOfWork, person: Staff) -> str:
    """A person's hospital's clock; where he works in several, the first's."""
    for ident in sorted(person.facilities - {EVERYWHERE}):
        facility = await uow.facilities.get(ident)
        if facility is not None:
            return facility.timezone
    return HOME_ZONE


async def _facility(uow: UnitOfWork, code: str) -> Facility | None:
    if not code:
        return None
    facility = await uow.facilities.by_code(code)
    if facility is None:
        raise Invalid(code, field="facility", sentence="Choose a facility from the list.")
    return facility


def _sees(actor: Actor, person: Staff) -> bool:
    return any(actor.covers(place) or EVERYWHERE in {place, *actor.facilities} for place in person.facilities)


def _need_keeper(actor: Actor, person: Staff) -> None:
    """Oneself, or an administrator of all the person's hospitals; to others it is not there."""
    if actor.id != person.id and not (
        person.facilities and all(actor.covers(i, Role.ADMIN) for i in person.facilities)
    ):
        raise NotFound(person.login)


def _may_end(actor: Actor, lender: Staff, to: Staff) -> bool:
    watch = any(actor.covers(place, Role.ADMIN, Role.SECURITY) for place in lender.facilities)
    return actor.id in {lender.id, to.id} or watch


async def _audit_delegation(
    uow: UnitOfWork, tag: str, actor: Actor, one: Delegation, to: Staff, now: datetime, why: str = ""
) -> None:
    facility = "" if one.facility_id == EVERYWHERE else one.facility_id
    await uow.audit.append(
        tag, actor=actor, subject=("delegation", one.id), facility_id=facility, at=now,
        start=one.starts.isoformat(), end=one.ends.isoformat(), lender=one.from_id, to=to.login,
        **({"why": why} if why else {}),
    )  # fmt: skip
    uow.hint("standin", one.id)


async def _audit_absence(uow: UnitOfWork, tag: str, actor: Actor, one: Absence, person: Staff, now: datetime) -> None:
    await uow.audit.append(
        tag, actor=actor, subject=("absence", one.id), at=now, start=one.starts.isoformat(), end=one.ends.isoformat(),
        who=person.login,
    )  # fmt: skip
    uow.hint("standin", one.id)
