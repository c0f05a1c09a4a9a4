"""Registers filled from a file of the hospital's GMAO: looked at first, applied whole or not at all.

What was looked at carries a mark. Whoever applies gives it back, and is told when the file or the register is no
longer what he saw.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, cast

import structlog

from bastion import clock
from bastion.domain.device import Device
from bastion.domain.ids import new_id
from bastion.domain.importing import DRAFT_LIFE, Change, Draft, Entry, Plan, Register
from bastion.domain.parties import EVERYWHERE, Actor, Staff, Supplier, Technician
from bastion.domain.professional import Professional
from bastion.domain.subcontractor import Subcontractor
from bastion.errors import Conflict, Forbidden, Invalid, Unavailable
from bastion.services.authentication import Authentication
from bastion.services.directory import supplier_changed
from bastion.services.duties import in_words
from bastion.services.forms import MAX_NAME, audit_saved, need_admin_of, plain
from bastion.services.import_columns import KEEPERS, Facts
from bastion.services.import_plan import planned
from bastion.services.joins import Joins, found
from bastion.services.people import staff_changed, technician_changed
from bastion.services.professionals import audit_professional, known_as
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

_NOUNS: Final = {
    Register.DEVICES: "device", Register.SUPPLIERS: "supplier", Register.TECHNICIANS: "technician",
    Register.STAFF: "staff",
}  # fmt: skip

_TABLES: Final = {
    Register.DEVICES: ("devices", "device_suppliers"), Register.SUPPLIERS: ("suppliers",),
    Register.TECHNICIANS: ("technicians",), Register.STAFF: ("staff",), Register.PROFESSIONALS: ("professionals",),
}  # fmt: skip
MANY: Final = 1_000
"""So many new or changed lines are worth counting a table anew."""
_log = structlog.get_logger(__name__)


class Imports:
    def __init__(self, database: Database, authentication: Authentication) -> None:
        self._database = database
        self._authentication = authentication

    async def check(self, actor: Actor, register: Register, data: bytes) -> Plan:
        """The dry run: what would happen. Nothing is kept."""
        return (await self._held_against(actor, register, data))[0]

    async def apply(
        self, actor: Actor, register: Register, data: bytes, *, mark: str = "", skip_bad: bool = False,
        file_name: str = "",
    ) -> Plan:  # fmt: skip
        """Write every change in one transaction, or none.

        With `mark`, only if what it would do is still what was looked at. With `skip_bad`, without the bad lines.
        """
        _need_keeper(actor, register)
        self._authentication.require_fresh(actor)
        plan, facts = await self._held_against(actor, register, data)
        async with self._database.write() as uow:
            await uow.locks.hold()  # the same file twice at once: the second finds that all of it is there
            plan = await _as_it_stands(uow, actor, plan, facts, data)
            await _apply(uow, actor, plan, mark, skip_bad, file_name)
        await self._count(plan)
        return plan

    # -- with the file kept between looking and applying ---------------------------------------------------------------
    async def hand_in(self, actor: Actor, register: Register, file_name: str, data: bytes) -> Draft:
        """Keep a file for the person who brought it; the one he brought before is forgotten."""
        await self.check(actor, register, data)
        now = clock.now()
        draft = Draft(new_id(now), register, plain(file_name)[:MAX_NAME], data, actor.id, now)
        async with self._database.write() as uow:
            await uow.drafts.forget(actor.id, now - DRAFT_LIFE)
            await uow.drafts.add(draft)
        return draft

    async def look(self, actor: Actor, draft_id: str) -> tuple[Draft, Plan]:
        async with self._database.read() as uow:
            draft = await _draft(uow, actor, draft_id)
        return draft, await self.check(actor, draft.register, draft.content)

    async def apply_draft(self, actor: Actor, draft_id: str, mark: str, *, skip_bad: bool = False) -> Plan:
        self._authentication.require_fresh(actor)
        async with self._database.read() as uow:
            draft = await _draft(uow, actor, draft_id)
        plan, facts = await self._held_against(actor, draft.register, draft.content)
        async with self._database.write() as uow:
            await uow.locks.hold()
            await _draft(uow, actor, draft_id)
            plan = await _as_it_stands(uow, actor, plan, facts, draft.content)
            await _apply(uow, actor, plan, mark, skip_bad, draft.file_name)
            await uow.drafts.forget(actor.id, clock.now() - DRAFT_LIFE)
        await self._count(plan)
        return plan

    async def forget_old(self) -> None:
        """Files hold names of people: none is kept longer than it takes to decide."""
        async with self._database.write() as uow:
            await uow.drafts.forget("", clock.now() - DRAFT_LIFE)

    async def _count(self, plan: Plan) -> None:
        """After thousands of lines what the database believes of a table is wrong. It is applied all the same: what
        cannot be counted now, the daily job counts.
        """
        if plan.created + plan.changed < MANY:
            return
        try:
            await self._database.take_stock(*_TABLES[plan.register], "audit_events")
        except Unavailable as error:
            _log.warning("an imported register could not be counted", register=plan.register, error=error.detail)

    async def _held_against(self, actor: Actor, register: Register, data: bytes) -> tuple[Plan, Facts]:
        """Seconds of work for a long file, so in a thread, and not while others wait to write."""
        _need_keeper(actor, register)
        async with self._database.read() as uow:
            facts = await _facts(uow, actor, register)
        return await asyncio.to_thread(planned, register, data, facts), facts


OF_THE_GROUP: Final = frozenset({Register.SUPPLIERS, Register.TECHNICIANS})
"""Companies and their people; a device, a colleague, who answers for patient data are a hospital's: judged by line."""


