"""`/reviews`: access rights are listed, confirmed or withdrawn by a day, suspended otherwise, and signed for (R-19)."""

from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from bastion.domain.parties import Actor, Role
from bastion.domain.review import CampaignState, LineState, ReviewSignature, RightKind, Sought, Verdict
from bastion.services.bundle import Services
from bastion.services.review_views import Review, Seen, Standing
from bastion.services.reviews import CampaignForm
from web.api.bearer import Me, Use
from web.api.shapes import Instant, Limit, Offset, Shape

PAGE: Final = 100
SHEET: Final = "A right a row; once it is signed also of which review, by whom, and what was decided since."


class ReviewBody(Shape):
    """`facilities` are codes; empty means the whole group."""

    name: str = Field(max_length=200)
    due_at: Instant
    facilities: tuple[str, ...] = ()


class DecisionBody(Shape):
    """`lines` are ids of the review's lines, all decided alike or none; withdrawing needs a `note`."""

    lines: list[str] = Field(max_length=5000)
    verdict: Literal[Verdict.CONFIRMED, Verdict.WITHDRAWN]
    note: str = Field("", max_length=2000)


class SigningBody(Shape):
    remark: str = Field("", max_length=2000)


class SignatureShape(Shape):
    """`digest` is the SHA-256, in hex, of what was signed: of the CSV all that stands before its line `signature`. The
    numbers are of the lines as they were then.
    """

    signed_by: str
    signed_at: datetime
    confirmed: int
    withdrawn: int
    suspended: int
    digest: str
    remark: str

    @classmethod
    def of(cls, one: ReviewSignature) -> "SignatureShape":
        return cls(
            signed_by=one.signed_by, signed_at=one.signed_at, confirmed=one.confirmed, withdrawn=one.withdrawn,
            suspended=one.suspended, digest=one.digest, remark=one.remark,
        )  # fmt: skip


class CampaignShape(Shape):
    """`counts` is how many lines are in each state now."""

    id: str
    name: str
    facilities: list[str]
    due_at: datetime
    created_by: str
    created_at: datetime
    counts: dict[LineState, int]
    state: CampaignState
    signature: SignatureShape | None

    @classmethod
    def of(cls, standing: Standing) -> "CampaignShape":
        one, signed = standing.campaign, standing.signature
        return cls(
            id=one.id, name=one.name, facilities=list(one.facilities), due_at=one.due_at, created_by=one.created_by,
            created_at=one.created_at, counts=standing.counts, state=standing.state,
            signature=SignatureShape.of(signed) if signed else None,
        )  # fmt: skip


class LineShape(Shape):
    """`right` is the role of a staff member, `facility_id` the hospital where it is held, `everywhere`: held in every
    one; `correspondent`: somebody who speaks for the supplier now, and may make accounts; `mine`: you may decide on it.
    """

    id: str
    kind: RightKind
    subject_id: str
    right: str
    name: str
    company: str
    state: LineState
    decided_at: datetime | None
    decided_by: str
    note: str
    mine: bool
    everywhere: bool
    facility_id: str
    correspondent: bool

    @classmethod
    def of(cls, seen: Seen) -> "LineShape":
        line = seen.line
        return cls(
            id=line.id, kind=line.kind, subject_id=line.subject_id, right=line.right, name=line.name,
            company=line.company, state=seen.state, decided_at=line.decided_at, decided_by=line.decided_by,
            note=line.note, mine=seen.mine, everywhere=seen.everywhere,
            facility_id=seen.facility.id if seen.facility else "", correspondent=seen.correspondent,
        )  # fmt: skip


class OfTheGroupShape(Shape):
    """A role in every hospital, which the group reviews; `state` is what its reviews say, null: nothing yet."""

    name: str
    right: Role
    state: LineState | None


