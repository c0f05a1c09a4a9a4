"""A technician's own work: what he may open, what waits, what became of it; asking, taking back, asking for longer."""

from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query
from starlette.responses import PlainTextResponse, Response

from bastion.domain.access_request import InterventionKind, RequestState
from bastion.domain.grant import Grant, GrantStatus
from bastion.errors import BastionError, Conflict, Invalid, NotFound
from bastion.i18n import N_
from bastion.services import reasons
from bastion.services.handovers import Passing
from bastion.services.views import BARRED, MenuItem, Outlook, RequestView
from web import condition_words, device_words, fields, labels, pasted, plan_words
from web.console import ELSEWHERE, Typed, go
from web.pages.asking import TICKED, USUAL, AskForm, answering, durations, offered, typed_with
from web.portal.visit import Come, Visit
from web.render import page

router = APIRouter()
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]
MORE_MINUTES: Final = (15, 30, 60, 120)
SHOWN: Final = 20


@router.get("/")
async def home(seen: Come) -> Response:
    return seen.page(
        "home.html", N_("My work"), paste_words=pasted, pasted=pasted.for_oneself(seen), **await _board(seen)
    )


@router.get("/board")
async def board(seen: Come) -> Response:
    """Return the part of the first page that changes by itself."""
    return page(seen.request, "supplier/board.html", **await _board(seen))


@router.get("/count")
async def count(seen: Come) -> Response:
    """Return how many of one's own requests wait for the hospital, as plain digits."""
    rows = await seen.services.asked.search(seen.actor, state=RequestState.PENDING, limit=SHOWN)
    return PlainTextResponse(str(len(rows)))


@router.get("/requests/new")
async def new(seen: Come, device: Asked = "", professional: Asked = "") -> Response:
    return await _ask_form(seen, Typed(USUAL, device=device, professional=professional))


@router.post("/requests/new")
async def ask(seen: Come, said: Annotated[AskForm, Form()]) -> Response:
    return await seen.attempt(_ask(seen, said), partial(_ask_form, seen, Typed(said.model_dump())))


@router.post("/requests/fill")
async def fill(seen: Come, said: Annotated[AskForm, Form()], fill: Annotated[str, Form()] = "") -> Response:
    """Show the form as a usual request fills it in. Nothing is asked."""
    offers = await offered(seen, said.device)
    return await _ask_form(seen, typed_with(said, offers, fill))


@router.post("/requests/forecast")
async def foresee(seen: Come, said: Annotated[AskForm, Form()]) -> Response:
    """Show the form with how many would have to agree, and why; htmx takes that part only. Nothing is asked."""
    typed = Typed(said.model_dump())
    try:
        item = await _chosen(seen, said)
        draft = said.question(item.device, item.facility)
        return await _ask_form(seen, typed, outlook=await seen.services.forecasts.own(seen.actor, draft))
    except ELSEWHERE:
        raise
    except BastionError as error:
        return await _ask_form(seen, typed, unclear=error)


@router.get("/requests/{ident}")
async def show(seen: Come, ident: str) -> Response:
    return await _show(seen, ident)


@router.post("/requests/{ident}/withdraw")
async def withdraw(seen: Come, ident: str) -> Response:
    async def work() -> Response:
        await seen.services.taking_back.withdraw(seen.actor, ident)
        return go(f"/supplier/requests/{ident}", "withdrawn")

    return await seen.attempt(work(), partial(_show, seen, ident))


@router.post("/requests/{ident}/withdraw-all")
async def withdraw_all(seen: Come, ident: str) -> Response:
    async def work() -> Response:
        await seen.services.batches.withdraw(
            seen.actor, (await seen.services.asked.get(seen.actor, ident)).request.batch_id
        )
        return go(f"/supplier/requests/{ident}", "withdrawn_all")

    return await seen.attempt(work(), partial(_show, seen, ident))


@router.post("/requests/{ident}/give-back")
async def give_back(seen: Come, ident: str, back: Text = "") -> Response:
    async def work() -> Response:
        grant = await _granted(seen, ident)
        await seen.services.taking_back.give_back(seen.actor, grant.id, back)
        return go(f"/supplier/requests/{ident}", "given_back")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=Typed(back=back)))


@router.post("/requests/{ident}/extend")
async def extend(seen: Come, ident: str, minutes: Text = "", reason: Text = "") -> Response:
    async def work() -> Response:
        grant, length = await _granted(seen, ident), fields.whole(minutes, "minutes")
        made = await seen.services.access.extend(seen.actor, grant.id, length, reason.strip())
        return go(f"/supplier/requests/{made.id}", "asked")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=Typed(reason=reason)))


@router.post("/requests/{ident}/answer")
async def answer(seen: Come, ident: str, text: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.threads.answer(seen.actor, ident, text)
        return go(f"/supplier/requests/{ident}", "answered")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=Typed(text=text)))


