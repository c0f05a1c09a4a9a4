"""How long recordings are kept (R-54): six months unless the hospital says otherwise, never more than twelve.

Sources: PGSSI-S 7.2.2.5 (six months, then erase), CNIL (six to twelve months). A hold, which somebody has justified
(an incident, a complaint), suspends erasure beyond the cap for as long as it stands. What remains of an erased
recording is its register entry and its digest; these are not kept here.
"""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

DEFAULT_MONTHS = 6
CAP_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Retention:
    """Whole calendar months from the end of the recording."""

    months: int = DEFAULT_MONTHS

    def __post_init__(self) -> None:
        if not 1 <= self.months <= CAP_MONTHS:
            raise ValueError(f"recordings are kept from 1 to {CAP_MONTHS} months, not {self.months}")

    def term(self, ended_at: datetime) -> datetime:
        """Return the instant from which a recording that ended at `ended_at` is erased."""
        return later(ended_at, self.months)


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording in the store and when it ended (aware)."""

    recording_id: str
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """Keeps one recording from being erased, before `until`, or until it is lifted when that is None."""

    recording_id: str
    reason: str
    until: datetime | None = None

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("a hold needs its reason")

    def stands(self, now: datetime) -> bool:
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Due:
    """A recording to erase, and since when."""

    recording_id: str
    since: datetime


def due(kept: Iterable[Kept], now: datetime, retention: Retention, holds: Iterable[Hold] = ()) -> tuple[Due, ...]:
    """Return the recordings to erase at `now`, the longest overdue first."""
    held = {hold.recording_id for hold in holds if hold.stands(now)}
    terms = (Due(one.recording_id, retention.term(one.ended_at)) for one in kept if one.recording_id not in held)
    return tuple(sorted((one for one in terms if one.since <= now), key=lambda one: (one.since, one.recording_id)))


def later(moment: datetime, months: int) -> datetime:
    """Return the same day and hour `months` later; the last day of the month where there is no such day."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
