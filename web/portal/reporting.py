"""The report after an intervention, written at the suppliers' entrance by who worked or who speaks for him (R-59)."""

from functools import partial

from fastapi import APIRouter
from starlette.responses import Response

from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services.reports import Reported
from web import report_words
from web.console import Typed, go
from web.portal.visit import Come, Visit
from web.report_words import Said

router = APIRouter()


@router.get("/reports/{ident}")
async def show(seen: Come, ident: str) -> Response:
    return await _show(seen, ident)


@router.post("/reports/{ident}")
async def write(seen: Come, ident: str, said: Said) -> Response:
    async def work() -> Response:
        about = await seen.services.reports.of(seen.actor, ident)
        await seen.services.reports.write(seen.actor, ident, said.form(about.facility.timezone))
        return go(f"/supplier/reports/{ident}", "reported")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=Typed(said.typed())))


async def _show(seen: Visit, ident: str, error: BastionError | None = None, typed: Typed | None = None) -> Response:
    about = await seen.services.reports.of(seen.actor, ident)
    return seen.page(
        "report.html", N_("Report on the intervention"), error=error, typed=typed or Typed(), about=about,
        words=report_words, **back(seen, about),
    )  # fmt: skip


def back(seen: Visit, about: Reported) -> dict[str, str]:
    """The page one came from: one's own request, or as correspondent a colleague's."""
    mine = about.request.technician_id == seen.actor.id
    return {"up": f"/supplier/{'' if mine else 'company/'}requests/{about.request.id}"}
