"""Coming in, opening a session, and its end, as the SSH edge uses them (design: *Connect*)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bastion import clock
from bastion.domain import act
from bastion.domain.device import Device, DeviceAccount, Protocol
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.lock import Subject, first_hit
from bastion.domain.parties import Actor, Supplier, Technician, system_actor
from bastion.domain.session_effects import Audit
from bastion.domain.session_events import EndReason
from bastion.domain.session_record import SessionRecord
from bastion.errors import (
    BastionError,
    DeviceNotReady,
    Locked,
    NoGrant,
    NotFound,
    PolicyRefused,
    Suspended,
)
from bastion.services import commands, comparisons, sign_ins
from bastion.services.address import Address
from bastion.services.answering import silence, unanswered_of
from bastion.services.commands import Command
from bastion.services.decisions import Decisions, by_rule, refusal
from bastion.services.joins import Joins, found
from bastion.services.occupied import waiting_at_the_door
from bastion.services.opening import PROOF_LENGTH, Connection, Opening, check_grant
from bastion.services.paperwork import missing_of_several
from bastion.services.reaching import reachable
from bastion.services.reports import REPORT_DAYS, owe
from bastion.services.standby import Standby
from bastion.services.suspension import out_of, refuse_if_suspended, turned_out, welcome
from bastion.services.turns import asked_now, stuck
from bastion.services.undertakings import owed_by
from bastion.services.views import BARRED, UNANSWERED, Entry, MenuItem, Opened, Wish
from bastion.services.waiting import under_rules
from bastion.services.watching import end_watches
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from bastion.store.vault import Vault

MENU_LENGTH = 200
RECENT: Final = timedelta(days=1)
"""For how long whoever comes back reads what became of his authorisation."""


REFUSED: Final = "device:login_failed"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended and what its sealed recording is. `digest` is empty when nothing could be sealed."""

    reason: EndReason
    by: str = ""
    why: str = ""
    digest: str = ""
    bytes: int = 0
    seconds: float = 0.0
    findings: tuple[str, ...] = ()
    """Kinds of what was seen on the screens."""
    acts: tuple[str, ...] = ()
    """What was seen of what was typed, as `domain.act` keeps it."""
    reached: bool = True
    """Whether anything was opened on the device: without that there is nothing to report."""


