"""Live sessions, and one session: freeze it, thaw it, cut it."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from bastion.errors import BastionError
from web.console import Console, Seen, Typed, go
from web.labels import N_

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
async def cut(seen: Seen, ident: str, why: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.supervision.cut(await seen.fresh(code), ident, why.strip())
        return go(f"/sessions/{ident}", "cut")

    return await seen.attempt(work(), partial(_show, seen, ident, why=why))


async def _show(seen: Console, ident: str, error: BastionError | None = None, **typed: str) -> Response:
    view = await seen.services.supervision.get(seen.actor, ident)
    place = "/sessions" if view.record.live else "/recordings"
    return seen.page("session.html", view=view, error=error, typed=Typed(typed), path=place)