class ReviewShape(Shape):
    """`lines` is a page of those that were asked for, what waits first; `found` is how many these are, and `elsewhere`
    how many lines of the review are not on this page: a signature covers them too. `waiting` of all lines wait for you.
    `may_sign`: you may sign it, now. `decided_since` is how many lines were decided after the signature.
    `of_the_group`: who works there and is not in this review but in those of the whole group.
    """

    campaign: CampaignShape
    lines: list[LineShape]
    found: int
    elsewhere: int
    waiting: int
    may_sign: bool
    decided_since: int
    of_the_group: list[OfTheGroupShape]

    @classmethod
    def of(cls, review: Review) -> "ReviewShape":
        return cls(
            campaign=CampaignShape.of(review.standing), lines=[LineShape.of(one) for one in review.lines],
            found=review.found, elsewhere=review.elsewhere, waiting=review.waiting, may_sign=review.may_sign,
            decided_since=review.decided_since,
            of_the_group=[OfTheGroupShape(name=i.name, right=i.role, state=i.state) for i in review.of_the_group],
        )  # fmt: skip


def add_to(router: APIRouter) -> None:
    router.add_api_route("/reviews", reviews, methods=["GET"])
    router.add_api_route("/reviews", start, methods=["POST"], status_code=201)
    router.add_api_route("/reviews/{ident}", review, methods=["GET"])
    router.add_api_route("/reviews/{ident}/decide", decide, methods=["POST"])
    router.add_api_route("/reviews/{ident}/sign", sign, methods=["POST"])
    router.add_api_route(
        "/reviews/{ident}/export", export, methods=["POST"], response_class=Response,
        responses={200: {"content": {"text/csv": {}}, "description": SHEET}},
    )  # fmt: skip


async def reviews(me: Me, use: Use, limit: Limit = 50, offset: Offset = 0) -> list[CampaignShape]:
    """The reviews of access rights one sees, the newest first."""
    return [CampaignShape.of(one) for one in await use.reviews.all(me, limit, offset)]


async def _first(me: Actor, use: Services, ident: str) -> ReviewShape:
    return ReviewShape.of(await use.reviews.of(me, ident, limit=PAGE))


async def start(body: ReviewBody, me: Me, use: Use) -> ReviewShape:
    """Begin a review; needs a fresh code. Answers its first page."""
    made = await use.reviews.start(me, CampaignForm(body.name, body.due_at, body.facilities))
    return await _first(me, use, made.id)


async def review(
    ident: str, me: Me, use: Use, *, kind: RightKind | None = None, state: LineState | None = None,
    mine: bool | None = None, text: Annotated[str, Query(max_length=200)] = "", limit: Limit = PAGE, offset: Offset = 0,
) -> ReviewShape:  # fmt: skip
    """A review with a page of its lines: those of a kind, in a state, that are yours to decide on (or are not), whose
    name or company holds `text`.
    """
    return ReviewShape.of(await use.reviews.of(me, ident, Sought(kind, state, mine, text), limit, offset))


async def decide(ident: str, body: DecisionBody, me: Me, use: Use) -> ReviewShape:
    """Confirm or withdraw lines, wherever they stand in the review; needs a fresh code. Answers its first page."""
    await use.reviews.decide(me, ident, body.lines, body.verdict, body.note)
    return await _first(me, use, ident)


async def sign(ident: str, body: SigningBody, me: Me, use: Use) -> ReviewShape:
    """Sign for the whole review, once no line of it is open; needs a fresh code. Answers its first page."""
    await use.reviews.sign(me, ident, body.remark)
    return await _first(me, use, ident)


async def export(ident: str, me: Me, use: Use) -> Response:
    """Take the whole review away as CSV; needs a fresh code."""
    campaign, sheet = await use.reviews.export(me, ident)
    kept = {"content-disposition": f'attachment; filename="review-{campaign.created_at:%Y-%m-%d}.csv"'}
    return Response(sheet, media_type="text/csv; charset=utf-8", headers=kept)