@router.post("/requests/{ident}/hand-over")
async def hand_over(seen: Come, ident: str, technician: Text = "", why: Text = "") -> Response:
    """Ask that a colleague takes over. His request is his own: the way leads back to where one came from."""

    async def work() -> Response:
        grant = await _granted(seen, ident)
        if not technician.strip():
            raise Invalid("nobody", field="technician", sentence="Choose a colleague from the list.")
        await seen.services.handovers.ask(seen.actor, grant.id, technician, reasons.for_the_technician(why, "why"))
        return go(f"/supplier/requests/{ident}", "handed_over")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=Typed(technician=technician, why=why)))


# -- parts -------------------------------------------------------------------------------------------------------------
async def _board(seen: Visit) -> dict[str, Any]:
    """What one may open now or later, what waits, and what became of the rest."""
    asked, now = seen.services.asked, seen.face.now
    rows = await asked.search(seen.actor, limit=SHOWN)
    grants = await asked.grants(seen.actor, seen.actor.id)
    held = [await asked.get(seen.actor, one.grant.request_id) for one in grants]
    waiting = [view for view in rows if view.request.state(now) is RequestState.PENDING]
    shown = {view.request.id for view in (*waiting, *held)}
    return {
        "waiting": waiting,
        "asked": await seen.services.threads.asked(seen.actor, [view.request for view in waiting]),
        "held": [(view, pasted.for_request(seen, view)) for view in held],
        "past": [view for view in rows if view.request.id not in shown],
        "due": await seen.services.reports.mine(seen.actor),
        "owed": await seen.services.undertakings.owed(seen.actor),
        "standing": await seen.services.rosters.own(seen.actor),
    }


async def _granted(seen: Visit, ident: str) -> Grant:
    """The authorisation that a request of one's own led to."""
    view = await seen.services.asked.get(seen.actor, ident)
    if view.grant is None:
        raise NotFound(ident)
    return view.grant


async def _passing(seen: Visit, view: RequestView) -> Passing | None:
    """To whom an authorisation could pass; of one that only adds time to another, the first one does."""
    held = view.grant is not None and view.grant.status(seen.face.now) in {GrantStatus.OPEN, GrantStatus.SCHEDULED}
    if view.grant is None or view.request.extends_grant_id or not held:
        return None
    try:
        return await seen.services.handovers.passing(seen.actor, view.grant.id)
    except Conflict:  # it has ended between the two looks
        return None


async def _show(seen: Visit, ident: str, error: BastionError | None = None, typed: Typed | None = None) -> Response:
    view = await seen.services.asked.get(seen.actor, ident)
    passing = await _passing(seen, view)
    return seen.page(
        "request.html", error=error, view=view, typed=typed or Typed(), words=device_words, paste_words=pasted,
        pasted=pasted.for_request(seen, view), terms=condition_words,
        passing=passing, colleagues=[(one.login, one.name) for one in passing.colleagues] if passing else [],
        more=[(choice, seen.face.span(fields.length(choice)), "") for choice in MORE_MINUTES],
    )  # fmt: skip


async def _ask_form(
    seen: Visit, typed: Typed, error: BastionError | None = None, *, outlook: Outlook | None = None,
    unclear: BastionError | None = None,
) -> Response:  # fmt: skip
    t = seen.t
    menu = await _menu(seen)
    offers = [i for i in menu if i.state != BARRED]
    devices = [(i.device.code, f"{i.device.code} · {i.device.name} · {i.facility.name}") for i in offers]
    return seen.page(
        "request_new.html", N_("Ask for access"), error=error, typed=typed, outlook=outlook, unclear=unclear,
        out_of=", ".join(sorted({i.facility.name for i in menu if i.state == BARRED})),
        zones=_zones(menu, typed.device), devices=devices, many=devices if len(devices) <= TICKED else [],
        kinds=[(kind.value, t(labels.KINDS[kind]), "") for kind in InterventionKind],
        durations=durations(seen, typed.minutes), offers=await offered(seen, typed.device), asking="/supplier/requests",
        **plan_words.choices(t, typed), **await answering(seen, typed.device, typed.professional),
    )  # fmt: skip


def _zones(menu: tuple[MenuItem, ...], device: str) -> list[tuple[str, str]]:
    """On which clock the start is read, by hospital: that of the device, or of each one while none is chosen."""
    chosen = [one for one in menu if one.device.code == device] or menu
    return sorted({(one.facility.name, one.facility.timezone) for one in chosen})


async def _menu(seen: Visit) -> tuple[MenuItem, ...]:
    return (await seen.services.sessions.enter(seen.actor)).menu


async def _chosen(seen: Visit, said: AskForm) -> MenuItem:
    item = next((one for one in await _menu(seen) if one.device.code == said.device), None)
    if item is None:
        raise Invalid(said.device, field="device", sentence="Choose a device from the list.")
    return item


async def _ask(seen: Visit, said: AskForm) -> Response:
    item = await _chosen(seen, said)
    draft = said.draft(item.device, item.facility)
    try:
        made = await seen.services.access.request_several(seen.actor, draft, said.codes)
    except NotFound as error:
        raise Invalid(error.detail, field="others", sentence="Choose devices from the list.") from error
    return go(f"/supplier/requests/{made[0].id}", "asked" if len(made) == 1 else "asked_several")
