"""What a GMAO is told when work under one of its orders has ended, and when it is reported on (domain 3.5).

`docs/gmao.md` is the contract.

Of the supplier, never of the person (R-55): no name of a technician leaves for follow-up of contracts.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bastion.domain.access_request import AccessRequest
from bastion.domain.events import AuditEvent
from bastion.domain.session_record import SessionRecord
from bastion.domain.telling import Delivery, Recipient, RecipientKind, Topic
from bastion.services.joins import Joins, found
from bastion.services.tellings import Telling
from bastion.store.unit_of_work import UnitOfWork

NOBODY: Final = Telling("", {}, "", ())


async def report(uow: UnitOfWork, topic: Topic, event: AuditEvent) -> Telling:
    """To whom the end of a session, or what the supplier reports of the work, is written back: the GMAO of its
    hospital, if the request had a work order.
    """
    if topic is Topic.SESSION_ENDED:
        return await _session_ended(uow, event)
    if topic is Topic.REPORT_WRITTEN:
        return await _report_written(uow, event)
    return NOBODY


async def _session_ended(uow: UnitOfWork, event: AuditEvent) -> Telling:
    record = found(await uow.sessions.get(event.subject_id))
    request = found(await uow.requests.get(record.request_id))
    same = await uow.sessions.of_grant(record.grant_id)
    facts = await _work(uow, request, same) | {
        "session": record.id, "started_at": _instant(record.started_at),
        "ended_at": _instant(record.ended_at or record.started_at),
        "outcome": str(record.outcome or ""),
        "running": str(sum(one.live for one in same)), "recording_sha256": record.recording_digest,
    }  # fmt: skip
    return await _telling(uow, request, facts, f"/sessions/{record.id}")


async def _report_written(uow: UnitOfWork, event: AuditEvent) -> Telling:
    """What was typed is not in the facts: `said` reads it when the message leaves."""
    request = found(await uow.requests.get(event.subject_id))
    written = next((one for one in await uow.reports.of(request.id) if one.at == event.at), None)
    sessions = await uow.sessions.of_grant(request.grant_id)
    if not sessions:
        return NOBODY
    facts = await _work(uow, request, sessions) | {"report": found(written).id, "written_at": _instant(event.at)}
    return await _telling(uow, request, facts, f"/requests/{request.id}/report")


async def _telling(uow: UnitOfWork, request: AccessRequest, facts: dict[str, str], path: str) -> Telling:
    gmao = await uow.gmaos.of(request.facility_id)
    if gmao is None or not request.work_order:
        return NOBODY
    return Telling(request.facility_id, facts, path, (Recipient(RecipientKind.WEBHOOK, gmao.id),))


async def _work(uow: UnitOfWork, request: AccessRequest, sessions: list[SessionRecord]) -> dict[str, str]:
    """Which order and which work, and how long the device was in the company's hands so far."""
    joins = Joins(uow)
    device, facility = await joins.device(request.device_id), await joins.facility(request.facility_id)
    supplier = await joins.supplier(request.supplier_id)
    ended = [one.ended_at for one in sessions if one.ended_at is not None]
    began = min(one.started_at for one in sessions)
    over = max(ended, default=began)
    return {
        "work_order": request.work_order, "ref": request.ref, "request": request.id, "device": device.code,
        "serial": device.serial, "supplier": supplier.code, "company": supplier.name, "facility": facility.code,
        "finess": facility.finess, "kind": request.kind.value, "sessions": str(len(sessions)),
        "busy_from": _instant(began), "busy_to": _instant(over),
        "busy_seconds": str(int((over - began).total_seconds())),
    }  # fmt: skip


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


async def said(uow: UnitOfWork, one: Delivery) -> dict[str, object]:
    """What the supplier reported, for a message about a report: it never changes, so each attempt says the same."""
    ident = one.facts.get("report")
    if ident is None:
        return {}
    written = found(next((row for row in await uow.reports.of(one.facts["request"]) if row.id == ident), None))
    return {
        "written_by": "supplier" if written.author_company else "hospital", "done": written.done,
        "after": written.after.value, "taken": written.taken,
        "erased_by": _instant(written.erased_by) if written.erased_by else None,
    }  # fmt: skip


def body(one: Delivery, address: str, said: Mapping[str, object]) -> dict[str, object]:
    """Return the message. It is made of what stood fast when it was queued, so each attempt says the same."""
    facts = dict(one.facts)
    downtime = {"from": facts.pop("busy_from"), "to": facts.pop("busy_to"), "seconds": int(facts.pop("busy_seconds"))}
    counts: dict[str, object] = {name: int(facts.pop(name)) for name in ("sessions", "running") if name in facts}
    page = "page" if "report" in facts else "findings"
    return {"id": one.id, **facts, **counts, **said, "downtime": downtime, page: f"{address}{one.path}"}


def place(one: Delivery) -> str:
    """Under which address of the GMAO it is posted."""
    return "/reports" if one.topic is Topic.REPORT_WRITTEN else "/interventions"
