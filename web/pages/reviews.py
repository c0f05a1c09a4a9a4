"""Reviews of access rights: begun, decided line by line or a company at once, signed, handed out as CSV (R-19)."""

from functools import partial
from itertools import groupby
from typing import Annotated, Final

from fastapi import APIRouter, Form
from starlette.responses import Response

from bastion.domain.review import CampaignState, LineState, RightKind, Verdict
from bastion.errors import BastionError, Invalid
from bastion.services.review_views import Seen as Line
from bastion.services.reviews import CampaignForm
from web import fields
from web.console import Console, Seen, Typed, go
from web.labels import CAMPAIGN_STATES, N_, REVIEW_STATES

router = APIRouter(prefix="/reviews")
Text = Annotated[str, Form()]
Several = Annotated[tuple[str, ...], Form()]
NONE: Final[tuple[str, ...]] = ()


@router.get("")
async def listing(seen: Seen) -> Response:
    return await _listing(seen)


@router.post("")
async def start(seen: Seen, name: Text = "", due: Text = "", facilities: Several = NONE, code: Text = "") -> Response:
    async def work() -> Response:
        day = fields.day_end(due, "due_at")
        if day is None:
            raise Invalid("due", field="due_at", sentence="Give a date such as 2026-11-22.")
        made = await seen.services.reviews.start(await seen.fresh(code), CampaignForm(name, day, facilities))
        return go(f"/reviews/{made.id}", "review_started")

    typed = Typed(name=name, due=due, facilities=facilities)
    return await seen.attempt(work(), partial(_listing, seen, typed=typed))


@router.get("/{ident}")
async def show(seen: Seen, ident: str, state: str = "") -> Response:
    return await _show(seen, ident, state=state)


@router.post("/{ident}/decide")
async def decide(
    seen: Seen, ident: str, lines: Several = NONE, verdict: Text = "", note: Text = "", code: Text = ""
) -> Response:
    async def work() -> Response:
        chosen = fields.choice(verdict, Verdict, "verdict")
        await seen.services.reviews.decide(await seen.fresh(code), ident, lines, chosen, note)
        return go(f"/reviews/{ident}", f"review_{chosen.value}")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=Typed(note=note)))


@router.post("/{ident}/sign")
async def sign(seen: Seen, ident: str, remark: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.reviews.sign(await seen.fresh(code), ident, remark)
        return go(f"/reviews/{ident}", "review_signed")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=Typed(remark=remark)))


@router.post("/{ident}/export")
async def export(seen: Seen, ident: str, code: Text = "") -> Response:
    async def work() -> Response:
        campaign, sheet = await seen.services.reviews.export(await seen.fresh(code), ident)
        name = f"review-{campaign.created_at:%Y-%m-%d}.csv"
        kept = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(sheet, media_type="text/csv; charset=utf-8", headers=kept)

    return await seen.attempt(work(), partial(_show, seen, ident))


async def _listing(seen: Console, error: BastionError | None = None, typed: Typed | None = None) -> Response:
    hospitals = [(one.code, one.name, "") for one in await seen.services.directory.facilities(seen.actor)]
    return seen.page(
        "reviews.html", N_("Reviews of access rights"), error=error, rows=await seen.services.reviews.all(seen.actor),
        hospitals=hospitals, typed=typed or Typed(facilities=()), states=LineState, opened=typed is not None,
        words=CAMPAIGN_STATES,
    )  # fmt: skip


async def _show(
    seen: Console, ident: str, error: BastionError | None = None, typed: Typed | None = None, state: str = ""
) -> Response:
    review = await seen.services.reviews.of(seen.actor, ident)
    shown = [one for one in review.lines if state in {"", one.state.value}]
    return seen.page(
        "review.html", N_("Review of access rights"), error=error, standing=review.standing, groups=_groups(shown),
        states=REVIEW_STATES, order=LineState, chosen=state, typed=typed or Typed(), kinds=RightKind, review=review,
        words=CAMPAIGN_STATES, stages=CampaignState,
    )  # fmt: skip


def _groups(lines: list[Line]) -> list[tuple[RightKind, str, list[Line]]]:
    """A form for each company's people, one for each kind of the rest; what waits stands first in each."""
    ordered = sorted(lines, key=lambda one: (one.line.kind, one.line.company.casefold()))
    grouped = groupby(ordered, key=lambda one: (one.line.kind, one.line.company))
    return [
        (kind, company, sorted(found, key=lambda one: (one.line.verdict is not None, one.line.name.casefold())))
        for (kind, company), found in grouped
    ]