def fillable(actor: Actor) -> tuple[Register, ...]:
    """The registers that he may fill from a file."""
    return tuple(one for one in Register if _keeps(actor, one))


def _keeps(actor: Actor, register: Register) -> bool:
    return bool(actor.roles.intersection(KEEPERS[register]))


def _need_keeper(actor: Actor, register: Register) -> None:
    if not _keeps(actor, register):
        raise Forbidden(f"{actor.login} does not fill the register of {register}")
    if register in OF_THE_GROUP:
        need_admin_of(actor, EVERYWHERE)


async def _draft(uow: UnitOfWork, actor: Actor, draft_id: str) -> Draft:
    draft = await uow.drafts.get(draft_id)
    mine = draft if draft and draft.created_by == actor.id and clock.now() - draft.created_at < DRAFT_LIFE else None
    return found(mine, draft_id)


async def _facts(uow: UnitOfWork, actor: Actor, register: Register) -> Facts:
    facilities = {f.code.lower(): f for f in await uow.facilities.all()}
    suppliers = {s.code.lower(): s for s in await uow.suppliers.all()}
    entries: Mapping[str, Entry] = suppliers
    subcontractors: tuple[Subcontractor, ...] = ()
    match register:
        case Register.DEVICES:
            entries = {d.code.lower(): d for d in await uow.devices.all()}
        case Register.TECHNICIANS:
            entries = {t.login.lower(): t for t in await uow.technicians.all()}
            subcontractors = tuple(await uow.subcontractors.all())
        case Register.STAFF:
            entries = {s.login.lower(): s for s in await uow.staff.all()}
        case Register.PROFESSIONALS:
            entries = await _on_the_list(uow, {f.id: f.code for f in facilities.values()})
    return Facts(actor, facilities, suppliers, entries, subcontractors)


async def _on_the_list(uow: UnitOfWork, codes: Mapping[str, str]) -> Mapping[str, Entry]:
    """Whoever answers for patient data now or later; an entry that is over hinders nobody (R-38)."""
    now = clock.now()
    known = [one for one in await uow.professionals.all() if not one.over(now)]
    return {known_as(codes[one.facility_id], one.label): one for one in known}


