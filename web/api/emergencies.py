"""`/emergencies`: what could not wait, and what was found when somebody looked at it afterwards (R-26, R-27)."""

from datetime import datetime
from typing import Self

from fastapi import APIRouter
from pydantic import Field

from bastion import clock
from bastion.domain.emergency import EmergencyStatus, Outcome
from bastion.services.emergencies import EmergencyView
from web.api.bearer import Me, Use, fresh
from web.api.shapes import CallShape, Code, Limit, Offset, Shape, Version


class EmergencyShape(Shape):
    """An emergency; `id` is its request's. `outcome` is empty until it is reviewed."""

    id: str
    ref: str
    status: EmergencyStatus
    version: int
    device: str
    supplier: str
    facility: str
    call: CallShape
    created_at: datetime
    agreed_at: datetime | None
    agreed_by_caller: bool
    review_due_at: datetime | None
    reviewed_at: datetime | None
    reviewed_by: str
    outcome: str
    review_note: str
    can_review: bool

    @classmethod
    def of(cls, view: EmergencyView, now: datetime) -> Self:
        one = view.emergency
        same = {name: getattr(one, name) for name in _SAME}
        return cls(
            status=one.status(now), device=view.device.code, supplier=view.supplier.code, facility=view.facility.code,
            call=CallShape.of(one), can_review=view.can_review, **same,
        )  # fmt: skip


_SAME = (
    "id", "ref", "version", "created_at", "agreed_at", "agreed_by_caller", "review_due_at", "reviewed_at",
    "reviewed_by", "outcome", "review_note",
)  # fmt: skip


class Review(Shape):
    version: Version
    outcome: Outcome
    note: str = Field(max_length=2000, description="What was checked and found.")
    code: Code


def add_to(router: APIRouter) -> None:
    router.add_api_route("/emergencies", search, methods=["GET"])
    router.add_api_route("/emergencies/{ident}", get, methods=["GET"])
    router.add_api_route("/emergencies/{ident}/review", review, methods=["POST"])


async def search(
    me: Me, use: Use, *, waiting: bool = False, limit: Limit = 50, offset: Offset = 0
) -> list[EmergencyShape]:
    """List emergencies of one's facilities, newest first; `waiting=true`: those to be reviewed, earliest due first."""
    now = clock.now()
    found = await (use.emergencies.to_review(me) if waiting else use.emergencies.search(me, limit, offset))
    return [EmergencyShape.of(view, now) for view in found]


async def get(ident: str, me: Me, use: Use) -> EmergencyShape:
    """One emergency."""
    return EmergencyShape.of(await use.emergencies.get(me, ident), clock.now())


async def review(ident: str, body: Review, me: Me, use: Use) -> EmergencyShape:
    """Sign what was found afterwards. Needs a fresh code; neither who called nor who agreed does it."""
    actor = await fresh(use, me, body.code)
    await use.emergencies.review(actor, ident, body.version, body.outcome, body.note)
    return await get(ident, actor, use)
