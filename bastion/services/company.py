"""What a correspondent sees and does for his own company, and nothing of anybody else's (T33).

Whether somebody speaks for a company is asked of the records in each transaction. A person, or a request, of another
company is not there for him: the same answer as for an id that never was.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.country import HOME
from bastion.domain.device import Device
from bastion.domain.grant import Grant
from bastion.domain.ids import new_id
from bastion.domain.parties import EVERYWHERE, Actor, Facility, Supplier, Technician
from bastion.domain.place import Place
from bastion.domain.portal import Correspondent
from bastion.domain.readiness import Readiness
from bastion.domain.remark import Remark
from bastion.domain.roster import Confirmation
from bastion.domain.subcontractor import Subcontractor, SubcontractorState
from bastion.errors import Forbidden, Invalid, NotFound
from bastion.services import reasons
from bastion.services.authentication import Authentication
from bastion.services.former_addresses import address_changed
from bastion.services.forms import (
    CODE,
    MAX_NAME,
    audit_saved,
    check_language,
    check_mail,
    check_name,
    need_admin_of,
    need_person,
)
from bastion.services.joins import Joins, found
from bastion.services.leaving import depart
from bastion.services.portal import need_technician, speaks_for
from bastion.services.readiness import readinesses
from bastion.services.rosters import Roster, Rosters, roster_of
from bastion.services.twice import need_first
from bastion.services.works import Part, other_parts
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

MAX_LOGIN: Final = 32
MIN_WHY: Final = 3


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person of the company. `enrolled`: has an authenticator; `proved`: a code of it was right once.

    `invited_until` is when a link that was sent, and not used yet, ends.
    """

    technician: Technician
    keys: int
    enrolled: bool
    proved: bool
    correspondent: bool
    invited_until: datetime | None
    readiness: Readiness


@dataclass(frozen=True, slots=True)
class CompanyRequest:
    """A request of the company's people: what was asked and what became of it.

    `thread` is to be read, where one request is looked at: whoever does the work answers for it himself.
    """

    request: AccessRequest
    device: Device
    facility: Facility
    thread: tuple[Remark, ...] = ()
    grant: Grant | None = None
    """What it led to."""
    extends: Grant | None = None
    """The running authorisation it asks more time for."""
    parts: tuple[Part, ...] = ()
    """What else belongs to the same work; only where one request is looked at."""

    @property
    def longer(self) -> tuple[datetime, datetime] | None:
        """Of a request for more time, the end before and after; `None` for every other."""
        return self.extends.prolonged(self.request, clock.now()) if self.extends else None


@dataclass(frozen=True, slots=True)
class NewColleague:
    """`login` is what follows the company's code and a dot."""

    login: str
    name: str
    email: str
    language: str = "fr"
    country: str = HOME
    employer_id: str = ""
    """A declared subcontractor to which the hospital may no longer object; empty means the company itself (R-46)."""


@dataclass(frozen=True, slots=True)
class ColleagueChange:
    """What is to stand of a colleague from now on; his login and his employer stay what they are."""

    name: str
    email: str
    language: str
    country: str
    valid_until: datetime | None


