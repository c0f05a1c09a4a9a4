"""What stands in the way of asking for some work, beside the rules: whoever asks is refused with the first of it, and
the dry run tells all of it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bastion.domain.timebox import TimeBox
from bastion.errors import BastionError, Conflict
from bastion.services.answering import answered_for
from bastion.services.drafts import Ask, RequestDraft, check_start
from bastion.services.occupied import waits_already
from bastion.services.requests import refuse_if_locked
from bastion.services.terms_ahead import refuse_past_terms
from bastion.store.unit_of_work import UnitOfWork

ONE_WAITS_ALREADY: Final = (
    "A request for {device} is waiting already; leave this device out, or take that request back."
)
WAITS_ALREADY: Final = "A request for this device is waiting already; see its state first."
AN_HOUR: Final = timedelta(hours=1)
MOST_EMERGENCIES: Final = 20
"""Of a supplier within an hour, those taken back too: each one wakes whoever is on call."""
TOO_MANY_EMERGENCIES: Final = "Too many emergencies were called within an hour. Call the hospital."


@dataclass(frozen=True, slots=True)
class _Wanted:
    ask: Ask
    draft: RequestDraft
    box: TimeBox
    """From when to when it would be at the earliest."""
    now: datetime


async def hindrances(uow: UnitOfWork, ask: Ask, draft: RequestDraft, now: datetime) -> tuple[BastionError, ...]:
    """All that refuses a request for this work now, in the order in which it is said."""
    start = max(draft.start or now, now)
    wanted, problems = _Wanted(ask, draft, TimeBox(start, start + ask.wanted), now), []
    for refuse in _CHECKS:
        try:
            await refuse(uow, wanted)
        except BastionError as problem:
            problems.append(problem)
    return tuple(problems)


async def _start(_uow: UnitOfWork, wanted: _Wanted) -> None:
    check_start(wanted.draft, wanted.now)


async def _professional(uow: UnitOfWork, wanted: _Wanted) -> None:
    await answered_for(uow, wanted.draft.plan, wanted.ask.device, wanted.box.start, wanted.box.end)


async def _terms(_uow: UnitOfWork, wanted: _Wanted) -> None:
    refuse_past_terms(wanted.ask.technician, wanted.ask.supplier, wanted.box, wanted.now)


async def _locks(uow: UnitOfWork, wanted: _Wanted) -> None:
    await refuse_if_locked(uow, wanted.ask.technician, wanted.ask.device, wanted.now)


async def _waiting(uow: UnitOfWork, wanted: _Wanted) -> None:
    ask, box, urgent = wanted.ask, wanted.box, wanted.draft.emergency is not None
    if await waits_already(uow, ask.technician.id, ask.device.id, box.start, box.end, wanted.now, urgent=urgent):
        one_of_several = ONE_WAITS_ALREADY if wanted.draft.batch else WAITS_ALREADY
        about = "others" if wanted.draft.batch else "start"
        raise Conflict("pending", field=about, sentence=one_of_several, device=ask.device.code)


async def _emergencies(uow: UnitOfWork, wanted: _Wanted) -> None:
    if wanted.draft.emergency is None:
        return
    if await uow.emergencies.begun(wanted.ask.supplier.id, wanted.now - AN_HOUR) >= MOST_EMERGENCIES:
        raise Conflict("emergencies", sentence=TOO_MANY_EMERGENCIES)


_CHECKS: Final[tuple[Callable[[UnitOfWork, _Wanted], Awaitable[None]], ...]] = (
    _start, _professional, _terms, _locks, _waiting, _emergencies,
)  # fmt: skip