async def _as_it_stands(uow: UnitOfWork, actor: Actor, plan: Plan, facts: Facts, data: bytes) -> Plan:
    """The plan, made anew if somebody has changed the register since it was read."""
    now = await _facts(uow, actor, plan.register)
    return plan if now == facts else await asyncio.to_thread(planned, plan.register, data, now)


async def _apply(uow: UnitOfWork, actor: Actor, plan: Plan, mark: str, skip_bad: bool, file_name: str) -> None:
    if mark and mark != plan.mark:
        raise Conflict(
            f"{mark} is now {plan.mark}",
            sentence="The file or the register has changed since you looked. Look at the new list, then apply it.",
        )
    if plan.bad and not skip_bad:
        raise Invalid(
            f"{len(plan.bad)} bad lines", field="file", count=len(plan.bad),
            sentence="Nothing was applied: {count} line(s) cannot be used. Correct them, or leave them out.",
        )  # fmt: skip
    await _write(uow, actor, plan.register, plan.changes)
    await _audit(uow, actor, plan, file_name)


async def _write(uow: UnitOfWork, actor: Actor, register: Register, changes: Sequence[Change]) -> None:
    """Save the entries many at a time, then do for each that changed what its form does."""
    new = [change.entry for change in changes if change.new]
    old = [change.entry for change in changes if not change.new]
    match register:
        case Register.DEVICES:
            await uow.devices.add_all(cast("list[Device]", new))
            await uow.devices.save_all(cast("list[Device]", old))
        case Register.SUPPLIERS:
            await uow.suppliers.add_all(cast("list[Supplier]", new))
            await uow.suppliers.save_all(cast("list[Supplier]", old))
        case Register.TECHNICIANS:
            await uow.technicians.add_all(cast("list[Technician]", new))
            await uow.technicians.save_all(cast("list[Technician]", old))
        case Register.STAFF:
            await uow.staff.add_all(cast("list[Staff]", new))
            await uow.staff.save_all(cast("list[Staff]", old))
        case Register.PROFESSIONALS:  # no line changes one that is there
            await uow.professionals.add_all(cast("list[Professional]", new))
    for change in changes:
        await _changed(uow, actor, change)


async def _changed(uow: UnitOfWork, actor: Actor, change: Change) -> None:
    match change.entry, change.before:
        case Supplier() as company, Supplier() as before:
            await supplier_changed(uow, actor, company, before)
        case Technician() as person, Technician() as before:
            await technician_changed(uow, actor, person, before)
        case Staff() as colleague, Staff() as before:
            await staff_changed(uow, actor, colleague, before)


async def _audit_saved(uow: UnitOfWork, actor: Actor, register: Register, change: Change) -> None:
    noun = _NOUNS[register]
    name = "login" if register in {Register.TECHNICIANS, Register.STAFF} else "entry"
    names = {name: change.key}
    if isinstance(change.entry, Staff):
        names["assignments"] = in_words(change.entry.assignments)
    await audit_saved(uow, actor, f"directory:{noun}_saved", noun, change.entry, change.before, **names)


async def _audit(uow: UnitOfWork, actor: Actor, plan: Plan, file_name: str) -> None:
    """One event for each entry, as if it had been typed, and one for the import as a whole."""
    joins = Joins(uow)
    for change in plan.changes:
        if isinstance(change.entry, Professional):
            place = await joins.facility(change.entry.facility_id)
            await audit_professional(uow, "professional:added", actor, change.entry, place, clock.now())
        else:
            await _audit_saved(uow, actor, plan.register, change)
    await uow.audit.append(
        "directory:imported", actor=actor, subject=("import", plan.mark), at=clock.now(), register=plan.register,
        created=plan.created, changed=plan.changed, unchanged=plan.unchanged, bad=len(plan.bad), file=file_name,
    )  # fmt: skip
