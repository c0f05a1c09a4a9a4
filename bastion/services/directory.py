"""The register of organisations: hospitals of the group, and the suppliers that work for them."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bastion import clock
from bastion.domain.country import HOME, checked_all
from bastion.domain.ids import new_id
from bastion.domain.parties import EVERYWHERE, Actor, Facility, Role, Supplier
from bastion.errors import Faults, Invalid
from bastion.services.contract_ends import take_back
from bastion.services.forms import (
    MAX_NAME,
    audit_saved,
    check_code,
    check_name,
    check_named,
    need_admin_of,
    need_known,
    need_reader,
    plain,
)
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

EVERY_ADDRESS: Final = "{text} is every address there is: declare only those from which the supplier works."


@dataclass(frozen=True, slots=True)
class FacilityForm:
    code: str
    name: str
    finess: str = ""
    timezone: str = "Europe/Paris"
    id: str = ""


@dataclass(frozen=True, slots=True)
class SupplierForm:
    code: str
    name: str
    networks: tuple[str, ...] = ()
    contract_end: datetime | None = None
    contact: str = ""
    active: bool = True
    id: str = ""
    countries: tuple[str, ...] = (HOME,)
    contract_number: str = ""
    contract_start: datetime | None = None
    security_contact: str = ""

    @classmethod
    def of(cls, supplier: Supplier) -> "SupplierForm":
        """What is known of a company, to be changed in part."""
        return cls(
            supplier.code, supplier.name, supplier.networks, supplier.contract_end, supplier.contact, supplier.active,
            supplier.id, supplier.countries, supplier.contract_number, supplier.contract_start,
            supplier.security_contact,
        )  # fmt: skip


class Directory:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def facilities(self, actor: Actor) -> list[Facility]:
        need_reader(actor)
        async with self._database.read() as uow:
            return sorted((f for f in await uow.facilities.all() if actor.covers(f.id)), key=lambda f: f.name)

    async def save_facility(self, actor: Actor, form: FacilityForm) -> Facility:
        need_admin_of(actor, form.id or EVERYWHERE)
        form = replace(form, code=form.code.lower())
        faults = Faults()
        faults.check(check_code, form.code)
        faults.check(check_name, form.name)
        faults.check(_check_zone, form.timezone)
        faults.settle()
        ident = form.id or new_id(clock.now())
        thing = Facility(ident, form.code, form.name.strip(), form.finess.strip(), form.timezone)
        async with self._database.write() as uow:
            old = await uow.facilities.get(ident)
            need_known(form.id, old)
            await (uow.facilities.save(thing) if old else uow.facilities.add(thing))
            await audit_saved(uow, actor, "directory:facility_saved", "facility", thing, old, entry=thing.code)
        return thing

    async def to_declare(self, actor: Actor) -> list[Supplier]:
        """Of whom every address there is was declared before that was refused, by name: for whoever can mend it."""
        if not actor.covers(EVERYWHERE, Role.ADMIN):
            return []
        async with self._database.read() as uow:
            return [one for one in await uow.suppliers.all() if one.active and names_nobody(one)]

    async def suppliers(self, actor: Actor) -> list[Supplier]:
        need_reader(actor)
        async with self._database.read() as uow:
            return sorted(await uow.suppliers.all(), key=lambda s: s.name)

    async def save_supplier(self, actor: Actor, form: SupplierForm) -> Supplier:
        need_admin_of(actor, EVERYWHERE)
        form = replace(form, code=form.code.lower())
        check_named(form.code, form.name)
        ident = form.id or new_id(clock.now())
        async with self._database.write() as uow:
            await uow.locks.hold()  # or what is agreed to at this moment would outlive the contract
            old = await uow.suppliers.get(ident)
            need_known(form.id, old)
            thing = _supplier(form, ident, old)
            await (uow.suppliers.save(thing) if old else uow.suppliers.add(thing))
            await supplier_changed(uow, actor, thing, old)
            await audit_saved(uow, actor, "directory:supplier_saved", "supplier", thing, old, entry=thing.code)
        return thing


async def supplier_changed(uow: UnitOfWork, actor: Actor, new: Supplier, old: Supplier | None) -> None:
    """Where no contract runs any more, nobody of the company stays signed in, and what was agreed to ends (R-18): also
    where it had run out before and begins anew. The caller holds the locks.
    """
    now = clock.now()
    if old is None or (old.under_contract(now) and new.under_contract(now)):
        return
    await take_back(uow, actor, {new.id}, now)
    if not new.under_contract(now):
        await uow.portal_sessions.end(now, supplier_id=new.id)
        await uow.supplier_tokens.revoke(now, supplier_id=new.id)


def _supplier(form: SupplierForm, ident: str, old: Supplier | None) -> Supplier:
    """What the form makes of a company; `Invalid` at the field that is wrong."""
    thing = Supplier(
        ident, form.code, form.name.strip(), networks_of(form.networks, old), form.contract_end, form.active,
        form.contact.strip(), checked_all(form.countries), plain(form.contract_number), form.contract_start,
        plain(form.security_contact),
    )  # fmt: skip
    check_term(thing)
    return thing


def check_term(supplier: Supplier) -> None:
    start, end = supplier.contract_start, supplier.contract_end
    if start is not None and end is not None and end <= start:
        raise Invalid("term", field="contract_end", sentence="A contract ends after it begins. Correct the two days.")
    for field in ("contract_number", "security_contact"):
        if len(getattr(supplier, field)) > MAX_NAME:
            raise Invalid(
                field, field=field, sentence="This text is too long: {limit} characters at most.", limit=MAX_NAME
            )


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a name longer than any file's
        raise Invalid(zone, field="timezone", sentence="Choose a time zone such as Europe/Paris.") from None


def networks_of(texts: Iterable[str], old: Supplier | None) -> tuple[str, ...]:
    """The networks as they are kept; `Invalid` for what is none, and for every address there is: it names nobody (R-5).
    One that the supplier has had from before that rule stays, and counts for nothing: it can still be closed.
    """
    found = tuple(_network(text.strip()) for text in texts if text.strip())
    for one in found:
        if not one.prefixlen and (old is None or str(one) not in old.networks):
            raise Invalid(str(one), field="networks", sentence=EVERY_ADDRESS, text=str(one))
    return tuple(str(one) for one in found)


def names_nobody(supplier: Supplier) -> bool:
    """Whether every address there is stands among what it declared."""
    return len(supplier.declared) < len(supplier.networks)


def _network(said: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(said)
    except ValueError:
        raise Invalid(
            said, field="networks", sentence="“{text}” is not a network; write it like 203.0.113.0/24.", text=said,
        ) from None  # fmt: skip