class Company:
    def __init__(self, database: Database, authentication: Authentication, rosters: Rosters) -> None:
        self._database = database
        self._rosters = rosters
        self._authentication = authentication

    # -- for the hospital ----------------------------------------------------------------------------------------------
    async def name_correspondent(self, actor: Actor, technician_id: str, *, named: bool) -> None:
        """Let a technician speak for his company, or no longer. He gets no right on any device by it."""
        need_admin_of(actor, EVERYWHERE)
        need_person(actor)
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            person = found(await uow.technicians.get(technician_id), technician_id)
            supplier = found(await uow.suppliers.get(person.supplier_id))
            if named:
                known = await uow.correspondents.get(person.id)
                if known is not None and known.supplier_id == supplier.id:
                    return
                await uow.correspondents.put(Correspondent(person.id, supplier.id, actor.name, now))
            elif not await uow.correspondents.remove(person.id):
                return
            await uow.audit.append(
                "portal:correspondent_named" if named else "portal:correspondent_dismissed", actor=actor,
                subject=("technician", person.id), at=now, supplier=supplier.code, login=person.login,
            )  # fmt: skip

    # -- for the correspondent -----------------------------------------------------------------------------------------
    async def own(self, actor: Actor) -> Supplier:
        """The company the actor speaks for; `NotFound` for whoever speaks for none."""
        async with self._database.read() as uow:
            return await company_of(uow, actor)

    async def people(self, actor: Actor) -> list[Colleague]:
        """The company's people: who may work first, then who has left."""
        now = clock.now()
        async with self._database.read() as uow:
            supplier = await company_of(uow, actor)
            staff = await uow.technicians.of_supplier(supplier.id)
            speakers = {one.technician_id for one in await uow.correspondents.of(supplier.id)}
            rows = await _colleagues(uow, staff, speakers, now)
        return sorted(rows, key=lambda row: not row.technician.usable(now))

    async def colleague(self, actor: Actor, technician_id: str) -> Colleague:
        async with self._database.read() as uow:
            supplier = await company_of(uow, actor)
            person = _own_person(await uow.technicians.get(technician_id), supplier)
            speakers = {one.technician_id for one in await uow.correspondents.of(supplier.id)}
            return (await _colleagues(uow, [person], speakers, clock.now()))[0]

    async def requests(
        self, actor: Actor, *, state: str = "", text: str = "", after: Place | None = None, limit: int = 50,
        offset: int = 0,
    ) -> list[CompanyRequest]:  # fmt: skip
        """What the company's people asked for, the newest first."""
        async with self._database.read() as uow:
            supplier, joins = await company_of(uow, actor), Joins(uow)
            rows = await uow.requests.search(
                state=state, text=text, supplier_id=supplier.id, now=clock.now(), after=after, limit=limit,
                offset=offset,
            )  # fmt: skip
            await joins.know("grant", (one for row in rows for one in (row.grant_id, row.extends_grant_id)))
            return [await _company_request(joins, row) for row in rows]

    async def request(self, actor: Actor, request_id: str) -> CompanyRequest:
        async with self._database.read() as uow:
            supplier = await company_of(uow, actor)
            row = await uow.requests.get(request_id)
            if row is None or row.supplier_id != supplier.id:
                raise NotFound(request_id)
            thread, parts = tuple(await uow.remarks.of(row.id)), await other_parts(uow, row)
            return replace(await _company_request(Joins(uow), row), thread=thread, parts=parts)

    async def add(self, actor: Actor, form: NewColleague) -> Technician:
        """Register a colleague under a login that begins with the company's code: so no name of another company's
        people can be found out by trying it, and one that is taken gets a number.
        """
        check_name(form.name)
        self._authentication.require_fresh(actor)
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            supplier = await company_of(uow, actor)
            _check_country(form.country, supplier)
            email = check_mail(form.email)
            await _check_employer(uow, supplier, form.employer_id, now)
            base = _login_wished(supplier, form.login.strip().lower())
            login = await _free_login(uow, base)
            person = Technician(
                new_id(now), login, form.name.strip(), email, supplier.id, check_language(form.language),
                employer_id=form.employer_id, country=form.country,
            )  # fmt: skip
            known = [one for one in await uow.technicians.of_supplier(supplier.id) if _of_base(one.login, base)]
            need_first(person, known, "name", "email", "language", "country", "employer_id", "active")
            await uow.technicians.add(person)
            await audit_saved(uow, actor, "directory:technician_saved", "technician", person, None, login=login)
        return person

    async def employers(self, actor: Actor) -> list[Subcontractor]:
        """Those of the company's subcontractors whose people may work, the earliest declared first (R-46)."""
        async with self._database.read() as uow:
            return await _employers(uow, await company_of(uow, actor), clock.now())

    async def change(self, actor: Actor, technician_id: str, form: ColleagueChange) -> Technician:
        """Keep what the company knows better than the hospital. The end of an account may be brought forward: only the
        hospital puts it off, and whoever leaves is off-boarded, with the reason. The address before a new one is told.
        """
        check_name(form.name)
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()  # what is compared with what stands must not be changed meanwhile
            supplier = await company_of(uow, actor)
            old = _own_person(await uow.technicians.get(technician_id), supplier)
            self._authentication.require_fresh(actor)
            _check_country(form.country, supplier)
            email = check_mail(form.email, old.email)
            _check_end(form.valid_until, old.valid_until, now)
            person = replace(
                old, name=form.name.strip(), email=email, language=check_language(form.language),
                country=form.country, valid_until=form.valid_until,
            )  # fmt: skip
            if person != old:
                await uow.technicians.save(person)
                await address_changed(uow, actor, person, old)
                await audit_saved(
                    uow, actor, "directory:technician_saved", "technician", person, old, login=person.login
                )
        return person

    async def part_with(self, actor: Actor, technician_id: str, why: str) -> Technician:
        """Off-board a colleague at once: no sign-in at either door, no session goes on, no link opens (R-18)."""
        said, now = why.strip(), clock.now()
        if len(said) < MIN_WHY:
            raise reasons.lacking(said, "why")
        async with self._database.write() as uow:
            await uow.locks.hold()
            supplier = await company_of(uow, actor)
            person = _own_person(await uow.technicians.get(technician_id), supplier)
            self._authentication.require_fresh(actor)
            if person.id == actor.id:
                raise Forbidden("oneself", sentence="Nobody off-boards himself; ask a colleague or the hospital.")
            return await depart(uow, actor, person, said[:MAX_NAME], now)

    async def roster(self, actor: Actor) -> Roster:
        """The list of the company's people, and how far its word for each of them reaches (R-18)."""
        async with self._database.read() as uow:
            return await roster_of(uow, await company_of(uow, actor), clock.now())

    async def confirm(self, actor: Actor, people: Collection[str]) -> Confirmation:
        """Say who still works for the company. Whoever is left out is suspended when his date comes."""
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            supplier = await company_of(uow, actor)
            return await self._rosters.confirm_within(uow, actor, supplier, people)


