"""What goes over the wire: one shape per noun, filled from the services' views. Ids are opaque text, times are UTC."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, Strict
from starlette.responses import Response

from bastion.domain.access_request import AccessRequest, Approval, InterventionKind, RequestState
from bastion.domain.comparison import Aspect
from bastion.domain.conditions import Condition
from bastion.domain.derogation import Derogation, DerogationKind, DerogationStatus
from bastion.domain.device import ChannelKind
from bastion.domain.emergency import Call, Emergency
from bastion.domain.grant import Grant
from bastion.domain.local_time import YEARS
from bastion.domain.lock import Lock, LockScope
from bastion.domain.place import Place
from bastion.domain.remark import Side
from bastion.domain.session_record import Outcome
from bastion.domain.work_order import Finding, OrderLook
from bastion.domain.work_plan import ANSWERED, PatientData, Question, WorkPlan
from bastion.services.views import RequestView, SessionView
from policies.guards.verdict import FindingKind

Flag = Annotated[bool, Strict()]
"""`true` or `false`; a program that says 0 or "no" has made a mistake, and is told."""
Whole = Annotated[int, Strict()]
Version = Annotated[Whole, Field(ge=0, le=2**31 - 1, description="What was read; another one since then is a 409.")]
Minutes = Annotated[Whole, Field(ge=1, le=24 * 60, description="Minutes of work.")]
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


def _as_written(value: object) -> object:
    """Let nothing but a written instant be one: `0.5` is no moment of 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _WRITTEN.fullmatch(value)):
        return value
    raise ValueError("not an instant with its offset")


def _within_reach(value: datetime) -> datetime:
    if value.year not in YEARS:
        raise ValueError("too far away to reckon with")
    return value


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_as_written),
    AfterValidator(_within_reach),
    Field(description="An instant with its offset, e.g. 2026-05-04T08:00:00+02:00."),
]
T = TypeVar("T")


def _each_once(value: object) -> object:
    """Refuse a list that names something twice, as its description does."""
    if isinstance(value, list) and any(one in value[:at] for at, one in enumerate(value)):
        raise ValueError("named twice")
    return value


Several = Annotated[frozenset[T], BeforeValidator(_each_once)]
"""Each at most once, in any order."""


def _encodable(text: str) -> str:
    """A lone surrogate, which JSON can write, is no text: `ValueError`."""
    text.encode()
    return text


Encodable = Annotated[str, AfterValidator(_encodable)]
"""A text of which only the bytes are used; what the database keeps it judges itself."""


def _a_place(text: str) -> str:
    if text:
        Place.read(text)
    return text


After = Annotated[
    str,
    AfterValidator(_a_place),
    Field(description="The header `Next-After` of the page before, to read on from there, however far back."),
]


def place_in(after: str) -> Place | None:
    return Place.read(after) if after else None


def say_next(answer: Response, limit: int, places: Sequence[Place]) -> None:
    """Say where the next page begins, if there may be one; unlike a number of rows it stays right while rows come."""
    if len(places) == limit:
        answer.headers["next-after"] = str(places[-1])


Limit = Annotated[int, Field(ge=1, le=500)]
Offset = Annotated[int, Field(ge=0, le=100_000)]
Code = Annotated[str, Field("", max_length=16, description="A fresh code from the authenticator; each is used once.")]
Reason = Annotated[str, Field(max_length=2000, description="Why; kept with the record.")]


class Shape(BaseModel):
    model_config = ConfigDict(from_attributes=True, extra="forbid", frozen=True)


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


KEEPS: Final = "What stays usable on the device meanwhile: `everything`, `nothing`, or in words."
MUST: Final = "Whoever asks must say it; null only in what was asked before that was so."


def answered(said: Mapping[str, Any]) -> WorkPlan:
    """A plan of these fields; of a question that is null nothing is said."""
    unsaid = {Question(name) for name in Question if said[name] is None}
    known = {name: value for name, value in said.items() if value is not None or name not in unsaid}
    return WorkPlan(**known, said=ANSWERED - unsaid)


class PlanShape(Shape):
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

    @classmethod
    def of(cls, plan: WorkPlan) -> Self:
        known = {name: getattr(plan, name) for name in cls.model_fields}
        return cls(**known | {"patient_data": plan.patients, "software_change": plan.software})

    def plan(self) -> WorkPlan:
        return answered(self.model_dump())


class DerogationShape(Shape):
    """What is allowed on an old device (R-10)."""

    id: str
    kind: DerogationKind
    algorithms: list[str]
    owner: str
    reason: str
    starts: datetime
    ends: datetime
    status: DerogationStatus
    created_by: str
    created_at: datetime
    withdrawn_by: str
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, one: Derogation, now: datetime) -> Self:
        return cls(
            id=one.id, kind=one.kind, algorithms=list(one.algorithms), owner=one.owner, reason=one.reason,
            starts=one.starts, ends=one.ends, status=one.status(now), created_by=one.created_by,
            created_at=one.created_at, withdrawn_by=one.withdrawn_by, withdrawn_at=one.withdrawn_at,
        )  # fmt: skip


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
    def of(cls, check: OrderLook) -> "OrderShape":
        return cls(**{name: getattr(check, name) for name in cls.model_fields})


