"""Until when an authorisation whose time is over truly held: nothing opened under it any more once the account was
closed, the contract had ended or a review had withdrawn the access, and its week tells so for good (R-18, R-19).

When somebody closed what is closed now, the trail knows. What was closed and opened again since counts as open.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from bastion.domain.events import AuditEvent
from bastion.domain.grant import Grant
from bastion.domain.parties import Supplier, Technician
from bastion.services.joins import Joins
from bastion.services.suspension import withdrawn_under
from bastion.store.unit_of_work import UnitOfWork

LEFT: Final = "technician:left"
SAVED: Final = ("directory:technician_saved", "directory:supplier_saved")
SHORTEST: Final = timedelta(minutes=1)
"""What held for less is in no calendar: it is read by the minute."""


async def held_until(uow: UnitOfWork, joins: Joins, grants: Collection[Grant], now: datetime) -> dict[str, datetime]:
    """By their ids, of those authorisations that did not hold to their end: until when they did."""
    parties: dict[str, tuple[Technician, Supplier]] = {}
    for one in grants:
        parties[one.id] = await joins.technician(one.technician_id), await joins.supplier(one.supplier_id)
    known = {one.id: one for both in parties.values() for one in both}
    closed = {ident for ident, one in known.items() if not one.active or _end(one, now) is not None}
    told = await _told(uow, closed, min((one.start for one in grants), default=now))
    withdrawn = await withdrawn_under(uow, grants, now)
    held = {}
    for grant in grants:
        lost = [at for one in parties[grant.id] if one.id in closed for at in _lost(one, told.get(one.id, ()), now)]
        if grant.id in withdrawn:
            lost.append(withdrawn[grant.id] or grant.start)
        if lost and min(lost) < grant.end:
            held[grant.id] = min(lost)
    return held


def shortened(grants: Collection[Grant], held: dict[str, datetime]) -> list[Grant]:
    """The same, each until it held no longer; without those that never did for as long as a calendar tells."""
    whole = [one for one in grants if one.id not in held]
    return whole + [one.over_by(held[one.id]) for one in grants if held.get(one.id, one.start) >= one.start + SHORTEST]


async def _told(uow: UnitOfWork, closed: Collection[str], since: datetime) -> dict[str, list[AuditEvent]]:
    """What the trail says of these since then, the newest first."""
    told: dict[str, list[AuditEvent]] = {}
    for event in await uow.audit.about((LEFT, *SAVED), closed, since):
        told.setdefault(event.subject_id, []).append(event)
    return told


def _lost(one: Technician | Supplier, told: Sequence[AuditEvent], now: datetime) -> Iterator[datetime]:
    """When it was closed, if it is now, and when its last day was over: not before that day was entered."""
    end = _end(one, now)
    if not one.active:
        yield from [event.at for event in told if event.tag == LEFT or _changed(event, "active")][:1]
    if end is not None:
        field = "valid_until" if isinstance(one, Technician) else "contract_end"
        entered = next((event.at for event in told if _changed(event, field)), end)
        yield max(end, entered)


def _end(one: Technician | Supplier, now: datetime) -> datetime | None:
    """The end of its time, if that has come."""
    end = one.valid_until if isinstance(one, Technician) else one.contract_end
    return end if end is not None and end <= now else None


def _changed(event: AuditEvent, field: str) -> bool:
    return field in event.fields.get("changed", "").split()
