"""Maintenance windows: proposed, agreed to, ended; and what they were used for."""

from datetime import timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel
from starlette.responses import Response

from bastion.domain.access_request import InterventionKind
from bastion.domain.maintenance import Rhythm
from bastion.domain.place import Place
from bastion.errors import BastionError, Invalid
from bastion.i18n import N_
from bastion.services import reasons
from bastion.services.maintenance import WindowForm
from web import choices, fields, labels, window_words
from web.console import Console, Seen, Typed, go
from web.paging import turned
from web.views import local_day

router = APIRouter()
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]
LENGTHS: Final = (30, 60, 120, 180, 240, 360, 480)
USUAL_END: Final = timedelta(days=180)


class Proposal(BaseModel):
    """The form as it was typed: every field is text, and none is missing."""

    device: str = ""
    supplier: str = ""
    kind: str = ""
    week: str = ""
    weekday: str = ""
    begins: str = ""
    minutes: str = ""
    ends: str = ""
    reason: str = ""
    code: str = ""


@router.get("/windows")
async def listing(seen: Seen) -> Response:
    search = partial(seen.services.maintenance.search, seen.actor)
    page = await turned(seen.request, search, lambda view: Place(view.window.created_at, view.window.id))
    return seen.page(
        "windows.html",
        N_("Maintenance windows"),
        rows=page.rows,
        newer=page.newer,
        older=page.older,
        words=window_words,
    )


@router.get("/windows/new")
async def new(seen: Seen, device: Asked = "") -> Response:
    usual = Typed(
        device=device, kind=InterventionKind.TELEDIAGNOSTIC.value, week="0", weekday="1", minutes="120",
        ends=local_day(seen.face.now + USUAL_END),
    )  # fmt: skip
    return await _form(seen, usual)


@router.post("/windows/new")
async def propose(seen: Seen, said: Annotated[Proposal, Form()]) -> Response:
    async def work() -> Response:
        form = await _read(seen, said)
        made = await seen.services.maintenance.propose(await seen.fresh(said.code), form)
        return go(f"/windows/{made.id}", "window_proposed")

    return await seen.attempt(work(), partial(_form, seen, Typed(said.model_dump(exclude={"code"}))))


@router.get("/windows/{ident}")
async def show(seen: Seen, ident: str) -> Response:
    return await _show(seen, ident)


@router.post("/windows/{ident}/agree")
async def agree(seen: Seen, ident: str, version: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        number = fields.whole(version, "version")
        made = await seen.services.maintenance.agree(await seen.fresh(code), ident, number)
        return go(f"/windows/{ident}", "one_more" if made.missing else "window_agreed")

    return await seen.attempt(work(), partial(_show, seen, ident))


@router.post("/windows/{ident}/end")
async def end(seen: Seen, ident: str, reason: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.maintenance.end(seen.actor, ident, reasons.for_the_technician(reason, "reason"))
        return go(f"/windows/{ident}", "window_ended")

    return await seen.attempt(work(), partial(_show, seen, ident, reason=reason))


# -- parts -------------------------------------------------------------------------------------------------------------
async def _show(seen: Console, ident: str, error: BastionError | None = None, reason: str = "") -> Response:
    view = await seen.services.maintenance.get(seen.actor, ident)
    return seen.page(
        "window.html", N_("Maintenance window"), error=error, view=view, words=window_words, typed=Typed(reason=reason)
    )


async def _form(seen: Console, typed: Typed, error: BastionError | None = None) -> Response:
    t, face = seen.t, seen.face
    chosen = await seen.services.inventory.by_code(seen.actor, typed.device) if typed.device else None
    companies = chosen.suppliers if chosen else await seen.services.directory.suppliers(seen.actor)
    return seen.page(
        "window_new.html", N_("Propose a maintenance window"), error=error, typed=typed, chosen=chosen,
        devices=await choices.devices(seen, typed.device), suppliers=sorted((one.code, one.name) for one in companies),
        kinds=[(kind.value, t(labels.KINDS[kind]), "") for kind in InterventionKind],
        weeks=[(str(number), t(word)) for number, word in window_words.WEEKS.items()],
        weekdays=window_words.weekdays(face.language),
        lengths=[(str(count), face.span(fields.length(count)), "") for count in LENGTHS],
    )  # fmt: skip


async def _read(seen: Console, said: Proposal) -> WindowForm:
    device = await seen.services.inventory.by_code(seen.actor, said.device) if said.device else None
    if device is None:
        raise Invalid(said.device, field="device", sentence="Choose a device from the list.")
    ends = fields.day_end(said.ends, "ends", device.facility.timezone)
    if ends is None:
        raise Invalid("none", field="ends", sentence="Give a date such as 2026-11-22.")
    rhythm = Rhythm(
        fields.whole(said.week, "week"), fields.whole(said.weekday, "weekday"),
        fields.wall_minutes(said.begins, "begins"), fields.whole(said.minutes, "minutes"),
    )  # fmt: skip
    kind = fields.choice(said.kind, InterventionKind, "kind")
    return WindowForm(device.device.code, said.supplier, kind, rhythm, ends, said.reason)
