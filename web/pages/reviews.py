"""Reviews of access rights: begun, decided line by line or a company at once, signed, handed out as CSV (R-19)."""

from collections.abc import Iterable
from functools import partial
from itertools import groupby
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel
from starlette.responses import Response

from bastion.domain.review import CampaignState, LineState, RightKind, Sought, Verdict
from bastion.errors import BastionError, Invalid
from bastion.i18n import N_
from bastion.services.review_views import Seen as Line
from bastion.services.reviews import CampaignForm
from web import fields
from web.console import Console, Seen, Typed, go
from web.labels import CAMPAIGN_STATES, REVIEW_KINDS, REVIEW_STATES
from web.paging import PAGE, pages

router = APIRouter(prefix="/reviews")
Text = Annotated[str, Form()]
Several = Annotated[tuple[str, ...], Form()]
Asked = Annotated[str, Query()]
NONE: Final[tuple[str, ...]] = ()
ONE_BY_ONE: Final = "A right is withdrawn line by line, once one has read what that takes away."
JUDGES: Final = {"me": True, "others": False}


class Filters(BaseModel):
    """What stands in the address of a review; what it does not know it takes for nothing."""

    kind: str = ""
    state: str = ""
    judge: str = ""
    text: str = ""
    at: str = ""
    ticked: str = ""
    """The first line of the group whose lines all come ticked: nothing is until somebody asks for it."""

    @property
    def sought(self) -> Sought:
        return Sought(
            RightKind(self.kind) if self.kind in set(RightKind) else None,
            LineState(self.state) if self.state in set(LineState) else None,
            JUDGES.get(self.judge),
            self.text.strip()[:200],
        )

    def query(self, **changes: object) -> str:
        """The same filters on another page, or another filter; empty or with its question mark."""
        kept = {**self.model_dump(), "at": "", "ticked": "", **changes}
        said = urlencode({name: value for name, value in kept.items() if value})
        return f"?{said}" if said else ""


Wanted = Annotated[Filters, Query()]


@router.get("")
async def listing(seen: Seen, at: Asked = "") -> Response:
    return await _listing(seen, at=at)


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
async def show(seen: Seen, ident: str, wanted: Wanted) -> Response:
    return await _show(seen, ident, wanted)


@router.post("/{ident}/decide")
async def decide(
    seen: Seen, ident: str, wanted: Wanted, lines: Several = NONE, verdict: Text = "", note: Text = "", code: Text = "",
    group: Text = "",
) -> Response:  # fmt: skip
    """Confirm what is ticked, a whole group perhaps: so nothing is withdrawn this way.

    `group`: a line of the form that was sent, ticked or not; after a mistake that form comes back as it was.
    """

    async def work() -> Response:
        if fields.choice(verdict, Verdict, "verdict") is not Verdict.CONFIRMED:
            raise Invalid(verdict, field="verdict", sentence=ONE_BY_ONE)
        await seen.services.reviews.decide(await seen.fresh(code), ident, lines, Verdict.CONFIRMED, note)
        return go(f"/reviews/{ident}{wanted.query()}", "review_confirmed")

    typed = Typed(note=note, lines=lines, group=group)
    return await seen.attempt(work(), partial(_show, seen, ident, wanted, typed=typed))


@router.get("/{ident}/lines/{line}/withdraw")
async def before_withdrawing(seen: Seen, ident: str, line: str, wanted: Wanted) -> Response:
    """Who loses what, before it is done."""
    return await _before_withdrawing(seen, ident, line, wanted)


@router.post("/{ident}/lines/{line}/withdraw")
async def withdraw(
    seen: Seen, ident: str, line: str, wanted: Wanted, note: Text = "", code: Text = ""
) -> Response:  # fmt: skip
    async def work() -> Response:
        await seen.services.reviews.decide(await seen.fresh(code), ident, [line], Verdict.WITHDRAWN, note)
        return go(f"/reviews/{ident}{wanted.query(at=wanted.at)}", "review_withdrawn")

    typed = Typed(note=note)
    return await seen.attempt(work(), partial(_before_withdrawing, seen, ident, line, wanted, typed=typed))


@router.post("/{ident}/sign")
async def sign(seen: Seen, ident: str, remark: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.reviews.sign(await seen.fresh(code), ident, remark)
        return go(f"/reviews/{ident}", "review_signed")

    return await seen.attempt(work(), partial(_show, seen, ident, Filters(), typed=Typed(remark=remark)))


@router.post("/{ident}/export")
async def export(seen: Seen, ident: str, code: Text = "") -> Response:
    async def work() -> Response:
        campaign, sheet = await seen.services.reviews.export(await seen.fresh(code), ident)
        name = f"review-{campaign.created_at:%Y-%m-%d}.csv"
        kept = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(sheet, media_type="text/csv; charset=utf-8", headers=kept)

    return await seen.attempt(work(), partial(_show, seen, ident, Filters()))


async def _listing(
    seen: Console, error: BastionError | None = None, typed: Typed | None = None, at: str = ""
) -> Response:
    hospitals = [(one.code, one.name, "") for one in await seen.services.directory.facilities(seen.actor)]
    number = fields.page_number(at)
    rows = await seen.services.reviews.all(seen.actor, PAGE + 1, number * PAGE)
    newer, older = pages(seen.request, number, len(rows))
    return seen.page(
        "reviews.html", N_("Reviews of access rights"), error=error, rows=rows[:PAGE], newer=newer, older=older,
        hospitals=hospitals, typed=typed or Typed(facilities=()), states=LineState, opened=typed is not None,
        words=CAMPAIGN_STATES,
    )  # fmt: skip


async def _before_withdrawing(
    seen: Console, ident: str, line: str, wanted: Filters, error: BastionError | None = None, typed: Typed | None = None
) -> Response:  # fmt: skip
    loss = await seen.services.reviews.loss(seen.actor, ident, line)
    return seen.page(
        "review_withdraw.html", N_("Withdraw this right"), error=error, loss=loss, wanted=wanted, kinds=RightKind,
        typed=typed or Typed(),
    )  # fmt: skip


async def _show(
    seen: Console, ident: str, wanted: Filters, error: BastionError | None = None, typed: Typed | None = None
) -> Response:
    number, sought = fields.page_number(wanted.at), wanted.sought
    review = await seen.services.reviews.of(seen.actor, ident, sought, PAGE, number * PAGE)
    first = number * PAGE
    return seen.page(
        "review.html", N_("Review of access rights"), error=error, standing=review.standing,
        groups=_groups(review.lines), states=REVIEW_STATES, order=LineState, typed=typed or Typed(), kinds=RightKind,
        review=review, words=CAMPAIGN_STATES, stages=CampaignState, wanted=wanted, sought=sought, first=first,
        kind_words=[(str(kind), seen.t(word)) for kind, word in REVIEW_KINDS.items()],
        judges=[("me", seen.t(N_("You"))), ("others", seen.t(N_("Others")))],
        newer=f"/reviews/{ident}{wanted.query(at=number - 1)}" if number else "",
        older=f"/reviews/{ident}{wanted.query(at=number + 1)}" if first + len(review.lines) < review.found else "",
    )  # fmt: skip


def _groups(lines: Iterable[Line]) -> list[tuple[RightKind, str, list[Line]]]:
    """A form for each company's people, one for each kind of the rest; those that wait stand before the others."""
    grouped = groupby(lines, key=lambda one: (one.line.verdict is not None, one.line.kind, one.line.company))
    return [(kind, company, [*found]) for (_, kind, company), found in grouped]
