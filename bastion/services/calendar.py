"""What is coming: authorisations, requests for a planned time, and maintenance windows, in one list by time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest, InterventionKind, RequestState
from bastion.domain.device import Device
from bastion.domain.grant import Grant
from bastion.domain.maintenance import MaintenanceWindow, promised_until
from bastion.domain.parties import Actor, ActorKind, Facility, Supplier
from bastion.domain.timebox import TimeBox
from bastion.errors import Forbidden, Invalid
from bastion.services.joins import Joins, scope
from bastion.services.lost_ground import held_until, shortened
from bastion.services.suspension import turned_out, welcome
from bastion.services.window_terms import companies_of
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork

LONGEST: Final = timedelta(days=62)
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2999, 1, 1, tzinfo=UTC)
"""Beyond these a database, or a calendar's week, may have no instant."""
MOST: Final = 1000
"""More entries than anybody reads are cut off, the latest first."""
FULL: Final = 30
"""So many entries of one day are shown to look at; who wants the others asks for one hospital or device."""


class EntryKind(StrEnum):
    GRANT = "grant"
    REQUEST = "request"  # planned for then, not decided yet
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """`ident` is the request's or the window's; `state` a grant's or a window's, as it is now."""

    kind: EntryKind
    ident: str
    ref: str
    box: TimeBox
    work: InterventionKind
    state: str
    device: Device
    facility: Facility
    supplier: Supplier | None
    who: str = ""
    emergency: bool = False

    @property
    def path(self) -> str:
        return f"/windows/{self.ident}" if self.kind is EntryKind.WINDOW else f"/requests/{self.ident}"


@dataclass(frozen=True, slots=True)
class Day:
    """`more` when not everything fits."""

    entries: tuple[CalendarEntry, ...]
    more: bool = False


class Calendar:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(
        self, actor: Actor, since: datetime, until: datetime, *, device_code: str = "", facility_code: str = ""
    ) -> list[CalendarEntry]:
        """What touches `[since, until)` in the actor's facilities, the earliest first."""
        need_staff(actor)
        if not (since >= EARLIEST and timedelta() < until - since <= LONGEST and until <= LATEST):
            raise Invalid("until", field="until", sentence="Ask for two months at most, the end after the beginning.")
        async with self._database.read() as uow:
            about = await _about(uow, actor, device_code, facility_code)
            if about is None:
                return []
            grants = await uow.grants.between(since, until, about.facilities, MOST, about.device_id)
            return (await _entries(uow, about, grants, since, until))[:MOST]

    async def days(
        self, actor: Actor, edges: Sequence[datetime], *, device_code: str = "", facility_code: str = ""
    ) -> list[Day]:
        """The same, a day at a time from each edge to the next: a busy day does not hide those after it."""
        need_staff(actor)
        first, last = edges[0], edges[-1]
        async with self._database.read() as uow:
            about = await _about(uow, actor, device_code, facility_code)
            if about is None:
                return [Day(()) for _ in edges[1:]]
            grants = await uow.grants.over(first, about.facilities, FULL, about.device_id)
            for since, until in pairwise(edges):
                grants += await uow.grants.starting(since, until, about.facilities, FULL + 1, about.device_id)
            entries = await _entries(uow, about, grants, first, last)
        return [_day(entries, since, until, begun=since == first) for since, until in pairwise(edges)]


@dataclass(frozen=True, slots=True)
class _About:
    """What the calendar is of: `facilities` are those one sees and asked for, `None` all of them."""

    facilities: frozenset[str] | None
    device_id: str


async def _about(uow: UnitOfWork, actor: Actor, device_code: str, facility_code: str) -> _About | None:
    """`None` when there is no such device or hospital, or none that this person sees."""
    seen, device = scope(actor), await uow.devices.by_code(device_code) if device_code else None
    if device_code and device is None:
        return None
    if facility_code:
        facility = await uow.facilities.by_code(facility_code)
        if facility is None or (seen is not None and facility.id not in seen):
            return None
        seen = frozenset({facility.id})
    return _About(seen, device.id if device else "")