class GrantShape(Shape):
    """What agreement made of a request, and what became of it: `status` says whether it is open, comes, is over, or was
    taken or given back. `revoke_reason` is what a person wrote, or the bastion itself in English.
    """

    id: str
    request_id: str
    kind: InterventionKind
    channels: list[ChannelKind]
    status: str
    start: datetime
    end: datetime
    approved_by: list[str]
    conditions: list[Condition]
    watcher: bool
    revoked_by: str
    revoke_reason: str
    emergency: bool
    planned: datetime
    first_used_at: datetime | None
    device: str = ""
    technician: str = ""

    @classmethod
    def of(cls, grant: Grant, now: datetime, device: str = "", technician: str = "") -> Self:
        return cls(
            id=grant.id, request_id=grant.request_id, kind=grant.kind, channels=sorted(grant.channels),
            status=grant.status(now), start=grant.start, end=grant.end, approved_by=list(grant.approved_by),
            conditions=sorted(grant.conditions), watcher=grant.watcher,
            revoked_by=grant.revoked_by, revoke_reason=grant.revoke_reason, emergency=grant.emergency,
            planned=grant.planned, first_used_at=grant.first_used_at,
            device=device, technician=technician,
        )  # fmt: skip


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
    thread: list[RemarkShape] = []
    emergency: CallShape | None = None
    """There if it cannot wait (R-26)."""
    takes_over_grant_id: str = ""
    """The authorisation that ends once this is agreed to."""
    work: str = ""
    """The id of the request by which the work began that this one belongs to; its own where it began one."""
    parts: list[str] = []
    """The ids of the other requests of that work; only of a single request."""
    batch: str = ""
    """The common id of those that were asked for at once."""
    template: str = ""
    """The usual request it was made from."""
    differs: list[str] = []
    """What it says otherwise than that; only of a single request."""
    proposed: list[Condition] = []
    """On what conditions such a request is usually agreed to; only of a single request."""
    order: OrderShape | None = None
    """What the hospital's GMAO said of the work order when it was last asked; only of a single request."""
    orders: list[OrderShape] = Field(default_factory=list)
    """The same each time it was asked, first to last."""
    grant: GrantShape | None = None
    """The authorisation that came of it, as it stands now."""

    @classmethod
    def of(cls, view: RequestView, now: datetime) -> Self:
        request = view.request
        return cls(
            id=request.id, ref=request.ref, state=request.state(now), version=request.version,
            technician=view.technician.login, technician_name=view.technician.name, supplier=view.supplier.code,
            device=view.device.code, facility=view.facility.code, account=view.account_login, kind=request.kind,
            reason=request.reason, work_order=request.work_order, minutes=wanted_minutes(request), start=request.start,
            created_at=request.created_at, expires_at=request.expires_at, quorum=request.quorum,
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
            order=OrderShape.of(view.order) if view.order else None,
            orders=[OrderShape.of(one) for one in view.orders],
            grant=GrantShape.of(view.grant, now, view.device.code, view.technician.login) if view.grant else None,
            why_not=view.why_not, derogations=[DerogationShape.of(one, now) for one in view.derogations],
        )  # fmt: skip


class SessionShape(Shape):
    """A session. `recording_digest` is what the audit trail says the sealed recording must have; `screen_findings` are
    the kinds of what was seen on its screens, and `health_data` says whether data of patients was among it.
    `differences` say in what it was found at its end to differ from what was declared (R-60).
    """

    id: str
    state: str
    technician: str
    technician_name: str
    supplier: str
    device: str
    facility: str
    account: str
    source: str
    client: str
    node: str
    grant_id: str
    request_id: str
    kind: InterventionKind
    reason: str
    started_at: datetime
    ended_at: datetime | None
    grant_end: datetime
    end_reason: Outcome | None
    end_by: str
    end_why: str
    frozen_by: str
    must_be_watched: bool
    watched_by: list[str]
    recording_digest: str
    recording_bytes: int
    recording_seconds: float
    screen_findings: list[FindingKind]
    health_data: bool
    differences: list[Aspect]

    @classmethod
    def of(cls, view: SessionView) -> Self:
        r = view.record
        return cls(
            id=r.id, state=view.state, technician=view.technician.login, technician_name=r.technician_name,
            supplier=view.supplier.code, device=view.device.code, facility=view.facility.code,
            account=r.account_login, source=r.source, client=r.client, node=r.node, grant_id=r.grant_id,
            request_id=r.request_id, kind=view.request.kind, reason=view.request.reason, started_at=r.started_at,
            ended_at=r.ended_at, grant_end=view.grant_end, end_reason=r.outcome, end_by=r.end_by, end_why=r.end_why,
            frozen_by=r.frozen_by, must_be_watched=view.must_be_watched, watched_by=list(view.watched_by),
            recording_digest=r.recording_digest, recording_bytes=r.recording_bytes,
            recording_seconds=r.recording_seconds,
            screen_findings=[FindingKind(kind) for kind in r.screen_findings], health_data=r.shows_health_data,
            differences=[Aspect(one) for one in r.differences],
        )  # fmt: skip


class LockShape(Shape):
    id: str
    scope: LockScope
    subject_id: str
    reason: str
    imposed_by: str
    imposed_at: datetime
    until: datetime | None
    lifted_by: str

    @classmethod
    def of(cls, lock: Lock) -> Self:
        return cls.model_validate(lock, from_attributes=True)


def wanted_minutes(request: AccessRequest) -> int:
    return int(request.wanted.total_seconds() // 60)


def agreements(request: AccessRequest) -> list[Agreement]:
    return [_agreement(one) for one in request.approvals]


def _agreement(one: Approval) -> Agreement:
    return Agreement(
        staff_name=one.staff_name, at=one.at, minutes=int(one.duration.total_seconds() // 60), note=one.note,
        conditions=sorted(one.terms.conditions), start=one.terms.start, in_name_of=one.for_name,
    )  # fmt: skip
