"""What is coming: authorisations, requests for a planned time, and maintenance windows, in one list by time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest, InterventionKind, RequestState
from bastion.domain.device import Device
from bastion.domain.grant import Grant
from bastion.domain.maintenance import MaintenanceWindow, WindowStatus
from bastion.domain.parties import Actor, ActorKind, Facility, Supplier
from bastion.domain.timebox import TimeBox
from bastion.errors import Forbidden, Invalid
from bastion.services.joins import Joins, scope
from bastion.store.database import Database

LONGEST: Final = timedelta(days=62)
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2999, 1, 1, tzinfo=UTC)
"""Beyond these a database, or a calendar's week, may have no instant."""
MOST: Final = 1000
"""More entries than anybody reads are cut off, the latest first."""


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

    @property
    def uid(self) -> str:
        """The same for the same event each time it is exported."""
        at = f"-{self.box.start:%Y%m%dT%H%MZ}" if self.kind is EntryKind.WINDOW else ""
        return f"{self.kind}-{self.ident}{at}"


class Calendar:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(
        self, actor: Actor, since: datetime, until: datetime, *, device_code: str = "", facility_code: str = ""
    ) -> list[CalendarEntry]:
        """What touches `[since, until)` in the actor's facilities, the earliest first."""
        if actor.kind is ActorKind.TECHNICIAN:
            raise Forbidden(f"{actor.login} is not of the hospital")
        if not (since >= EARLIEST and timedelta() < until - since <= LONGEST and until <= LATEST):
            raise Invalid("until", field="until", sentence="Ask for two months at most, the end after the beginning.")
        async with self._database.read() as uow:
            joins, seen = Joins(uow), scope(actor)
            grants = await uow.grants.between(since, until, seen, MOST)
            waiting = [one for one in await uow.requests.pending(clock.now(), seen) if _touches(one, since, until)]
            windows = await uow.windows.standing(seen, max(since, clock.now()))
            await joins.about([*grants, *waiting])
            entries = [await _granted(joins, one) for one in grants]
            entries += [await _asked(joins, one) for one in waiting]
            for window in windows:
                entries += await _expected(joins, window, since, until)
        kept = [
            one for one in entries
            if device_code in {"", one.device.code} and facility_code in {"", one.facility.code}
        ]  # fmt: skip
        return sorted(kept, key=lambda one: (one.box.start, one.device.code, one.uid))[:MOST]


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


async def _expected(joins: Joins, window: MaintenanceWindow, since: datetime, until: datetime) -> list[CalendarEntry]:
    device, facility = await joins.device(window.device_id), await joins.facility(window.facility_id)
    supplier = await joins.supplier(window.supplier_id) if window.supplier_id else None
    state = window.status(clock.now())
    if state not in {WindowStatus.AGREED, WindowStatus.PROPOSED}:
        return []
    return [
        CalendarEntry(
            EntryKind.WINDOW, window.id, window.ref, box, window.kind, state.value, device, facility, supplier,
        )
        for box in window.occurrences(facility.timezone, since, until)
    ]  # fmt: skip