async def _entries(
    uow: UnitOfWork, about: _About, grants: Sequence[Grant], since: datetime, until: datetime
) -> list[CalendarEntry]:
    """These authorisations, and what is asked for and expected in `[since, until)`, the earliest first."""
    joins, now = Joins(uow), clock.now()
    waiting = [one for one in await uow.requests.pending(now, about.facilities) if _touches(one, since, until)]
    if about.device_id:
        waiting = [one for one in waiting if one.device_id == about.device_id]
    windows = await uow.windows.between(max(since, now), until, about.facilities, about.device_id)
    await joins.know("facility", (one.facility_id for one in windows))
    due = [(one, times) for one in windows if (times := await _times(joins, one, since, until))]
    await joins.know("technician", (one.technician_id for one in grants))
    await joins.around([*grants, *waiting, *(window for window, _ in due)])
    entries = [await _granted(joins, one) for one in await _holding(uow, joins, grants) if since < one.end]
    entries += [await _asked(joins, one) for one in waiting]
    its = await companies_of(joins, [window for window, _ in due])
    for window, times in due:
        limit = promised_until(window, its[window.id], now)
        if limit is not None:
            entries += await _expected(joins, window, [box for box in times if box.start < limit])
    return sorted(entries, key=lambda one: (one.box.start, one.device.code, one.kind, one.ident))


async def _times(joins: Joins, window: MaintenanceWindow, since: datetime, until: datetime) -> list[TimeBox]:
    """When a window would be on in `[since, until)`: most come once a month, and in a week are not asked about."""
    zone = (await joins.facility(window.facility_id)).timezone
    return list(window.occurrences(zone, since, until))


async def _holding(uow: UnitOfWork, joins: Joins, grants: Sequence[Grant]) -> list[Grant]:
    """Without those under which nothing opens any more, as what was revoked is not read; of those whose time is over as
    much as held.
    """
    now = clock.now()
    left, over = [one for one in grants if now < one.end], [one for one in grants if one.end <= now]
    out = await turned_out(uow, left, now)
    standing = [one for one in left if await welcome(joins, one, out, now)]
    return standing + shortened(over, await held_until(uow, joins, over, now))


def _day(entries: Sequence[CalendarEntry], since: datetime, until: datetime, *, begun: bool) -> Day:
    """What begins that day; with `begun`, what goes on as it begins, too."""
    those = tuple(one for one in entries if one.box.start < until and (begun or since <= one.box.start))
    return Day(those[:FULL], more=len(those) > FULL)


def need_staff(actor: Actor) -> None:
    if actor.kind is ActorKind.TECHNICIAN:
        raise Forbidden(f"{actor.login} is not of the hospital")


def _touches(request: AccessRequest, since: datetime, until: datetime) -> bool:
    return request.start is not None and request.start < until and since < request.start + request.wanted


async def _granted(joins: Joins, grant: Grant) -> CalendarEntry:
    return CalendarEntry(
        EntryKind.GRANT, grant.request_id, grant.request_id[-8:].upper(), grant.box, grant.kind,
        grant.status(clock.now()).value, await joins.device(grant.device_id), await joins.facility(grant.facility_id),
        await joins.supplier(grant.supplier_id), (await joins.technician(grant.technician_id)).name, grant.emergency,
    )  # fmt: skip


async def _asked(joins: Joins, request: AccessRequest) -> CalendarEntry:
    start = request.start or request.created_at
    return CalendarEntry(
        EntryKind.REQUEST, request.id, request.ref, TimeBox(start, start + request.wanted), request.kind,
        RequestState.PENDING.value, await joins.device(request.device_id), await joins.facility(request.facility_id),
        await joins.supplier(request.supplier_id), request.technician_name,
    )  # fmt: skip


async def _expected(joins: Joins, window: MaintenanceWindow, times: Sequence[TimeBox]) -> list[CalendarEntry]:
    """Its times before the last day of a contract: after it nobody is promised (R-18)."""
    device, facility = await joins.device(window.device_id), await joins.facility(window.facility_id)
    supplier = await joins.supplier(window.supplier_id) if window.supplier_id else None
    ref, state = window.ref, window.status(clock.now()).value
    return [
        CalendarEntry(EntryKind.WINDOW, window.id, ref, box, window.kind, state, device, facility, supplier)
        for box in times
    ]
