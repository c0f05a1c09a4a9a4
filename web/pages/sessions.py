"""Live sessions, and one session: follow it, freeze it, thaw it, cut it."""

import asyncio
import hashlib
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from bastion.domain.watch import BEAT
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services import reasons
from bastion.services.professionals import KEEPERS
from web.console import Console, Seen, Typed, go
from web.security import token_of

router = APIRouter()
Text = Annotated[str, Form()]


@router.get("/sessions")
async def listing(seen: Seen) -> Response:
    return seen.page("sessions.html", N_("Live sessions"), rows=await seen.services.supervision.live(seen.actor))


@router.get("/sessions/{ident}")
async def show(seen: Seen, ident: str) -> Response:
    return await _show(seen, ident)


@router.post("/sessions/{ident}/freeze")
async def freeze(seen: Seen, ident: str) -> Response:
    """No code is asked: to hold somebody's typing back is safe, and it may be urgent."""

    async def work() -> Response:
        await seen.services.supervision.freeze(seen.actor, ident)
        return go(f"/sessions/{ident}", "frozen")

    return await seen.attempt(work(), partial(_show, seen, ident))


@router.post("/sessions/{ident}/thaw")
async def thaw(seen: Seen, ident: str) -> Response:
    async def work() -> Response:
        await seen.services.supervision.thaw(seen.actor, ident)
        return go(f"/sessions/{ident}", "thawed")

    return await seen.attempt(work(), partial(_show, seen, ident))


@router.post("/sessions/{ident}/cut")
async def cut(seen: Seen, ident: str, why: Text = "", withdraw: Text = "", code: Text = "") -> Response:
    """The session ends as cut by a person, and what was agreed does not open another."""

    async def work() -> Response:
        said = reasons.for_the_technician(why, "why")
        actor = await seen.fresh(code)
        await seen.services.supervision.cut(actor, ident, said, withdraw=bool(withdraw))
        return go(f"/sessions/{ident}", "cut_for_good" if withdraw else "cut")

    return await seen.attempt(work(), partial(_show, seen, ident, why=why, withdraw=withdraw or "no"))


@router.post("/sessions/{ident}/watch")
async def watch(seen: Seen, ident: str, code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.watching.take(await seen.fresh(code), ident, _holder(seen))
        return go(f"/sessions/{ident}", "watching")

    return await seen.attempt(work(), partial(_show, seen, ident, asked="watch"))


@router.post("/sessions/{ident}/watch/beat")
async def beat(seen: Seen, ident: str) -> Response:
    """Count a sign of life of the open page. It asks again as soon as it is answered, and that is what keeps time:
    a browser slows the timers of pages in the background down, but not answers.
    """
    await seen.services.watching.beat(seen.actor, ident, _holder(seen))
    await asyncio.sleep(BEAT)
    return Response(status_code=204)


@router.post("/sessions/{ident}/watch/leave")
async def leave(seen: Seen, ident: str) -> Response:
    async def work() -> Response:
        await seen.services.watching.leave(seen.actor, ident, _holder(seen))
        return go(f"/sessions/{ident}", "watch_left")

    return await seen.attempt(work(), partial(_show, seen, ident))


# -- parts -------------------------------------------------------------------------------------------------------------
def _holder(seen: Console) -> str:
    """Name this browser, in a way that gives nothing away."""
    return hashlib.sha256(token_of(seen.request).encode()).hexdigest()


async def _show(seen: Console, ident: str, error: BastionError | None = None, **typed: str) -> Response:
    view = await seen.services.supervision.get(seen.actor, ident)
    place = "/sessions" if view.record.live else "/recordings"
    following = view.must_be_watched and view.record.live
    offer = await seen.services.watching.offer(seen.actor, ident, _holder(seen)) if following else None
    doings = await seen.services.doing.shown_to(seen.actor, ident) if view.record.live else None
    granted = await seen.services.asked.grants(seen.actor, view.technician.id)
    return seen.page(
        "session.html", view=view, error=error, typed=Typed(typed), path=place, offer=offer, doings=doings,
        held=await seen.services.supervision.held_for_others(seen.actor, view.record) if view.record.live else "",
        beside=await seen.services.supervision.beside(seen.actor, view.record),
        comparison=await seen.services.comparisons.of_session(seen.actor, ident),
        keeps=seen.actor.covers(view.device.facility_id, *KEEPERS),
        still_granted=next((v.grant for v in granted if v.grant.id == view.record.grant_id), None),
    )  # fmt: skip
