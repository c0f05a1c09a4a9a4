"""Requests for access: the list, the one screen on which one decides, and asking from the hospital's side."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from bastion.domain import announced_file
from bastion.domain.access_request import InterventionKind, RequestState
from bastion.domain.device import recordability
from bastion.errors import BastionError, Invalid, NotFound
from bastion.services import reasons
from bastion.services.access import RequestDraft
from bastion.services.views import DeviceView, RequestView, TechnicianView
from web import device_words, fields, labels, pasted
from web.console import Console, Seen, Typed, go
from web.guards import GUARDS
from web.labels import N_
from web.paging import PAGE, pages
from web.views import minutes, shorter_than

router = APIRouter()
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]
ASK_MINUTES: Final = (30, 60, 120, 240)
NOT_THEIRS: Final = N_(
    "The company of this technician does not maintain this device. Choose another device or technician."
)


@router.get("/requests")
async def listing(
    seen: Seen,
    text: Asked = "",
    state: Asked = "",
    at: Asked = "",
) -> Response:
    number = fields.page_number(at)
    filters = Typed(text=text.strip()[:200], state=state if state in labels.REQUEST_STATES else "")
    rows = await seen.services.access.search(seen.actor, **filters, limit=PAGE + 1, offset=number * PAGE)
    newer, older = pages(seen.request, number, len(rows))
    t = seen.t
    states = [(value, t(words[1])) for value, words in labels.REQUEST_STATES.items() if value != RequestState.EXPIRED]
    return seen.page(
        "requests.html", N_("Requests"), rows=rows[:PAGE], filters=filters, states=states, newer=newer, older=older
    )


@router.get("/requests/new")
async def new(seen: Seen, device: Asked = "", technician: Asked = "") -> Response:
    """Show the form; htmx reads the list of devices anew when another technician is chosen."""
    usual = Typed(kind=InterventionKind.TELEMAINTENANCE.value, minutes=60)
    return await _ask_form(seen, Typed(usual, device=device, technician=technician))


@router.post("/requests/new")
async def ask(
    seen: Seen, reason: Text = "", device: Text = "", technician: Text = "", kind: Text = "", work_order: Text = "",
    minutes: Text = "", start: Text = "", announced: Text = "",
) -> Response:  # fmt: skip
    typed = Typed(
        device=device, technician=technician, kind=kind, reason=reason, work_order=work_order, start=start,
        announced=announced, minutes=int(minutes) if minutes.isdigit() else 0,
    )  # fmt: skip

    return await seen.attempt(_ask(seen, typed), partial(_ask_form, seen, typed))


@router.get("/requests/{ident}")
async def show(seen: Seen, ident: str) -> Response:
    return await _show(seen, ident)


@router.post("/requests/{ident}/approve")
async def approve(
    seen: Seen, ident: str, version: Text = "", minutes: Text = "", note: Text = "", code: Text = ""
) -> Response:
    async def work() -> Response:
        actor = await seen.fresh(code)
        made = await seen.services.approvals.approve(
            actor, ident, fields.whole(version, "version"), fields.whole(minutes, "minutes"), note.strip()
        )
        return go(f"/requests/{ident}", "one_more" if made.missing else "approved")

    return await seen.attempt(work(), partial(_show, seen, ident, note=note, minutes=minutes))


@router.post("/requests/{ident}/refuse")
async def refuse(seen: Seen, ident: str, version: Text = "", note: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        said = reasons.for_the_technician(note, "note")
        actor = await seen.fresh(code)
        await seen.services.approvals.deny(actor, ident, fields.whole(version, "version"), said)
        return go(f"/requests/{ident}", "denied")

    return await seen.attempt(work(), partial(_show, seen, ident, note=note))


@router.post("/requests/{ident}/withdraw")
async def withdraw(seen: Seen, ident: str) -> Response:
    async def work() -> Response:
        await seen.services.access.withdraw(seen.actor, ident)
        return go(f"/requests/{ident}", "withdrawn")

    return await seen.attempt(work(), partial(_show, seen, ident))


@router.post("/grants/{ident}/revoke")
async def revoke(seen: Seen, ident: str, request: Text = "", session: Text = "", reason: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.approvals.revoke(seen.actor, ident, reason.strip())
        return go(f"/sessions/{session}" if session else f"/requests/{request}", "revoked")

    return await seen.attempt(work(), partial(_show, seen, request, reason=reason))


# -- parts -------------------------------------------------------------------------------------------------------------
async def _show(seen: Console, ident: str, error: BastionError | None = None, **typed: str) -> Response:
    view = await seen.services.access.get(seen.actor, ident)
    asked, choices = _durations(view)
    chosen = typed.get("minutes", "")
    return seen.page(
        "request.html", error=error, view=view, asked=asked, durations=choices,
        chosen=int(chosen) if chosen.isdigit() and int(chosen) in choices else choices[0],
        typed=Typed(typed), mine=_mine(seen, view), words=device_words, recordability=recordability,
        paste_words=pasted, pasted=pasted.for_request(seen, view),
    )  # fmt: skip


def _durations(view: RequestView) -> tuple[int, list[int]]:
    """Return what was asked, in minutes, and what may be agreed to: the longest first."""
    asked = minutes(min(view.request.wanted, view.request.agreed))
    return asked, [asked, *reversed(shorter_than(asked))]


def _mine(seen: Console, view: RequestView) -> bool:
    admitted = GUARDS["POST", "/requests/{ident}/withdraw"].admits(seen.actor)
    return admitted and seen.actor.id == view.request.created_by.id


async def _ask_form(seen: Console, typed: Typed, error: BastionError | None = None) -> Response:
    t, face = seen.t, seen.face
    people = [v for v in await seen.services.people.technicians(seen.actor) if v.technician.usable(face.now)]
    chosen = next((v for v in people if v.technician.login == typed.technician), None)
    devices = await _devices_of(seen, chosen, typed.device if error else "")
    return seen.page(
        "request_new.html", N_("Ask for a technician"), error=error, typed=typed, chosen=chosen,
        devices=[(v.device.code, f"{v.device.code} · {v.device.name}") for v in devices],
        technicians=[(v.technician.login, f"{v.technician.name} · {v.supplier.name}") for v in people],
        kinds=[(kind.value, t(words), "") for kind, words in _kinds()],
        durations=[(choice, face.span(fields.length(choice)), "") for choice in ASK_MINUTES],
    )  # fmt: skip


async def _devices_of(seen: Console, chosen: TechnicianView | None, kept: str) -> list[DeviceView]:
    """Return the devices the chosen technician's company maintains, and the one that stood in a refused form."""
    devices = [v for v in await seen.services.inventory.devices(seen.actor, limit=500) if v.device.active]
    if chosen is None:
        return devices
    return [v for v in devices if chosen.supplier.id in v.device.supplier_ids or v.device.code == kept]


def _kinds() -> list[tuple[InterventionKind, str]]:
    return [(kind, labels.KINDS[kind]) for kind in InterventionKind]


async def _ask(seen: Console, typed: Typed) -> Response:
    devices = await seen.services.inventory.devices(seen.actor, limit=500)
    device = next((v for v in devices if v.device.code == typed.device), None)
    if device is None:
        raise Invalid(typed.device, field="device", sentence="Choose a device from the list.")
    if not typed.technician:
        raise Invalid("none", field="technician", sentence="Choose a technician from the list.")
    draft = RequestDraft(
        device.device.code, fields.choice(typed.kind, InterventionKind, "kind"), typed.reason, typed.minutes,
        work_order=typed.work_order, technician_login=typed.technician,
        start=fields.local_moment(typed.start, "start", device.facility.timezone),
        announced=announced_file.parse(typed.announced),
    )  # fmt: skip
    try:
        made = await seen.services.access.request(seen.actor, draft)
    except NotFound as error:
        raise Invalid(error.detail, field="device", sentence=NOT_THEIRS) from error
    return go(f"/requests/{made.id}", "asked")