class Sessions:
    def __init__(
        self, database: Database, decisions: Decisions, vault: Vault, proof_length: timedelta = PROOF_LENGTH,
        report_days: int = REPORT_DAYS,
    ) -> None:  # fmt: skip
        self._database = database
        self._decisions = decisions
        self._report_days = report_days
        self._opening = Opening(decisions, vault, proof_length)

    # -- coming in -----------------------------------------------------------------------------------------------------
    async def enter(self, actor: Actor, device_code: str = "", account: str = "") -> Entry:
        """Say what a technician finds. Raises `PolicyRefused` for whoever may not come in from where he is (R-5),
        `Locked`, `Suspended`, `NotFound`, `DeviceNotReady`; each refusal is audited.
        """
        try:
            async with self._database.read() as uow:
                return await self._enter(uow, actor, device_code, account, clock.now())
        except (Locked, Suspended, NotFound, DeviceNotReady, PolicyRefused) as problem:
            await self.refused(actor, device_code, problem)
            raise

    async def commands(self, actor: Actor, device_code: str, address: Address) -> tuple[Command, ...]:
        """What a technician may paste for a device: as much as is open to him, else what leads to a request."""
        entry = await self.enter(actor, device_code)
        device = found(entry.device)
        async with self._database.read() as uow:
            endpoints, derogations = await uow.endpoints.of(device.id), await uow.derogations.of(device.id)
        way = reachable(device, endpoints, derogations, clock.now())
        line = way[0].protocol if way else Protocol.SSH
        holds = entry.grant or commands.TO_ASK
        return commands.ready(address, actor.login, device.code, holds, endpoints, line)

    async def refused(
        self, actor: Actor, device_code: str, problem: BastionError, connection: Connection | None = None
    ) -> None:
        """Audit that a technician was turned away, and why; that he was let in, if that is still to be kept."""
        now = clock.now()
        async with self._database.write(quick=True) as uow:
            if connection is not None and connection.new:
                await sign_ins.keep(uow, actor, connection.sign_in, now)
            await uow.audit.append(
                "session:refused", actor=actor, subject=("technician", actor.id), at=now, door="ssh",
                device=device_code, why=problem.code, technician=actor.login, **by_rule(problem),
            )  # fmt: skip

    async def still_coming(self, actor: Actor, grant_id: str) -> None:
        """Raise `NoGrant`, or the kind of it that says why, unless an authorisation for whose time its technician waits
        opens by itself then, as all stands now: it has ended, or nobody answers for its patient data then (R-38).
        """
        async with self._database.read() as uow:
            now = clock.now()
            grant = await uow.grants.get(grant_id)
            if grant is None or grant.technician_id != actor.id:
                raise NotFound(grant_id)
            if grant.status(now) is not GrantStatus.SCHEDULED:
                check_grant(grant, now)
            plan = found(await uow.requests.get(grant.request_id)).plan
            silent = await silence(uow, plan, grant.facility_id, max(grant.start, now))
            if silent is not None:
                raise silent

    async def acknowledge(self, actor: Actor, grant_id: str, how: str) -> None:
        """Keep that the recording notice was accepted, once per grant (R-56)."""
        now = clock.now()
        async with self._database.write(quick=True) as uow:
            grant = found(await uow.grants.get(grant_id))
            if grant.technician_id != actor.id:
                raise NotFound(grant_id)
            if grant.acknowledged_at is None:
                await uow.grants.save(replace(grant, acknowledged_at=now))
                await uow.audit.append(
                    "notice:acknowledged", actor=actor, subject=("grant", grant.id), facility_id=grant.facility_id,
                    at=now, grant=grant.id, how=how,
                )  # fmt: skip

    # -- the session itself --------------------------------------------------------------------------------------------
    async def open(self, actor: Actor, grant_id: str, connection: Connection) -> Opened:
        """Open a session under a grant, in one transaction, and release the device's secret for it.

        Raises `Locked`, `NoGrant` and its kinds, `NotAcknowledged`, `PolicyRefused`, `DeviceBusy`, `DeviceNotReady`;
        each refusal is audited.
        """
        try:
            async with self._database.write(quick=True) as uow:
                return await self._opening.open(uow, actor, grant_id, connection)
        except BastionError as problem:
            await self.refused(actor, grant_id, problem, connection)
            raise

    async def note(self, record: SessionRecord, facts: Sequence[Audit]) -> None:
        """Append what happened inside a live session to the audit chain, in order, in one transaction."""
        await self.note_all([(record, facts)])

    async def note_all(self, noted: Sequence[tuple[SessionRecord, Sequence[Audit]]]) -> None:
        """The same for several sessions, in one transaction."""
        if not any(facts for _, facts in noted):
            return
        now = clock.now()
        async with self._database.write(quick=True) as uow:
            for record, facts in noted:
                actor = carrier(record)
                if any(fact.tag == REFUSED for fact in facts):
                    await _mark_account(uow, record, now)
                for fact in facts:
                    await uow.audit.append(
                        fact.tag, actor=actor, subject=("session", record.id), facility_id=record.facility_id, at=now,
                        **fact.fields,
                    )  # fmt: skip

    async def closed(self, record: SessionRecord, ending: Ending) -> None:
        """Keep the end of a session; the digest of its recording goes into the audit chain with it."""
        now = clock.now()
        async with self._database.read() as uow:
            before = _ended(found(await uow.sessions.get(record.id)), ending, now)
            compared = await comparisons.of_session(uow, before)
        async with self._database.write(quick=True) as uow:
            current = found(await uow.sessions.get(record.id))
            if current.ended_at is not None:
                return
            ended = replace(_ended(current, ending, now), differences=compared.differences)
            await uow.sessions.save(ended)
            if ending.reached:
                await owe(uow, current, now, self._report_days)
                await _mark_account(uow, current, None)
            await self._audit_closed(uow, ended, ending, now)
            if not await uow.sessions.count_live(grant_id=record.grant_id):
                await uow.proofs.revoke_grant(record.grant_id)
                await end_watches(uow, record, now)
            uow.hint("session", record.id)

    async def wishes(self, node: str) -> dict[str, Wish]:
        """What people decided about the sessions this node carries, by session id."""
        async with self._database.read() as uow:
            records = await uow.sessions.live(node)
            grants = {ident: found(await uow.grants.get(ident)) for ident in {r.grant_id for r in records}}
            now, joins = clock.now(), Joins(uow)
            out = await turned_out(uow, grants.values(), now)
            welcomed = {ident: await welcome(joins, grant, out, now) for ident, grant in grants.items()}
            lacks = await missing_of_several(uow, {r.supplier_id for r in records}, now)
            derogations = await uow.derogations.of_several(frozenset(r.device_id for r in records))
            extending = await uow.requests.extending(grants)
        return {
            r.id: Wish(
                r.id, r.frozen_by, r.cut_by, r.cut_why, grants[r.grant_id], welcomed[r.grant_id],
                tuple(one for one in derogations if one.device_id == r.device_id),
                lacks[r.supplier_id],
                tuple(e.request_id for e in extending if e.grant_id == r.grant_id and e.settled > r.started_at),
            )
            for r in records
        }  # fmt: skip

    async def left_behind(self, node: str) -> list[SessionRecord]:
        """Sessions this node carried when it died; the next start seals and closes them."""
        async with self._database.read() as uow:
            return await uow.sessions.live(node)

    # -- parts of `enter` ----------------------------------------------------------------------------------------------
    async def _enter(self, uow: UnitOfWork, actor: Actor, code: str, account: str, now: datetime) -> Entry:
        technician = found(await uow.technicians.get(actor.id))
        supplier = found(await uow.suppliers.get(technician.supplier_id))
        door = self._decisions.at_the_door(actor, supplier, now)  # first of all: from elsewhere he learns nothing more
        if not door.allowed:
            raise refusal(door, actor.language)
        device = await self._device(uow, supplier, code) if code else None
        subject = Subject(technician.id, supplier.id, device.id if device else "")
        hit = first_hit(await uow.locks.unlifted(), subject, now)
        if hit is not None:
            raise Locked(hit.id, why=hit.reason)
        await refuse_if_suspended(uow, technician, device, now)
        if device is None:
            return Entry(technician, supplier, menu=await self._menu(uow, technician, supplier, now))
        chosen = await _account(uow, device, account)
        pending = await waiting_at_the_door(uow, technician.id, device.id, now)
        joins = Joins(uow)
        if pending is not None:
            pending = await under_rules(joins, self._decisions, pending, now)
        grant, silent = await _open_one(joins, uow, technician.id, device, now)
        over = None if grant or silent else await uow.grants.last_over(technician.id, device.id, now)
        emergency = await joins.emergency(pending) if pending else None
        asked, why_stuck = Standby(), ""
        if pending is not None:
            asked = await asked_now(uow, self._decisions, pending, device, now, emergency)
            why_stuck = await stuck(uow, self._decisions, pending, device, now, emergency, asked)
        if grant is not None:
            emergency = await joins.emergency(await joins.request(grant.request_id)) if grant.emergency else None
        return Entry(
            technician, supplier, device, found(await uow.facilities.get(device.facility_id)), chosen,
            grant=grant, over=over if over and now - over.over_at < RECENT else None, pending=pending,
            emergency=emergency, approvers=tuple(one.name for one in asked.people), stuck=why_stuck,
            undertaking=await owed_by(uow, technician.id), unanswered=silent,
        )  # fmt: skip

    async def _device(self, uow: UnitOfWork, supplier: Supplier, code: str) -> Device:
        """A device that is not the supplier's does not exist for its people (T33)."""
        device = await uow.devices.by_code(code)
        if device is None or not device.active or supplier.id not in device.supplier_ids:
            raise NotFound(f"device {code}")
        return device

    async def _menu(
        self, uow: UnitOfWork, technician: Technician, supplier: Supplier, now: datetime
    ) -> tuple[MenuItem, ...]:
        joins = Joins(uow)
        devices = await uow.devices.search(supplier_id=supplier.id, limit=MENU_LENGTH)
        await joins.know("facility", (device.facility_id for device in devices))
        held = await uow.grants.of_technician(technician.id, now)
        silent = await unanswered_of(joins, uow, held, now)
        waiting = await uow.requests.awaited(technician.id, now)
        telling = [g for g in held if g.id not in silent or g.device_id not in waiting]  # unless he has asked anew
        grants = {g.device_id: g for g in sorted(telling, key=lambda one: one.id not in silent)}
        out = await out_of(uow, technician, now)
        items = []
        for device in devices:
            grant = grants.get(device.id)
            state = grant.status(now).value if grant else "pending" if device.id in waiting else "none"
            state = UNANSWERED if grant and grant.id in silent else state
            state = BARRED if device.facility_id in out else state
            until, urgent = (grant.end, grant.emergency) if grant else (None, waiting.get(device.id, False))
            items.append(MenuItem(device, await joins.facility(device.facility_id), state, until, urgent))
        return tuple(items)

    async def _audit_closed(self, uow: UnitOfWork, record: SessionRecord, ending: Ending, now: datetime) -> None:
        actor = carrier(record)
        subject = ("session", record.id)
        if ending.digest:
            await uow.audit.append(
                "recording:sealed", actor=actor, subject=subject, facility_id=record.facility_id, at=now,
                digest=ending.digest, bytes=ending.bytes,
            )  # fmt: skip
        if ending.findings:
            await uow.audit.append(
                "recording:findings", actor=actor, subject=subject, facility_id=record.facility_id, at=now,
                findings=" ".join(ending.findings),
            )  # fmt: skip
        if record.differences:
            await uow.audit.append(
                "session:differed", actor=actor, subject=subject, facility_id=record.facility_id, at=now,
                request=record.request_id, aspects=" ".join(record.differences),
                acts=" ".join(one.act for one in act.read(record.acts) if one.act in act.WRITING),
            )  # fmt: skip
        await uow.audit.append(
            "session:closed", actor=actor, subject=subject, facility_id=record.facility_id, at=now,
            reason=ending.reason, digest=ending.digest, bytes=ending.bytes, seconds=round(ending.seconds, 3),
        )  # fmt: skip


