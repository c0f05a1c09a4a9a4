"""What is asked for, what the work touches, who has agreed to it, and what is said about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import Field

from bastion.domain.access_request import AccessRequest, Approval, InterventionKind, RequestState
from bastion.domain.conditions import Condition
from bastion.domain.emergency import Call, Emergency
from bastion.domain.remark import Side
from bastion.domain.timebox import whole_minutes
from bastion.domain.work_order import Finding, OrderLook
from bastion.domain.work_plan import ANSWERED, PatientData, Question, WorkPlan
from bastion.services.views import RequestView
from web.api.grant_shapes import GrantShape
from web.api.register_shapes import DerogationShape
from web.api.shapes import Flag, Instant, Shape, Whole

KEEPS: Final = "What stays usable on the device meanwhile: `everything`, `nothing`, or in words."
MUST: Final = "Whoever asks must say it; null only in what was asked before that was so."


class Agreement(Shape):
    staff_name: str
    at: datetime
    minutes: int
    note: str
    conditions: list[Condition]
    start: datetime | None
    in_name_of: str = ""


class RemarkShape(Shape):
    """A question of the hospital, or the answer of whoever asked for the access."""

    side: Side
    author: str
    at: datetime
    text: str


class AnnouncedShape(Shape):
    """A file the supplier will bring (R-42); `size` 0 means that it was not said."""

    name: str = Field(max_length=400)
    size: Whole = Field(0, ge=0, le=2**62)
    sha256: str = Field(max_length=64)


def answered(said: Mapping[str, Any]) -> WorkPlan:
    """A plan of these fields; of a question that is null nothing is said."""
    unsaid = {Question(name) for name in Question if said[name] is None}
    known = {name: value for name, value in said.items() if value is not None or name not in unsaid}
    return WorkPlan(**known, said=ANSWERED - unsaid)


class SaidOfWork(Shape):
    """Some of what a work plan says, by the names it has there."""

    @classmethod
    def of(cls, plan: WorkPlan) -> Self:
        known = {name: getattr(plan, name) for name in cls.model_fields}
        return cls(**known | {"patient_data": plan.patients, "software_change": plan.software})

    def plan(self) -> WorkPlan:
        return answered(self.model_dump())


class PlanShape(SaidOfWork):
    """What the work touches: nobody asks without `keeps`, `patient_data` and `software_change` (R-25). `needed` patient
    data wants `professional` and `patient_why` (R-38); a change of software `backup_at`, `backup_place` and `rollback`
    (R-43).
    """

    keeps: str = Field("", max_length=2000, description=KEEPS + " Whoever asks must say it.")
    procedure: str = Field("", max_length=2000)
    people: tuple[Annotated[str, Field(max_length=200)], ...] = Field((), max_length=20)
    patient_data: PatientData | None = Field(None, description=MUST)
    professional: str = Field("", max_length=200, description="Who answers: id or name in the hospital's list.")
    patient_why: str = Field("", max_length=2000)
    software_change: Flag | None = Field(None, description=MUST)
    backup_at: Instant | None = None
    backup_place: str = Field("", max_length=200)
    rollback: str = Field("", max_length=2000)


class CallShape(Shape):
    """Who of the hospital called whom about an emergency, and where he can be called back (R-27)."""

    caller: str = Field(max_length=200)
    callee: str = Field("", max_length=200)
    call_back: str = Field("", max_length=200)

    @classmethod
    def of(cls, call: Call | Emergency) -> Self:
        return cls(caller=call.caller, callee=call.callee, call_back=call.call_back)


class OrderShape(Shape):
    """`finding` is how the order fits what is asked; the texts are the GMAO's. `looked_by` made the bastion look."""

    number: str
    finding: Finding
    title: str
    state: str
    asked_by: str
    checked_at: datetime
    looked_by: str

    @classmethod
    def of(cls, check: OrderLook) -> Self:
        return cls(**{name: getattr(check, name) for name in cls.model_fields})


