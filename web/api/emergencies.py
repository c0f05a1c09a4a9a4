"""`/emergencies`: what could not wait, and what was found when somebody looked at it afterwards (R-26, R-27)."""

from datetime import datetime
from typing import Self

from fastapi import APIRouter
from pydantic import Field

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.emergency import EmergencyStatus, Outcome
from bastion.domain.session_record import Outcome as SessionEnd
from bastion.domain.session_record import SessionRecord
from bastion.domain.timebox import whole_minutes
from bastion.services.emergencies import EmergencyView
from bastion.services.works import Part
from web.api.bearer import Me, Use, fresh
from web.api.request_shapes import Agreement, CallShape, agreements
from web.api.shapes import Code, Limit, Offset, Shape, Version


class PartShape(Shape):
    """A request of the work that an emergency is: the first, one for more time (`extends_grant_id`), or one by which
    `technician_name` took over from `takes_over_from`.
    """

    id: str
    ref: str
    state: RequestState
    technician_name: str
    takes_over_from: str
    extends_grant_id: str
    reason: str
    minutes: int
    created_at: datetime
    created_by: str
    approvals: list[Agreement]
    decided_by: str
    decision_note: str

    @classmethod
    def of(cls, part: Part, now: datetime) -> Self:
        one = part.request
        return cls(
            id=one.id, ref=one.ref, state=one.state(now), technician_name=one.technician_name,
            takes_over_from=part.handover.from_name if part.handover else "", extends_grant_id=one.extends_grant_id,
            reason=one.reason, minutes=whole_minutes(one.wanted), created_at=one.created_at,
            created_by=one.created_by.name, approvals=agreements(one), decided_by=one.decided_by,
            decision_note=one.decision_note,
        )  # fmt: skip


class DoneShape(Shape):
    """A session of that work; `/sessions/{id}` has the whole of it."""

    id: str
    request_id: str
    technician_name: str
    started_at: datetime
    ended_at: datetime | None
    end_reason: SessionEnd | None

    @classmethod
    def of(cls, record: SessionRecord) -> Self:
        return cls(
            id=record.id, request_id=record.request_id, technician_name=record.technician_name,
            started_at=record.started_at, ended_at=record.ended_at, end_reason=record.outcome,
        )  # fmt: skip


class EmergencyShape(Shape):
    """An emergency; `id` is its request's. `outcome` is empty until it is reviewed. `parts` are all requests of the
    work and `sessions` all that was done, in whoever's hands: who reviews it answers for the whole.
    """

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
    parts: list[PartShape]
    sessions: list[DoneShape]

    @classmethod
    def of(cls, view: EmergencyView, now: datetime) -> Self:
        one = view.emergency
        same = {name: getattr(one, name) for name in _SAME}
        return cls(
            status=one.status(now), device=view.device.code, supplier=view.supplier.code, facility=view.facility.code,
            call=CallShape.of(one), can_review=view.can_review,
            parts=[PartShape.of(part, now) for part in view.parts],
            sessions=[DoneShape.of(record) for record in view.sessions], **same,
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
