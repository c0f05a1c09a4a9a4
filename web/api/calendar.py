"""`/calendar`: what is coming, as a list and as iCalendar."""

from datetime import datetime, timedelta
from typing import Self

from fastapi import APIRouter
from starlette.responses import Response

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.services.calendar import CalendarEntry, EntryKind
from web import icalendar
from web.api.bearer import Me, Use
from web.api.shapes import Instant, Shape

USUAL = timedelta(days=60)


class EntryShape(Shape):
    """`id` is the request's, of a window the window's. `state` is a grant's or a window's, as it is now."""

    kind: EntryKind
    id: str
    ref: str
    start: datetime
    end: datetime
    work: InterventionKind
    state: str
    device: str
    facility: str
    supplier: str
    technician_name: str
    emergency: bool

    @classmethod
    def of(cls, one: CalendarEntry) -> Self:
        return cls(
            kind=one.kind, id=one.ident, ref=one.ref, start=one.box.start, end=one.box.end, work=one.work,
            state=one.state, device=one.device.code, facility=one.facility.code,
            supplier=one.supplier.code if one.supplier else "", technician_name=one.who, emergency=one.emergency,
        )  # fmt: skip


def add_to(router: APIRouter) -> None:
    router.add_api_route("/calendar", between, methods=["GET"])
    router.add_api_route("/calendar.ics", export, methods=["GET"], response_class=Response)


async def between(
    me: Me, use: Use, since: Instant | None = None, until: Instant | None = None, device: str = "", facility: str = ""
) -> list[EntryShape]:
    """List what touches a span of two months at most (from now, if not said), the earliest first."""
    start = since or clock.now()
    found = await use.calendar.between(me, start, until or start + USUAL, device_code=device, facility_code=facility)
    return [EntryShape.of(one) for one in found]


async def export(me: Me, use: Use, device: str = "", facility: str = "") -> Response:
    """The next two months as iCalendar: codes only, no name and no reason."""
    now = clock.now()
    found = await use.calendar.between(me, now, now + USUAL, device_code=device, facility_code=facility)
    return Response(icalendar.text(found, now), media_type="text/calendar; charset=utf-8")
