"""What a GMAO is told when work under one of its orders has ended (domain 3.5); `docs/gmao.md` is the contract.

Of the supplier, never of the person (R-55): no name of a technician leaves for follow-up of contracts.
"""

from typing import Final

from bastion.domain.events import AuditEvent
from bastion.domain.telling import Delivery, Recipient, RecipientKind, Topic
from bastion.services.joins import Joins, found
from bastion.services.rings import Telling
from bastion.store.unit_of_work import UnitOfWork

NOBODY: Final = Telling("", {}, "", ())


async def report(uow: UnitOfWork, topic: Topic, event: AuditEvent) -> Telling:
    """To whom the end of a session is reported: the GMAO of its hospital, if the request had a work order."""
    if topic is not Topic.SESSION_ENDED:
        return NOBODY
    record = found(await uow.sessions.get(event.subject_id))
    request = found(await uow.requests.get(record.request_id))
    gmao = await uow.gmaos.of(record.facility_id)
    if gmao is None or not request.work_order:
        return NOBODY
    joins, same = Joins(uow), await uow.sessions.of_grant(record.grant_id)
    device, facility = await joins.device(record.device_id), await joins.facility(record.facility_id)
    supplier = await joins.supplier(record.supplier_id)
    ended = [one.ended_at for one in same if one.ended_at is not None]
    began, over = min(one.started_at for one in same), max(ended, default=record.started_at)
    facts = {
        "work_order": request.work_order, "ref": request.ref, "request": request.id, "session": record.id,
        "device": device.code, "serial": device.serial, "supplier": supplier.code, "company": supplier.name,
        "facility": facility.code, "finess": facility.finess, "kind": request.kind.value,
        "started_at": record.started_at.isoformat(timespec="seconds"),
        "ended_at": (record.ended_at or over).isoformat(timespec="seconds"),
        "outcome": str(record.outcome or ""), "sessions": str(len(same)),
        "running": str(sum(one.live for one in same)),
        "busy_from": began.isoformat(timespec="seconds"), "busy_to": over.isoformat(timespec="seconds"),
        "busy_seconds": str(int((over - began).total_seconds())), "recording_sha256": record.recording_digest,
    }  # fmt: skip
    return Telling(
        record.facility_id, facts, f"/sessions/{record.id}", (Recipient(RecipientKind.WEBHOOK, gmao.id),)
    )  # fmt: skip


def body(one: Delivery, address: str) -> dict[str, object]:
    """Return the message. It is made of what stood fast when the session ended, so each attempt says the same."""
    facts = dict(one.facts)
    downtime = {"from": facts.pop("busy_from"), "to": facts.pop("busy_to"), "seconds": int(facts.pop("busy_seconds"))}
    counts = {name: int(facts.pop(name)) for name in ("sessions", "running")}
    return {"id": one.id, **facts, **counts, "downtime": downtime, "findings": f"{address}{one.path}"}