async def company_of(uow: UnitOfWork, actor: Actor) -> Supplier:
    """The company the actor speaks for; `NotFound` for whoever speaks for none."""
    me = found(await uow.technicians.get(need_technician(actor)))
    if not await speaks_for(uow, me):
        raise NotFound(actor.login)
    return found(await uow.suppliers.get(me.supplier_id))


def _own_person(person: Technician | None, supplier: Supplier) -> Technician:
    if person is None or person.supplier_id != supplier.id:
        raise NotFound("not of this company")
    return person


def _check_country(country: str, supplier: Supplier) -> None:
    if country not in supplier.countries:
        raise Invalid(country[:8], field="country", sentence="Choose one of the countries your company declared.")


def _check_end(wished: datetime | None, standing: datetime | None, now: datetime) -> None:
    if wished == standing:
        return
    if standing is not None and (wished is None or wished > standing):
        raise Invalid("later", field="valid_until", sentence="Only the hospital can put this day off.")
    if wished is not None and wished <= now:
        raise Invalid(
            "over", field="valid_until", sentence="Choose a day that is yet to come; off-board whoever has left."
        )


async def _employers(uow: UnitOfWork, supplier: Supplier, now: datetime) -> list[Subcontractor]:
    return [one for one in await uow.subcontractors.of(supplier.id) if one.state(now) is SubcontractorState.ALLOWED]


async def _check_employer(uow: UnitOfWork, supplier: Supplier, employer_id: str, now: datetime) -> None:
    if employer_id and employer_id not in {one.id for one in await _employers(uow, supplier, now)}:
        raise Invalid(employer_id[:40], field="employer_id", sentence="Choose an employer from the list.")


async def _colleagues(
    uow: UnitOfWork, people: Sequence[Technician], speakers: set[str], now: datetime
) -> list[Colleague]:
    ids = [person.id for person in people]
    keys = Counter(key.technician_id for key in await uow.keys.of_several(ids))
    ready = await readinesses(uow, people, set(keys))
    links = {one.technician_id: one.expires_at for one in await uow.portal_invitations.open_of_several(ids, now)}
    return [
        Colleague(
            person, keys[person.id], person.id in ready.enrolled, person.id in ready.proved, person.id in speakers,
            links.get(person.id), ready.of[person.id],
        )
        for person in people
    ]  # fmt: skip


async def _company_request(joins: Joins, row: AccessRequest) -> CompanyRequest:
    return CompanyRequest(
        row, await joins.device(row.device_id), await joins.facility(row.facility_id),
        grant=await joins.grant(row.grant_id) if row.grant_id else None,
        extends=await joins.grant(row.extends_grant_id) if row.extends_grant_id else None,
    )  # fmt: skip


def _login_wished(supplier: Supplier, wish: str) -> str:
    """`acme.anna`, whether it is free or not."""
    base = f"{supplier.code}.{wish.removeprefix(f'{supplier.code}.')}"
    if not wish or len(base) > MAX_LOGIN - 3 or not CODE.fullmatch(base):
        raise Invalid(
            wish, field="login", sentence="A login is made of a–z, 0–9, dot, dash and underscore, 32 at most."
        )
    return base


def _of_base(login: str, base: str) -> bool:
    return login == base or login.removeprefix(f"{base}-").isdecimal()


async def _free_login(uow: UnitOfWork, base: str) -> str:
    """The login that was wished, or with a number when that is taken."""
    login, number = base, 1
    while await uow.technicians.by_login(login) is not None:
        number += 1
        login = f"{base}-{number}"
    return login