def _ended(current: SessionRecord, ending: Ending, now: datetime) -> SessionRecord:
    return replace(
        current,
        ended_at=max(now, current.started_at),  # the clock may have been set back meanwhile
        end_reason=ending.reason,
        end_by=ending.by,
        end_why=ending.why,
        recording_digest=ending.digest,
        recording_bytes=ending.bytes,
        recording_seconds=ending.seconds,
        screen_findings=ending.findings,
        acts=ending.acts,
    )


async def _open_one(
    joins: Joins, uow: UnitOfWork, technician_id: str, device: Device, now: datetime
) -> tuple[Grant | None, NoGrant | None]:
    """His authorisation on a device under which a session opens: of several the one that ends last. Where nothing opens
    only because nobody answers for the patient data (R-38), that.
    """
    silent = None
    for grant in await uow.grants.live(technician_id, device.id, now):
        plan = (await joins.request(grant.request_id)).plan
        why_not = await silence(uow, plan, device.facility_id, now)
        if why_not is None:
            return grant, None
        silent = silent or why_not
    return None, silent


async def _account(uow: UnitOfWork, device: Device, login: str) -> DeviceAccount:
    accounts = await uow.accounts.of(device.id)
    chosen = [a for a in accounts if not login or a.login == login]
    if not chosen:
        raise NotFound(f"account {login}") if login else DeviceNotReady(device.code, device=device.code)
    return chosen[0]


def carrier(record: SessionRecord) -> Actor:
    """Who facts inside a session are put down to: the technician whose session it is."""
    return replace(
        system_actor(record.technician_name), id=record.technician_id, login="", source=record.source,
    )  # fmt: skip


async def _mark_account(uow: UnitOfWork, record: SessionRecord, refused_at: datetime | None) -> None:
    """Keep since when the device refuses the account of a session, or that it takes it."""
    for account in await uow.accounts.of(record.device_id):
        if account.login == record.account_login and (account.refused_at is None) != (refused_at is None):
            await uow.accounts.save(replace(account, refused_at=refused_at))
