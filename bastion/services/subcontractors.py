"""Subcontractors of suppliers: declared, objected to within 21 days, ended (R-46)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain import country
from bastion.domain.ids import new_id
from bastion.domain.parties import EVERYWHERE, Actor, Role, Supplier
from bastion.domain.subcontractor import Subcontractor, SubcontractorState
from bastion.errors import Forbidden, Invalid, NotFound
from bastion.services import reasons
from bastion.services.authentication import Authentication
from bastion.services.forms import MAX_NAME, check_name, need_admin_of, need_reader, plain
from bastion.services.joins import found
from bastion.services.twice import need_first
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

SAID: Final = ("name", "registration", "country", "objected_at", "ended_at")
"""What makes two declarations the same one."""
EMPLOYING = frozenset({SubcontractorState.WAITING, SubcontractorState.ALLOWED})
"""Whose people may be enrolled (R-46); they work once the state is the latter."""


@dataclass(frozen=True, slots=True)
class SubcontractorForm:
    name: str
    registration: str = ""
    country: str = country.HOME


class Subcontractors:
    def __init__(self, database: Database, authentication: Authentication) -> None:
        self._database = database
        self._authentication = authentication

    async def of(self, actor: Actor, supplier_id: str) -> list[Subcontractor]:
        """Every one a supplier ever declared, the newest first."""
        need_reader(actor)
        async with self._database.read() as uow:
            supplier = found(await uow.suppliers.get(supplier_id), supplier_id)
            return (await uow.subcontractors.of(supplier.id))[::-1]

    async def employers(self, actor: Actor) -> list[Subcontractor]:
        """Those of every supplier that may employ somebody, or may soon, by name."""
        need_reader(actor)
        now = clock.now()
        async with self._database.read() as uow:
            known = [one for one in await uow.subcontractors.all() if one.state(now) in EMPLOYING]
        return sorted(known, key=lambda one: one.name.casefold())

    async def declare(self, actor: Actor, supplier_id: str, form: SubcontractorForm) -> Subcontractor:
        """Register what the supplier declared; the hospital's 21 days begin now."""
        need_admin_of(actor, EVERYWHERE)
        check_name(form.name)
        number = plain(form.registration)
        if len(number) > MAX_NAME:
            raise Invalid("registration", field="registration")
        where = country.checked(form.country)
        self._authentication.require_fresh(actor)
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            supplier = found(await uow.suppliers.get(supplier_id), supplier_id)
            made = Subcontractor(new_id(now), supplier.id, form.name.strip(), number, where, actor.name, now)
            need_first(made, await uow.subcontractors.of(supplier.id), *SAID)
            await uow.subcontractors.add(made)
            await _audit(uow, "subcontractor:declared", actor, supplier, made, now)
        return made

    async def object(self, actor: Actor, ident: str, reason: str, supplier_id: str = "") -> Subcontractor:
        """Say no, with the reason: its people work no longer, also in sessions under way."""
        if not actor.covers(EVERYWHERE, Role.SECURITY, Role.ADMIN):
            raise Forbidden(f"{actor.login} does not object for the hospital")
        said = reasons.for_the_record(reason, "reason")
        self._authentication.require_fresh(actor)
        now = clock.now()
        async with self._database.write() as uow:
            old, supplier = await _owned(uow, ident, supplier_id)
            saved = await uow.subcontractors.save(old.object(actor.name, said, now))
            await _audit(uow, "subcontractor:objected", actor, supplier, saved, now, said)
            uow.hint("supplier", supplier.id)
        return saved

    async def end(self, actor: Actor, ident: str, supplier_id: str = "") -> Subcontractor:
        """It works for the supplier no longer, and its people neither, also in sessions under way."""
        need_admin_of(actor, EVERYWHERE)
        self._authentication.require_fresh(actor)
        now = clock.now()
        async with self._database.write() as uow:
            old, supplier = await _owned(uow, ident, supplier_id)
            saved = await uow.subcontractors.save(old.end(actor.name, now))
            await _audit(uow, "subcontractor:ended", actor, supplier, saved, now)
            uow.hint("supplier", supplier.id)
        return saved


async def _owned(uow: UnitOfWork, ident: str, supplier_id: str) -> tuple[Subcontractor, Supplier]:
    """With `supplier_id`, only if it is that supplier's."""
    one = found(await uow.subcontractors.get(ident), ident)
    if supplier_id not in {"", one.supplier_id}:
        raise NotFound(ident)
    return one, found(await uow.suppliers.get(one.supplier_id))


async def _audit(
    uow: UnitOfWork, tag: str, actor: Actor, supplier: Supplier, one: Subcontractor, now: datetime, why: str = ""
) -> None:
    await uow.audit.append(
        tag, actor=actor, subject=("supplier", supplier.id), at=now, supplier=supplier.code, employer=one.name,
        start=one.allowed_from.isoformat(), why=why,
    )  # fmt: skip