class RequestShape(Shape):
    """An access request. A decision gives `version` back, so that nobody decides on what he has not read."""

    id: str
    ref: str
    state: RequestState
    version: int
    technician: str
    technician_name: str
    supplier: str
    device: str
    facility: str
    account: str
    kind: InterventionKind
    reason: str
    work_order: str
    minutes: int
    start: datetime | None
    created_at: datetime
    expires_at: datetime
    quorum: int
    approvals: list[Agreement]
    decided_by: str
    decision_note: str
    extends_grant_id: str
    grant_id: str
    announced: list[AnnouncedShape]
    plan: PlanShape
    policy: list[str]
    approvers: list[str]
    can_decide: bool
    why_not: str
    derogations: list[DerogationShape]
    """What a session would stand on: to be read before one decides (R-10)."""
    thread: list[RemarkShape] = Field(default_factory=list)
    emergency: CallShape | None = None
    """There if it cannot wait (R-26)."""
    takes_over_grant_id: str = ""
    """The authorisation that ends once this is agreed to."""
    work: str = ""
    """The id of the request by which the work began that this one belongs to; its own where it began one."""
    parts: list[str] = Field(default_factory=list)
    """The ids of the other requests of that work; only of a single request."""
    batch: str = ""
    """The common id of those that were asked for at once."""
    template: str = ""
    """The usual request it was made from."""
    differs: list[str] = Field(default_factory=list)
    """What it says otherwise than that; only of a single request."""
    proposed: list[Condition] = Field(default_factory=list)
    """On what conditions such a request is usually agreed to; only of a single request."""
    order: OrderShape | None = None
    """What the hospital's GMAO said of the work order when it was last asked; only of a single request."""
    orders: list[OrderShape] = Field(default_factory=list)
    """The same each time it was asked, first to last."""
    unanswered: str = ""
    """Who is named for its patient data and does not answer for them: nobody can agree to it, and nothing opens (R-38);
    only of a single request.
    """
    grant: GrantShape | None = None
    """The authorisation that came of it, as it stands now."""

    @classmethod
    def of(cls, view: RequestView, now: datetime) -> Self:
        request = view.request
        return cls(
            id=request.id, ref=request.ref, state=request.state(now), version=request.version,
            technician=view.technician.login, technician_name=view.technician.name, supplier=view.supplier.code,
            device=view.device.code, facility=view.facility.code, account=view.account_login, kind=request.kind,
            reason=request.reason, work_order=request.work_order, minutes=whole_minutes(request.wanted),
            start=request.start, created_at=request.created_at, expires_at=request.expires_at, quorum=request.quorum,
            approvals=agreements(request), decided_by=request.decided_by, decision_note=request.decision_note,
            extends_grant_id=request.extends_grant_id, grant_id=request.grant_id,
            announced=[AnnouncedShape.model_validate(file) for file in request.announced],
            plan=PlanShape.of(request.plan),
            policy=list(view.decision_reasons), approvers=list(view.approvers), can_decide=view.can_decide,
            emergency=CallShape.of(view.emergency) if view.emergency else None,
            thread=[RemarkShape(side=r.side, author=r.author_name, at=r.at, text=r.text) for r in view.thread],
            takes_over_grant_id=view.handover.grant_id if view.handover else "",
            work=request.work_id, parts=[part.request.id for part in view.parts],
            template=request.template_id, batch=request.batch_id,
            differs=list(view.origin.changed) if view.origin else [],
            proposed=sorted(view.origin.template.conditions) if view.origin else [],
            unanswered=view.unanswered, order=OrderShape.of(view.order) if view.order else None,
            orders=[OrderShape.of(one) for one in view.orders],
            grant=GrantShape.of(view.grant, now, view.device.code, view.technician.login) if view.grant else None,
            why_not=view.why_not, derogations=[DerogationShape.of(one, now) for one in view.derogations],
        )  # fmt: skip


def agreements(request: AccessRequest) -> list[Agreement]:
    return [_agreement(one) for one in request.approvals]


def _agreement(one: Approval) -> Agreement:
    return Agreement(
        staff_name=one.staff_name, at=one.at, minutes=whole_minutes(one.duration), note=one.note,
        conditions=sorted(one.terms.conditions), start=one.terms.start, in_name_of=one.for_name,
    )  # fmt: skip
