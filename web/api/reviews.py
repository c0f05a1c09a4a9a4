"""`/reviews`: access rights are listed, confirmed or withdrawn by a day, suspended otherwise, and signed for (R-19)."""

from datetime import datetime
from typing import Final

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from bastion.domain.review import CampaignState, LineState, ReviewSignature, RightKind, Verdict
from bastion.services.review_views import Review, Seen, Standing
from bastion.services.reviews import CampaignForm
from web.api.bearer import Me, Use
from web.api.shapes import Instant, Shape

SHEET: Final = "A right a row; once it is signed also of which review, by whom, and what was decided since."


class ReviewBody(Shape):
    """`facilities` are codes; empty means the whole group."""

    name: str = Field(max_length=200)
    due_at: Instant
    facilities: tuple[str, ...] = ()


class DecisionBody(Shape):
    """`lines` are ids of the review's lines, all decided alike or none; withdrawing needs a `note`."""

    lines: list[str] = Field(max_length=5000)
    verdict: Verdict
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
    """`right` is the role of a staff member, `everywhere`: held in every hospital; `mine`: you may decide on it."""

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

    @classmethod
    def of(cls, seen: Seen) -> "LineShape":
        line = seen.line
        return cls(
            id=line.id, kind=line.kind, subject_id=line.subject_id, right=line.right, name=line.name,
            company=line.company, state=seen.state, decided_at=line.decided_at, decided_by=line.decided_by,
            note=line.note, mine=seen.mine, everywhere=seen.everywhere,
        )  # fmt: skip


class ReviewShape(Shape):
    """`may_sign`: you may sign it, now. `decided_since` is how many lines were decided after the signature."""

    campaign: CampaignShape
    lines: list[LineShape]
    may_sign: bool
    decided_since: int

    @classmethod
    def of(cls, review: Review) -> "ReviewShape":
        return cls(
            campaign=CampaignShape.of(review.standing), lines=[LineShape.of(one) for one in review.lines],
            may_sign=review.may_sign, decided_since=len(review.since),
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


async def reviews(me: Me, use: Use) -> list[CampaignShape]:
    """The reviews of access rights one sees, the newest first."""
    return [CampaignShape.of(one) for one in await use.reviews.all(me)]


async def start(body: ReviewBody, me: Me, use: Use) -> ReviewShape:
    """Begin a review; needs a fresh code."""
    made = await use.reviews.start(me, CampaignForm(body.name, body.due_at, body.facilities))
    return ReviewShape.of(await use.reviews.of(me, made.id))


async def review(ident: str, me: Me, use: Use) -> ReviewShape:
    """A review with every line."""
    return ReviewShape.of(await use.reviews.of(me, ident))


async def decide(ident: str, body: DecisionBody, me: Me, use: Use) -> ReviewShape:
    """Confirm or withdraw lines; needs a fresh code."""
    await use.reviews.decide(me, ident, body.lines, body.verdict, body.note)
    return ReviewShape.of(await use.reviews.of(me, ident))


async def sign(ident: str, body: SigningBody, me: Me, use: Use) -> ReviewShape:
    """Sign for the whole review, once no line of it is open; needs a fresh code."""
    await use.reviews.sign(me, ident, body.remark)
    return ReviewShape.of(await use.reviews.of(me, ident))


async def export(ident: str, me: Me, use: Use) -> Response:
    """Take the whole review away as CSV; needs a fresh code."""
    campaign, sheet = await use.reviews.export(me, ident)
    kept = {"content-disposition": f'attachment; filename="review-{campaign.created_at:%Y-%m-%d}.csv"'}
    return Response(sheet, media_type="text/csv; charset=utf-8", headers=kept)
