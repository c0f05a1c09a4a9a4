"""`/suppliers/{id}/papers`, `/papers` and `/paper-rules`: what a supplier must have on file (R-67)."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from bastion.domain.paper import Paper, PaperKind
from bastion.services.papers import PaperForm
from web.api.bearer import Me, Use
from web.api.shapes import Instant, Shape


class PaperShape(Shape):
    id: str
    kind: PaperKind
    reference: str
    valid_from: datetime
    valid_to: datetime | None
    note: str
    created_by: str
    created_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str

    @classmethod
    def of(cls, paper: Paper) -> "PaperShape":
        return cls(**{name: getattr(paper, name) for name in cls.model_fields})


class PapersShape(Shape):
    """`missing` blocks now, `coming` will within the warning time unless a paper comes."""

    papers: list[PaperShape]
    missing: list[PaperKind]
    coming: list[PaperKind]


class PaperBody(Shape):
    """Without `valid_from` it holds from now. Only a charter or another paper may have no `valid_to`: it holds until it
    is withdrawn.
    """

    kind: PaperKind
    reference: str = Field(max_length=200)
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    note: str = Field("", max_length=2000)


class RuleBody(Shape):
    """`required_from` empty: a paper of this kind is not required."""

    required_from: Instant | None = None


class RuleShape(Shape):
    kind: PaperKind
    required_from: datetime | None
    set_by: str
    set_at: datetime


def add_to(router: APIRouter) -> None:
    router.add_api_route("/suppliers/{ident}/papers", papers, methods=["GET"])
    router.add_api_route("/suppliers/{ident}/papers", add, methods=["POST"], status_code=201)
    router.add_api_route("/papers/{ident}/withdraw", withdraw, methods=["POST"])
    router.add_api_route("/paper-rules", rules, methods=["GET"])
    router.add_api_route("/paper-rules/{kind}", require, methods=["PUT"])


async def papers(ident: str, me: Me, use: Use) -> PapersShape:
    """The papers of a supplier, the newest first, and what is missing."""
    view = await use.papers.of(me, ident)
    return PapersShape(
        papers=[PaperShape.of(one) for one in view.papers], missing=list(view.missing), coming=list(view.coming)
    )


async def add(ident: str, body: PaperBody, me: Me, use: Use) -> PaperShape:
    """Register a paper; needs a fresh code."""
    return PaperShape.of(await use.papers.add(me, ident, PaperForm(**body.model_dump())))


async def withdraw(ident: str, me: Me, use: Use) -> PaperShape:
    """Say that a paper does not hold, or no longer; needs a fresh code."""
    return PaperShape.of(await use.papers.withdraw(me, ident))


async def rules(me: Me, use: Use) -> list[RuleShape]:
    """Which kinds were required or released, by whom, from when."""
    return [RuleShape.model_validate(rule) for rule in (await use.papers.rules(me)).values()]


async def require(kind: PaperKind, body: RuleBody, me: Me, use: Use) -> RuleShape:
    """Say from when the lack of such a paper blocks; needs a fresh code."""
    return RuleShape.model_validate(await use.papers.require(me, kind, body.required_from))
