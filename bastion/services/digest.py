"""The numbers of a day, for those who answer for the bastion: how many, never who or what."""

from datetime import datetime, timedelta

from bastion.domain.events import Severity
from bastion.domain.telling import DeliveryState
from bastion.services.review_due import unbegun
from bastion.services.review_reach import running
from bastion.store.unit_of_work import UnitOfWork

DAY = timedelta(days=1)
_TAGS = {
    "asked": "request:created", "refused": "request:denied", "sessions": "session:opened", "held": "file:held",
    "agreed": "grant:created",
}  # fmt: skip


async def counted(uow: UnitOfWork, seen: frozenset[str] | None, now: datetime) -> dict[str, str]:
    """Count the last day in these hospitals (`None`: all); agreed is what became an authorisation.

    Then what waits at this moment, and what is owed.
    """
    tags, alarms = await uow.audit.counted(now - DAY, now, seen)
    numbers = {name: tags.get(tag, 0) for name, tag in _TAGS.items()} | {"alarms": alarms.get(Severity.ALARM, 0)}
    numbers["waiting"] = len(await uow.requests.pending(now, seen))
    numbers["desk"] = await uow.held_files.count_held(seen, now)
    numbers["reviews"] = len(await uow.emergencies.to_review(seen))
    numbers["rights"] = sum([await uow.review_lines.count_open(one.id) for one in await running(uow, seen, now)])
    numbers["unbegun"] = len(await unbegun(uow, seen, now))
    numbers["undelivered"] = await uow.deliveries.count(DeliveryState.FAILED, seen)
    return {name: str(count) for name, count in numbers.items()}
