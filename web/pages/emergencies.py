"""Emergencies: the list, and the review that follows each (R-26). Who and why stands on the request's page."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from bastion.domain.emergency import Outcome
from bastion.domain.place import Place
from bastion.errors import BastionError
from bastion.i18n import N_
from web import emergency_words, fields
from web.console import Console, Seen, Typed, go
from web.paging import turned

router = APIRouter()
Text = Annotated[str, Form()]


@router.get("/emergencies")
async def listing(seen: Seen) -> Response:
    search = partial(seen.services.emergencies.search, seen.actor)
    page = await turned(seen.request, search, lambda view: Place(view.emergency.created_at, view.emergency.id))
    return seen.page(
        "emergencies.html", N_("Emergencies"), rows=page.rows, newer=page.newer, older=page.older, words=emergency_words
    )


@router.get("/emergencies/{ident}")
async def show(seen: Seen, ident: str) -> Response:
    return await _show(seen, ident)


@router.post("/emergencies/{ident}/review")
async def review(
    seen: Seen, ident: str, version: Text = "", outcome: Text = "", note: Text = "", code: Text = ""
) -> Response:
    async def work() -> Response:
        chosen = fields.choice(outcome, Outcome, "outcome")
        actor = await seen.fresh(code)
        await seen.services.emergencies.review(actor, ident, fields.whole(version, "version"), chosen, note)
        return go(f"/emergencies/{ident}", "reviewed")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=Typed(outcome=outcome, note=note)))


async def _show(seen: Console, ident: str, error: BastionError | None = None, typed: Typed | None = None) -> Response:
    view = await seen.services.emergencies.get(seen.actor, ident)
    outcomes = [(value, seen.t(word), "") for value, word in emergency_words.OUTCOMES.items()]
    return seen.page(
        "emergency.html", N_("Emergency"), error=error, view=view, words=emergency_words,
        outcomes=outcomes, typed=typed or Typed(),
    )  # fmt: skip
