"""The release desk: files that are held, what was found in them, and letting each through or refusing it (R-41)."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import PlainTextResponse, Response

from bastion.domain.held_file import Direction, FileState
from bastion.domain.place import Place
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services import reasons
from web import desk_words, fields
from web.console import Console, Seen, Typed, go
from web.paging import further, turned

router = APIRouter()
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]


@router.get("/desk")
async def listing(seen: Seen, text: Asked = "", state: Asked = FileState.HELD.value, before: Asked = "") -> Response:
    """List what waits; with an empty `state`, everything."""
    until = fields.instant(before)
    filters = Typed(text=text.strip()[:200], state=state if state in desk_words.STATES else "")
    desk = seen.services.releases
    search = partial(desk.search, seen.actor, **filters, before=until)
    page = await turned(seen.request, search, lambda view: Place(view.file.arrived_at, view.file.id))
    reach = None if page.older else await desk.reach(seen.actor, **filters, before=until)
    states = [(value, seen.t(words[1])) for value, words in desk_words.STATES.items()]
    return seen.page(
        "desk.html", N_("Release desk"), rows=page.rows, filters=filters, states=states, newer=page.newer,
        older=page.older, words=desk_words, reach=further(seen.request, "before", reach),
    )  # fmt: skip


@router.get("/desk/count")
async def count(seen: Seen) -> Response:
    """Return how many files wait for a decision, as plain digits."""
    return PlainTextResponse(str(await seen.services.releases.count(seen.actor)))


@router.get("/desk/{ident}")
async def show(seen: Seen, ident: str) -> Response:
    return await _show(seen, ident)


@router.post("/desk/{ident}/release")
async def release(seen: Seen, ident: str, version: Text = "", note: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        said = reasons.for_the_technician(note, "note")
        actor = await seen.fresh(code)
        file = await seen.services.releases.release(actor, ident, fields.whole(version, "version"), said)
        return go(f"/desk/{ident}", "released" if file.direction is Direction.IN else "released_out")

    return await seen.attempt(work(), partial(_show, seen, ident, note=note))


@router.post("/desk/{ident}/refuse")
async def refuse(seen: Seen, ident: str, version: Text = "", note: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        said = reasons.for_the_technician(note, "note")
        actor = await seen.fresh(code)
        await seen.services.releases.refuse(actor, ident, fields.whole(version, "version"), said)
        return go(f"/desk/{ident}", "turned_away")

    return await seen.attempt(work(), partial(_show, seen, ident, note=note))


async def _show(seen: Console, ident: str, error: BastionError | None = None, **typed: str) -> Response:
    view = await seen.services.releases.get(seen.actor, ident)
    return seen.page("desk_file.html", error=error, view=view, typed=Typed(typed), words=desk_words)
