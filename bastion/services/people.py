"""The register of people: technicians of suppliers with their keys, and the hospital's staff with their roles."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bastion import clock
from bastion.domain.country import HOME, checked
from bastion.domain.ids import new_id
from bastion.domain.parties import (
    EVERYWHERE,
    Actor,
    Assignment,
    Facility,
    Role,
    Staff,
    Supplier,
    Technician,
    TechnicianKey,
)
from bastion.domain.subcontractor import Subcontractor
from bastion.errors import Faults, Invalid, NotFound
from bastion.services.authentication import end_web_sessions
from bastion.services.duties import Duty, assignments_of, in_words, need_right_over
from bastion.services.former_addresses import address_changed
from bastion.services.forms import (
    MAX_NAME,
    audit_saved,
    check_language,
    check_login,
    check_mail,
    check_name,
    need_admin,
    need_admin_of,
    need_known,
    need_person,
    need_reader,
    plain,
)
from bastion.services.joins import found
from bastion.services.keys import fingerprint_of, public_key
from bastion.services.portal import speaks_for
from bastion.services.readiness import readinesses
from bastion.services.subcontractors import EMPLOYING
from bastion.services.suspension import barred_everywhere, out_of, suspended_of
from bastion.services.views import TechnicianView
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class TechnicianForm:
    """`employer_id` names a declared subcontractor; empty means the supplier itself (R-46)."""

    login: str
    name: str
    email: str
    supplier_code: str
    language: str = "fr"
    valid_until: datetime | None = None
    active: bool = True
    id: str = ""
    employer_id: str = ""
    country: str = HOME

    @classmethod
    def of(cls, person: Technician, supplier_code: str) -> "TechnicianForm":
        """What is known of somebody, to be changed in part."""
        return cls(
            person.login, person.name, person.email, supplier_code, person.language, person.valid_until, person.active,
            person.id, person.employer_id, person.country,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StaffForm:
    """`roles` are held in each of `facility_codes` (none means every hospital); `duties` are those beside."""

    login: str
    name: str
    email: str
    roles: frozenset[Role] = frozenset()
    facility_codes: tuple[str, ...] = ()
    language: str = "fr"
    active: bool = True
    id: str = ""
    duties: tuple[Duty, ...] = ()

    def all_duties(self) -> tuple[Duty, ...]:
        same = (Duty(role, code) for role in self.roles for code in self.facility_codes or ("",))
        return (*same, *self.duties)


class People:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def technicians(
        self, actor: Actor, text: str = "", limit: int = 500, offset: int = 0
    ) -> list[TechnicianView]:
        """Named people whose name, login or company contains `text`, by name."""
        need_reader(actor)
        async with self._database.read() as uow:
            return await _technician_views(uow, await uow.technicians.search(text, limit=limit, offset=offset))

    async def names(
        self, actor: Actor, text: str, *, readable: int, offered: int
    ) -> tuple[list[tuple[Technician, Supplier]], bool]:
        """Named people to choose from, by name, each with the company: nothing is asked about what they may do. All of
        them while they are so few that somebody finds his own, else so many of those that hold `text`; and whether
        these are all.
        """
        need_reader(actor)
        async with self._database.read() as uow:
            whole = not await uow.technicians.more_than(readable)
            people = await uow.technicians.search("" if whole else text, limit=readable if whole else offered)
            companies = {one.id: one for one in await uow.suppliers.some(person.supplier_id for person in people)}
            return [(one, companies[one.supplier_id]) for one in people], whole

    async def kept_away(self, actor: Actor, people: Sequence[Technician], device_code: str = "") -> frozenset[str]:
        """Those of these who may not work on this device now, without one on no device at all: the account, the
        employer or a review stands in the way.
        """
        need_reader(actor)
        now = clock.now()
        async with self._database.read() as uow:
            closed = frozenset(one.id for one in people if not one.usable(now))
            device = await uow.devices.by_code(device_code) if device_code else None
            if device is not None and actor.covers(device.facility_id):
                return closed | await suspended_of(uow, people, device.facility_id, now)
            return closed | await barred_everywhere(uow, people, now)

    async def out_of(self, actor: Actor, technician: Technician) -> list[Facility]:
        """The hospitals of the actor's whose devices a review keeps this person from, by name."""
        need_reader(actor)
        async with self._database.read() as uow:
            out = [one for one in await out_of(uow, technician, clock.now()) if actor.covers(one)]
            return sorted(await uow.facilities.some(out), key=lambda one: one.name)

    async def of_company(self, actor: Actor, supplier_id: str) -> list[Technician]:
        """Everybody of one company, by name."""
        need_reader(actor)
        async with self._database.read() as uow:
            return await uow.technicians.of_supplier(supplier_id)

    async def by_login(self, actor: Actor, login: str) -> TechnicianView | None:
        need_reader(actor)
        async with self._database.read() as uow:
            person = await uow.technicians.by_login(login)
            return (await _technician_views(uow, [person]))[0] if person else None

    async def technician(self, actor: Actor, technician_id: str) -> TechnicianView:
        need_reader(actor)
        async with self._database.read() as uow:
            person = found(await uow.technicians.get(technician_id))
            (view,) = await _technician_views(uow, [person])
            link = await uow.portal_invitations.open_of(person.id, clock.now())
            return replace(
                view, correspondent=await speaks_for(uow, person), invited_until=link.expires_at if link else None
            )

    async def save_technician(self, actor: Actor, form: TechnicianForm) -> Technician:
        need_admin_of(actor, EVERYWHERE)
        form = replace(form, login=form.login.lower())
        faults = Faults()
        faults.check(check_login, form.login)
        faults.check(check_name, form.name)
        country = faults.check(checked, form.country) or form.country
        faults.check(check_language, form.language)
        faults.settle()
        ident = form.id or new_id(clock.now())
        async with self._database.write() as uow:
            supplier = await uow.suppliers.by_code(form.supplier_code)
            if supplier is None:
                raise Invalid(form.supplier_code, field="supplier_code", sentence="Choose a supplier from the list.")
            old = await uow.technicians.get(ident)
            thing = Technician(
                ident, form.login, form.name.strip(), check_mail(form.email, old.email if old else ""), supplier.id,
                check_language(form.language), form.valid_until, form.active, form.employer_id, country,
            )  # fmt: skip
            need_known(form.id, old)
            employer = await uow.subcontractors.get(thing.employer_id) if thing.employer_id else None
            check_employer(thing, old, employer, clock.now())
            await (uow.technicians.save(thing) if old else uow.technicians.add(thing))
            await technician_changed(uow, actor, thing, old)
            await audit_saved(uow, actor, "directory:technician_saved", "technician", thing, old, login=thing.login)
        return thing

    async def add_key(self, actor: Actor, technician_id: str, text: str, label: str = "") -> TechnicianKey:
        """Register one SSH public key; options, comments and second lines are not taken over (T13)."""
        need_admin_of(actor, EVERYWHERE)
        need_person(actor)
        public = public_key(text)
        now = clock.now()
        async with self._database.write() as uow:
            technician = found(await uow.technicians.get(technician_id))
            key = TechnicianKey(
                new_id(now), technician.id, public, fingerprint_of(public), plain(label)[:MAX_NAME], now
            )
            await uow.keys.add(key)
            await uow.audit.append(
                "directory:key_added", actor=actor, subject=("technician", technician.id), at=now,
                fingerprint=key.fingerprint, login=technician.login,
            )  # fmt: skip
        return key

    async def remove_key(self, actor: Actor, technician_id: str, key_id: str) -> None:
        need_admin_of(actor, EVERYWHERE)
        async with self._database.write() as uow:
            await uow.locks.hold()  # of two posts at once one removes it
            technician = found(await uow.technicians.get(technician_id))
            key = next((k for k in await uow.keys.of(technician_id) if k.id == key_id), None)
            if key is None:
                raise NotFound(key_id)
            await uow.keys.remove(key_id)
            await uow.audit.append(
                "directory:key_removed", actor=actor, subject=("technician", technician.id), at=clock.now(),
                fingerprint=key.fingerprint, login=technician.login,
            )  # fmt: skip

    async def staff(self, actor: Actor) -> list[Staff]:
        need_reader(actor)
        async with self._database.read() as uow:
            return sorted(await uow.staff.all(), key=lambda s: s.name)

    async def save_staff(self, actor: Actor, form: StaffForm) -> Staff:
        need_admin(actor)
        need_person(actor)
        form = replace(form, login=form.login.lower())
        faults = Faults()
        faults.check(check_login, form.login)
        faults.check(check_name, form.name)
        faults.check(check_language, form.language)
        faults.settle()
        ident = form.id or new_id(clock.now())
        async with self._database.write() as uow:
            old = await uow.staff.get(ident)
            thing = Staff(
                ident, form.login, form.name.strip(), check_mail(form.email, old.email if old else ""),
                await _assignments(uow, form), check_language(form.language), form.active,
            )  # fmt: skip
            need_known(form.id, old)
            need_right_over(actor, thing, old)
            await (uow.staff.save(thing) if old else uow.staff.add(thing))
            await staff_changed(uow, actor, thing, old)
            await audit_saved(
                uow, actor, "directory:staff_saved", "staff", thing, old, login=thing.login,
                assignments=in_words(thing.assignments),
            )  # fmt: skip
        return thing

    async def set_language(self, actor: Actor, language: str) -> None:
        """The one thing a person changes about himself without an administrator."""
        async with self._database.write() as uow:
            me = found(await uow.staff.get(actor.id))
            await uow.staff.save(replace(me, language=check_language(language)))


