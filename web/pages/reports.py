"""Reports on interventions, read on the hospital's side, and written down for a supplier who called (R-59)."""

from functools import partial

from fastapi import APIRouter
from starlette.responses import Response

from bastion.errors import BastionError
from bastion.i18n import N_
from web import report_words
from web.console import Console, Seen, Typed, go
from web.report_words import Said

router = APIRouter()


@router.get("/requests/{ident}/report")
async def show(seen: Seen, ident: str) -> Response:
    return await _show(seen, ident)


@router.post("/requests/{ident}/report")
async def write(seen: Seen, ident: str, said: Said) -> Response:
    async def work() -> Response:
        about = await seen.services.reports.of(seen.actor, ident)
        await seen.services.reports.write(seen.actor, ident, said.form(about.facility.timezone))
        return go(f"/requests/{ident}/report", "saved")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=Typed(said.typed())))


async def _show(seen: Console, ident: str, error: BastionError | None = None, typed: Typed | None = None) -> Response:
    about = await seen.services.reports.of(seen.actor, ident)
    return seen.page(
        "report.html", N_("Report on the intervention"), error=error, typed=typed or Typed(), about=about,
        words=report_words,
    )  # fmt: skip
