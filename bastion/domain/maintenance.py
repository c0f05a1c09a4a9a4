"""Maintenance windows: times that come again, agreed once for all of them, until a day within a year (R-24, R-66).

A window opens nothing. It says when a supplier may be expected on a device; and where the rules allow it (`standing`),
that who agreed to the window has thereby agreed to each request of this kind that falls into it. Its times are those of
the clock on the hospital's wall: a window that begins at 02:00 begins at 02:00 in summer as in winter.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from bastion.domain.access_request import InterventionKind
from bastion.domain.local_time import local_date, opening
from bastion.domain.parties import Supplier
from bastion.domain.timebox import TimeBox
from bastion.errors import AlreadyAgreed, Conflict, IllegalTransition, Invalid, SelfApproval

LONGEST: Final = timedelta(days=366)
LEAST_MINUTES: Final = 15
MOST_MINUTES: Final = 12 * 60
DAY_MINUTES: Final = 24 * 60
WEEKLY: Final = 0
LAST: Final = -1
WEEKS: Final = (WEEKLY, 1, 2, 3, 4, LAST)
"""Every week, or the first, second, third, fourth or last such day of the month."""
MAX_REASON: Final = 2000
LEAST_REASON: Final = 3


class WindowStatus(StrEnum):
    """Derived from stored facts and the clock; never stored."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    OVER = "over"
    ENDED = "ended"  # refused, taken back or revoked


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`begins` counts minutes from midnight on the wall; a window may reach into the next day."""

    week: int
    weekday: int
    begins: int
    minutes: int

    def check(self) -> None:
        """Raise `Invalid` for what is no rhythm."""
        if self.week not in WEEKS:
            raise Invalid("week", field="week", sentence="Choose one of the list.")
        if self.weekday not in range(7):
            raise Invalid("weekday", field="weekday", sentence="Choose one of the list.")
        if self.begins not in range(DAY_MINUTES):
            raise Invalid("begins", field="begins", sentence="Give a time such as 22:30.")
        if not LEAST_MINUTES <= self.minutes <= MOST_MINUTES:
            raise Invalid("minutes", field="minutes", sentence="A maintenance window lasts 15 minutes to 12 hours.")

    def on(self, day: date) -> bool:
        """Whether one begins on this local day."""
        if day.weekday() != self.weekday:
            return False
        if self.week == LAST:
            return (day + timedelta(days=7)).month != day.month
        return self.week == WEEKLY or (day.day - 1) // 7 + 1 == self.week

    def box(self, day: date, zone: str) -> TimeBox | None:
        """The one of this day, from wall to wall, and never longer than it was agreed to where the clocks go back;
        `None` where they skip all of it.
        """
        wall = datetime.combine(day, time()) + timedelta(minutes=self.begins)
        length = timedelta(minutes=self.minutes)
        start = opening(wall, zone)
        end = min(opening(wall + length, zone), start + length)
        return TimeBox(start, end) if start < end else None


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """`supplier_id` empty: whoever maintains the device. It holds for what begins in `[starts, ends)`."""

    id: str
    facility_id: str
    device_id: str
    supplier_id: str
    kind: InterventionKind
    week: int
    weekday: int
    begins: int
    minutes: int
    starts: datetime
    ends: datetime
    reason: str
    created_by_id: str
    created_by: str
    created_at: datetime
    quorum: int
    agreed_ids: tuple[str, ...] = ()
    agreed_names: tuple[str, ...] = ()
    agreed_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    end_reason: str = ""
    version: int = 1

    @property
    def ref(self) -> str:
        return self.id[-8:].upper()

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(self.week, self.weekday, self.begins, self.minutes)

    @property
    def missing(self) -> int:
        return max(self.quorum - len(self.agreed_ids), 0)

    def status(self, now: datetime) -> WindowStatus:
        if self.ended_at is not None:
            return WindowStatus.ENDED
        if now >= self.ends:
            return WindowStatus.OVER
        return WindowStatus.AGREED if self.agreed_at is not None else WindowStatus.PROPOSED

    def agree(self, by_id: str, by_name: str, version: int, now: datetime) -> "MaintenanceWindow":
        """Add one person's agreement; not the proposer's, and nobody's twice (R-23)."""
        if self.status(now) is not WindowStatus.PROPOSED:
            raise IllegalTransition(f"window {self.id}", state=self.status(now).value)
        if version != self.version:
            raise Conflict(f"window {self.id} is at version {self.version}, not {version}")
        if by_id == self.created_by_id:
            raise SelfApproval(f"{by_id} on window {self.id}")
        if by_id in self.agreed_ids:
            raise AlreadyAgreed(f"{by_id} on window {self.id}")
        ids, names = (*self.agreed_ids, by_id), (*self.agreed_names, by_name)
        return replace(self, agreed_ids=ids, agreed_names=names, agreed_at=now if len(ids) >= self.quorum else None)

    def end(self, by: str, reason: str, now: datetime) -> "MaintenanceWindow":
        if self.status(now) not in {WindowStatus.PROPOSED, WindowStatus.AGREED}:
            raise IllegalTransition(f"window {self.id}", state=self.status(now).value)
        return replace(self, ended_at=now, ended_by=by, end_reason=reason)

    def covers(self, supplier_id: str, kind: InterventionKind) -> bool:
        return self.kind is kind and self.supplier_id in {"", supplier_id}

    def promised(self, zone: str, after: datetime, until: datetime, limit: datetime | None) -> Iterator[TimeBox]:
        """Those that touch `[after, until)` and begin before `limit` (`promised_until`); without one, none."""
        return self._times(zone, after, until, limit) if limit is not None else iter(())

    def occurrences(self, zone: str, after: datetime, until: datetime) -> Iterator[TimeBox]:
        """Those that touch `[after, until)`, the earliest first."""
        return self._times(zone, after, until, self.ends)

    def _times(self, zone: str, after: datetime, until: datetime, ends: datetime) -> Iterator[TimeBox]:
        low, last, rhythm = max(after, self.starts), local_date(min(until, ends), zone), self.rhythm
        day = local_date(low, zone) - timedelta(days=1)  # one that began yesterday may still be going on
        day += timedelta(days=(self.weekday - day.weekday()) % 7)
        while day <= last:
            box = rhythm.box(day, zone) if rhythm.on(day) else None
            if box is not None and self.starts <= box.start < ends and box.start < until and after < box.end:
                yield box
            day += timedelta(days=7)

    def at(self, zone: str, now: datetime) -> TimeBox | None:
        """The occurrence that goes on now."""
        return next((box for box in self.occurrences(zone, now, now + timedelta(minutes=1)) if box.contains(now)), None)

    def overlaps(self, other: "MaintenanceWindow", zone: str) -> TimeBox | None:
        """The first time at which both would be on."""
        theirs = list(other.occurrences(zone, self.starts, self.ends + LONGEST))
        for box in self.occurrences(zone, self.starts, self.ends):
            if any(box.start < one.end and one.start < box.end for one in theirs):
                return box
        return None


def promised_until(window: MaintenanceWindow, companies: Iterable[Supplier], now: datetime) -> datetime | None:
    """Before when a time of the window must begin to be promised to anybody (R-18): its own end, or that of the
    contract which holds longest of the `companies` that may come by it; `None` where none of them is under contract.
    """
    running = [one.contract_end or window.ends for one in companies if one.under_contract(now)]
    return min(window.ends, max(running)) if running else None


def checked(window: MaintenanceWindow) -> MaintenanceWindow:
    window.rhythm.check()
    if not timedelta() < window.ends - window.starts <= LONGEST:
        raise Invalid(
            "ends", field="ends", sentence="A maintenance window ends within a year: nothing here is permanent."
        )
    if not LEAST_REASON <= len(window.reason.strip()) <= MAX_REASON:
        raise Invalid("reason", field="reason", sentence="Say in a few words what this window is for.")
    return replace(window, reason=window.reason.strip())


@dataclass(frozen=True, slots=True)
class WindowUse:
    """A request that was agreed to by what stood already; `id` is the request's."""

    id: str
    window_id: str
    starts: datetime
    ends: datetime
