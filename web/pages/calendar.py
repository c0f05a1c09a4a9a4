"""What is coming, a week at a time: to look at, to print, and as a file for anybody's own calendar."""

from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from bastion.domain.local_time import HOME_ZONE, local_date, midnight
from bastion.domain.parties import Facility
from bastion.i18n import N_
from web import choices, icalendar
from web.console import Seen, Typed

router = APIRouter()
Asked = Annotated[str, Query()]
WEEK: Final = timedelta(days=7)
EXPORTED: Final = timedelta(days=60)


@router.get("/calendar")
async def week(seen: Seen, day: Asked = "", facility: Asked = "", device: Asked = "") -> Response:
    """Show the week of `day`; nonsense in an address is this week."""
    facilities = [one for one in await seen.services.directory.facilities(seen.actor) if seen.actor.covers(one.id)]
    chosen = next((one for one in facilities if one.code == facility), None)
    zone = _zone(chosen, facilities)
    monday = _monday(day, local_date(seen.face.now, zone))
    days = [monday + timedelta(days=number) for number in range(7)]
    shown = await seen.services.calendar.days(
        seen.actor, [midnight(day, zone) for day in (*days, monday + WEEK)], device_code=device,
        facility_code=chosen.code if chosen else "",
    )  # fmt: skip
    return seen.page(
        "calendar.html", N_("Calendar"), days=days, by_day=dict(zip(days, shown, strict=True)), zone=zone,
        today=local_date(seen.face.now, zone), earlier=monday - WEEK, later=monday + WEEK,
        filters=Typed(facility=chosen.code if chosen else "", device=device, day=monday.isoformat()),
        facilities=[(one.code, one.name) for one in facilities], kinds=KINDS,
        devices=await choices.devices(seen, device),
    )  # fmt: skip


@router.get("/calendar.ics")
async def export(seen: Seen, facility: Asked = "", device: Asked = "") -> Response:
    """Return the next two months: codes only, no name and no reason."""
    now = seen.face.now
    entries = await seen.services.calendar.between(
        seen.actor, now, now + EXPORTED, device_code=device, facility_code=facility
    )
    return Response(
        icalendar.text(entries, now), media_type="text/calendar; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="bastion.ics"'},
    )  # fmt: skip


KINDS: Final = {
    "grant": ("ok", N_("Agreed"), "check"),
    "request": ("wait", N_("Waits for a decision"), "clock"),
    "window": ("hold", N_("Maintenance window"), "clock"),
}


def _zone(chosen: Facility | None, facilities: list[Facility]) -> str:
    """The clock of the hospital that was chosen, or of all if they share one."""
    zones = {chosen.timezone} if chosen else {one.timezone for one in facilities}
    return zones.pop() if len(zones) == 1 else HOME_ZONE


def _monday(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = today
    day = min(max(day, date(2000, 1, 3)), date(2900, 1, 1))
    return day - timedelta(days=day.weekday())