def check_employer(new: Technician, old: Technician | None, employer: Subcontractor | None, now: datetime) -> None:
    """Whom an undeclared company employs is not enrolled, nor whom one does that the hospital objected to (R-46).

    Who is employed there already may still be edited.
    """
    same = old is not None and (old.employer_id, old.supplier_id) == (new.employer_id, new.supplier_id)
    if same or not new.employer_id:
        return
    known = employer is not None and employer.supplier_id == new.supplier_id
    if employer is None or not known or employer.state(now) not in EMPLOYING:
        raise Invalid(
            new.employer_id[:40], field="employer_id",
            sentence="The employer must be the supplier, or a subcontractor it has declared to the hospital first.",
        )  # fmt: skip


async def technician_changed(uow: UnitOfWork, actor: Actor, new: Technician, old: Technician | None) -> None:
    """Whoever is out of use, or is another company's now, is signed out of the suppliers' entrance (R-18)."""
    await address_changed(uow, actor, new, old)
    if old is None or (new.active and new.supplier_id == old.supplier_id):
        return
    now = clock.now()
    await uow.portal_sessions.end(now, technician_id=new.id)
    await uow.supplier_tokens.revoke(now, technician_id=new.id)
    await uow.portal_invitations.void(new.id, now)


async def staff_changed(uow: UnitOfWork, actor: Actor, new: Staff, old: Staff | None) -> None:
    """Whoever is out of use, or has other rights now, is signed out (T25)."""
    await address_changed(uow, actor, new, old)
    if old is not None and (not new.active or old.assignments != new.assignments):
        await end_web_sessions(uow, new.id, clock.now())


async def _technician_views(uow: UnitOfWork, people: Sequence[Technician]) -> list[TechnicianView]:
    ids = [person.id for person in people]
    suppliers = {one.id: one for one in await uow.suppliers.some(person.supplier_id for person in people)}
    keys: dict[str, list[TechnicianKey]] = {ident: [] for ident in ids}
    for key in await uow.keys.of_several(ids):
        keys[key.technician_id].append(key)
    ready = await readinesses(uow, people, {ident for ident in ids if keys[ident]})
    return [
        TechnicianView(
            one, suppliers[one.supplier_id], tuple(keys[one.id]), one.id in ready.enrolled, ready.of[one.id],
            one.id in ready.proved,
        )
        for one in people
    ]  # fmt: skip


async def _assignments(uow: UnitOfWork, form: StaffForm) -> tuple[Assignment, ...]:
    duties = form.all_duties()
    codes = {duty.facility_code for duty in duties if duty.facility_code}
    places = {code: found(await uow.facilities.by_code(code), code).id for code in codes}
    return assignments_of(duties, places.__getitem__)
