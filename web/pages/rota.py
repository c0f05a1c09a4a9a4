"""Who is on call, week by week, in each hospital's own time; entered line by line or from a file."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import groupby
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query
from starlette.datastructures import UploadFile
from starlette.responses import Response

from bastion import clock
from bastion.domain.local_time import HOME_ZONE
from bastion.domain.parties import Role
from bastion.domain.rota import LINES
from bastion.errors import BastionError, Invalid
from bastion.i18n import N_
from bastion.services.rota import KEEPERS, BadShift, ShiftForm, ShiftView, keeps
from web import fields
from web.console import Console, Seen, Typed, go

router = APIRouter(prefix="/rota")
Text = Annotated[str, Form()]
WEEK: Final = timedelta(days=7)
YEARS: Final = range(2000, 2100)
"""What a week may lie in; beyond, calendars end."""


@router.get("")
async def show(seen: Seen, week: Annotated[str, Query()] = "") -> Response:
    return await _show(seen, week)


@router.post("")
async def add(
    seen: Seen, login: Text = "", facility: Text = "", ward: Text = "", starts: Text = "", ends: Text = "",
    line: Text = "1", week: Text = "",
) -> Response:  # fmt: skip
    typed = Typed(login=login, facility=facility, ward=ward, starts=starts, ends=ends, line=line)

    async def work() -> Response:
        form = ShiftForm(login, facility, starts, ends, ward, fields.whole(line, "line"))
        made = await seen.services.rota.add(seen.actor, form)
        return go(f"/rota?week={_monday(made.starts.date()).isoformat()}", "on_call_added")

    return await seen.attempt(work(), partial(_show, seen, week, typed=typed))


@router.get("/export")
async def take_away(seen: Seen, week: Annotated[str, Query()] = "") -> Response:
    """A week as the file that `import` takes."""
    monday, first, last = _stretch_of(week, clock.now())
    sheet = await seen.services.rota.export(seen.actor, first, last)
    kept = {"content-disposition": f'attachment; filename="rota-{monday.isoformat()}.csv"'}
    return Response(sheet, media_type="text/csv; charset=utf-8", headers=kept)


@router.post("/import")
async def take(seen: Seen) -> Response:
    """All lines of a file or none: the page names those that are wrong. `look`: only say what would be entered."""
    sent = await seen.request.form(max_files=1, max_fields=3)
    look = bool(sent.get("look"))

    async def work() -> Response:
        file = sent.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise Invalid("no file", field="file", sentence="Choose the file to import.")
        made, bad = await seen.services.rota.add_all(seen.actor, await file.read(), only_look=look)
        if bad or look:
            return await _show(seen, "", bad=bad, usable=None if bad else len(made))
        first = min((one.starts.date() for one in made), default=clock.now().date())
        return go(f"/rota?week={_monday(first).isoformat()}", "on_call_added")

    try:
        return await seen.attempt(work(), partial(_show, seen, ""))
    finally:
        await sent.close()


@router.post("/{ident}/withdraw")
async def withdraw(seen: Seen, ident: str, week: Text = "") -> Response:
    async def work() -> Response:
        gone = await seen.services.rota.withdraw(seen.actor, ident)
        return go(f"/rota?week={_monday(gone.starts.date()).isoformat()}", "on_call_withdrawn")

    return await seen.attempt(work(), partial(_show, seen, week))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _week_of(text: str, today: date) -> date:
    """The Monday asked for; this week's for what is no day, or too far away to mean anything."""
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        return _monday(today)
    return _monday(asked if asked.year in YEARS else today)


async def _show(
    seen: Console, week: str, error: BastionError | None = None, typed: Typed | None = None,
    bad: list[BadShift] | None = None, usable: int | None = None,
) -> Response:  # fmt: skip
    now, rota = clock.now(), seen.services.rota
    today = now.astimezone(ZoneInfo(HOME_ZONE)).date()
    monday, first, last = _stretch_of(week, now)
    rows = await rota.between(seen.actor, first, last)
    standing = await rota.between(seen.actor, now, now + timedelta(seconds=1))
    absent = await seen.services.standins.absences(seen.actor)
    away = {one.person.id for one in absent if one.absence.stands(now)}
    page = seen.page(
        "rota.html", N_("On call"), error=error, bad=bad or [], usable=usable, away=away,
        typed=typed or Typed(line="1"),
        kept={v.shift.id for v in rows if keeps(seen.actor, v.shift.facility_id, v.shift.ward)},
        days=_by_day(rows, monday), on_call=sorted(standing, key=lambda v: (v.facility.name, v.shift.line)),
        monday=monday, week_start=first + timedelta(hours=12), this_week=_monday(today),
        earlier=(monday - WEEK).isoformat(),
        later=(monday + WEEK).isoformat(), **await _choices(seen),
    )  # fmt: skip
    if bad:
        page.status_code = 422
    return page


def _stretch_of(week: str, now: datetime) -> tuple[date, datetime, datetime]:
    """The Monday of a week, and when that week begins and ends."""
    monday = _week_of(week, now.astimezone(ZoneInfo(HOME_ZONE)).date())
    first, last = (datetime.combine(day, time(), ZoneInfo(HOME_ZONE)) for day in (monday, monday + WEEK))
    return monday, first.astimezone(UTC), last.astimezone(UTC)


def _by_day(rows: list[ShiftView], monday: date) -> list[tuple[datetime, list[ShiftView]]]:
    """Each day of the week that somebody's shift begins on; what began before stands with the Monday."""

    def day(view: ShiftView) -> date:
        return max(view.shift.starts.astimezone(ZoneInfo(view.facility.timezone)).date(), monday)

    ordered = sorted(rows, key=lambda view: (day(view), view.shift.starts, view.shift.line, view.shift.id))
    noon = time(12)
    return [(datetime.combine(when, noon, UTC), list(group)) for when, group in groupby(ordered, key=day)]


async def _choices(seen: Console) -> dict[str, Any]:
    """Where the actor may enter the rota, and who may be on call there."""
    known = await seen.services.directory.facilities(seen.actor)
    places = [f for f in known if seen.actor.covers(f.id, *KEEPERS)]
    people = [
        (one.login, one.name)
        for one in await seen.services.people.staff(seen.actor)
        if one.active and any(one.covers(place.id, Role.APPROVER) for place in places)
    ]
    return {
        "spots": [(f.code, f.name) for f in places], "people": people,
        "lines": [(str(number), seen.t(N_("line {number}"), number=number)) for number in range(1, LINES + 1)],
    }  # fmt: skip
