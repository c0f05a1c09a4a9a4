"""The report owed after an intervention: written by who did the work or speaks for his company (R-59).

The hospital may write one down for its supplier, who called: nobody is kept out for ever by somebody who has left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.comparison import Comparison
from bastion.domain.device import Device
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, ActorKind, Facility, Role
from bastion.domain.report import LATE, Report, ReportDue, ReportForm, checked
from bastion.domain.session_record import SessionRecord
from bastion.errors import Conflict, Forbidden
from bastion.services import comparisons
from bastion.services.company import company_of
from bastion.services.joins import Joins, found
from bastion.services.portal import need_technician
from bastion.services.requests import audit_decision, seen_with_company
from bastion.services.twice import need_first
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

REPORT_DAYS: Final = 7
AT_ONCE: Final = 200
"""How many are looked at in one turn of reminding."""
NAMED: Final = 5
"""How many of the reports that block a supplier its refusal names."""
SAID: Final = ("author_id", "done", "after", "taken", "erased_by")
"""What makes two entries the same one, sent twice."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A report that is owed, and for which work."""

    due: ReportDue
    request: AccessRequest
    device: Device
    facility: Facility


@dataclass(frozen=True, slots=True)
class Reported:
    """What was reported on one intervention, what is owed of it, and the sessions it is about."""

    request: AccessRequest
    device: Device
    facility: Facility
    reports: tuple[Report, ...]
    due: ReportDue | None
    sessions: tuple[SessionRecord, ...]
    may_write: bool
    comparison: Comparison | None
    """What was declared beside what was observed (R-60)."""

    @property
    def running(self) -> bool:
        return any(one.live for one in self.sessions)

    @property
    def owed(self) -> bool:
        return self.due is not None and self.due.owed_since is not None


class Reports:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def mine(self, actor: Actor) -> list[Owed]:
        """What a technician owes, the oldest first."""
        async with self._database.read() as uow:
            return await _named(uow, await uow.report_dues.of_technician(need_technician(actor)))

    async def of_company(self, actor: Actor) -> list[Owed]:
        """What everybody of the company owes that the actor speaks for."""
        async with self._database.read() as uow:
            return await _named(uow, await uow.report_dues.of_supplier((await company_of(uow, actor)).id))

    async def of(self, actor: Actor, request_id: str) -> Reported:
        async with self._database.read() as uow:
            request = await seen_with_company(uow, actor, request_id)
            due = await uow.report_dues.get(request.id)
            records = await uow.sessions.of_grant(request.grant_id) if request.grant_id else []
            own = tuple(one for one in records if one.request_id == request.id)
            joins = Joins(uow)
            device = await joins.device(request.device_id)
            writes = _may_write(actor, device)
            return Reported(
                request, device, await joins.facility(request.facility_id),
                tuple(await uow.reports.of(request.id)), due, own, may_write=writes and due is not None,
                comparison=await comparisons.of_request(uow, request),
            )  # fmt: skip

    async def write(self, actor: Actor, request_id: str, form: ReportForm) -> Report:
        """Report on an intervention whose sessions have ended; again, to add to what was reported."""
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            request = await seen_with_company(uow, actor, request_id)
            if not _may_write(actor, found(await uow.devices.get(request.device_id))):
                raise Forbidden(f"{actor.login} does not decide on this device")
            due = await uow.report_dues.get(request.id)
            if due is None or await uow.sessions.count_live(grant_id=request.grant_id):
                raise Conflict("no end", sentence="A report is written when the work has ended.")
            # What is owed may always be written: a limit on additions must not leave a company blocked.
            free = due.owed_since is not None or actor.kind is ActorKind.STAFF
            said = checked(form, 0 if free else len(await uow.reports.of(request.id)), now)
            report = Report(
                new_id(now), request.id, actor.id, actor.name, actor.supplier_id, now, said.done, said.after,
                said.taken, said.erased_by,
            )  # fmt: skip
            need_first(report, await uow.reports.of(request.id), *SAID)
            await uow.reports.add(report)
            await uow.report_dues.put(due.written())
            await audit_decision(
                uow, "request:reported", actor, request, now, after=said.after, late="yes" if due.overdue(now) else "",
                erased_by=said.erased_by.isoformat() if said.erased_by else "", note=said.done, taken=said.taken,
            )  # fmt: skip
        return report

    async def remind(self, actor: Actor) -> int:
        """Note in the trail, once each, that a report is due soon and that the lack of it blocks; return how many."""
        now, said = clock.now(), 0
        async with self._database.read() as uow:
            near = [one for one in await uow.report_dues.to_remind_of(now, AT_ONCE) if one.reminder(now)]
        for one in near:
            async with self._database.write() as uow:
                await uow.locks.hold()  # another node may be at it, and it may have been written meanwhile
                due = await uow.report_dues.get(one.id)
                stage = due.reminder(now) if due else 0
                if due is not None and stage:
                    await uow.report_dues.put(replace(due, reminders=stage))
                    await _note_reminder(uow, actor, due, stage, now)
                    said += 1
        return said


def _may_write(actor: Actor, device: Device) -> bool:
    """Of the hospital, whoever decides on the device: he knows whether it may serve again (R-28)."""
    return actor.kind is ActorKind.TECHNICIAN or actor.reaches(Role.APPROVER, device.facility_id, device.ward)


async def _note_reminder(uow: UnitOfWork, actor: Actor, due: ReportDue, stage: int, now: datetime) -> None:
    joins, request = Joins(uow), found(await uow.requests.get(due.id))
    await uow.audit.append(
        "report:overdue" if stage == LATE else "report:due", actor=actor, subject=("request", due.id),
        facility_id=due.facility_id, at=now, device=(await joins.device(request.device_id)).code,
        supplier=(await joins.supplier(due.supplier_id)).code, until=due.due_at.isoformat() if due.due_at else "",
    )  # fmt: skip


async def owe(uow: UnitOfWork, record: SessionRecord, now: datetime, days: int) -> None:
    """A session has ended: its intervention owes a report. `days` of 0 let the lack of it block nobody."""
    due_at = now + timedelta(days=days) if days else None
    known = await uow.report_dues.get(record.request_id)
    due = known or ReportDue(
        record.request_id, record.technician_id, record.supplier_id, record.facility_id, None, None
    )
    await uow.report_dues.put(due.worked_again(now, due_at))


async def overdue_of(uow: UnitOfWork, supplier_id: str, now: datetime) -> tuple[str, ...]:
    """The references of requests whose report keeps this supplier from asking for anything new."""
    late = await uow.report_dues.overdue(supplier_id, now, NAMED)
    return tuple([found(await uow.requests.get(one.id)).ref for one in late])


async def _named(uow: UnitOfWork, dues: Sequence[ReportDue]) -> list[Owed]:
    joins, requests = Joins(uow), {one.id: one for one in await uow.requests.some([due.id for due in dues])}
    rows = [(due, requests[due.id]) for due in dues]
    return [
        Owed(due, one, await joins.device(one.device_id), await joins.facility(one.facility_id)) for due, one in rows
    ]
