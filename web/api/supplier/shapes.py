"""What suppliers' programs are given: their own work, and of the hospital only what their pages show (T33)."""

from datetime import datetime
from typing import Self

from pydantic import Field

from bastion.domain.access_request import AccessRequest, InterventionKind, RequestState
from bastion.domain.conditions import Condition
from bastion.domain.device import ChannelKind
from bastion.domain.grant import Grant
from bastion.domain.parties import Role
from bastion.domain.remark import Remark, Side
from bastion.domain.timebox import whole_minutes
from bastion.services.commands import Client, Command, Shell, Use
from bastion.services.company import CompanyRequest
from bastion.services.reports import Owed
from bastion.services.views import MenuItem, Outlook, RequestView
from web.api.request_shapes import Agreement, AnnouncedShape, CallShape, PlanShape, RemarkShape, agreements
from web.api.shapes import Minutes, Reason, Shape


class DeviceShape(Shape):
    """A device of one's company. `state` is open, scheduled, pending, none (it may be asked for), barred where a review
    of access rights keeps one from it, or unanswered: nothing opens under what was agreed to, for nobody answers for
    its patient data any more. `until` is the end of what was agreed to.
    """

    code: str
    name: str
    facility: str
    facility_name: str
    state: str
    until: datetime | None

    @classmethod
    def of(cls, item: MenuItem) -> Self:
        return cls(
            code=item.device.code, name=item.device.name, facility=item.facility.code,
            facility_name=item.facility.name, state=item.state, until=item.until,
        )  # fmt: skip


class RightShape(Shape):
    """What agreement made of a request."""

    id: str
    status: str
    start: datetime
    end: datetime
    channels: list[ChannelKind]
    conditions: list[Condition]
    watcher: bool
    idle_seconds: int
    revoked_by: str
    revoke_reason: str

    @classmethod
    def of(cls, grant: Grant, now: datetime) -> Self:
        return cls(
            id=grant.id, status=grant.status(now), start=grant.start, end=grant.end, channels=sorted(grant.channels),
            conditions=sorted(grant.conditions), watcher=grant.watcher, idle_seconds=grant.idle_seconds,
            revoked_by=grant.revoked_by, revoke_reason=grant.revoke_reason,
        )  # fmt: skip


class OutlookShape(Shape):
    """`allowed` is what the rules say of asking, `reasons` why; of `quorum` approvers each has to agree, for `minutes`
    at most, and with `watcher` somebody of the hospital follows the session. `obstacles` stand in one's own way today.
    """

    allowed: bool
    reasons: list[str]
    quorum: int
    roles: list[Role]
    minutes: int
    watcher: bool
    obstacles: list[str]

    @classmethod
    def of(cls, seen: Outlook) -> Self:
        return cls(
            allowed=seen.allowed, reasons=list(seen.reasons), quorum=seen.quorum, roles=[Role.APPROVER],
            minutes=whole_minutes(seen.agreed), watcher=seen.watcher, obstacles=list(seen.obstacles),
        )  # fmt: skip


class WorkShape(Shape):
    """One's own request. `decision_note` is why it was refused; `asks` is an open question of the hospital."""

    id: str
    ref: str
    state: RequestState
    device: str
    facility: str
    kind: InterventionKind
    reason: str
    work_order: str
    minutes: int
    start: datetime | None
    created_at: datetime
    expires_at: datetime
    asked_by: str
    quorum: int
    approvals: list[Agreement]
    decided_by: str
    decision_note: str
    extends_grant_id: str
    batch: str
    template: str
    takes_over_from: str
    parts: list[str]
    """The ids of one's own other requests of the same work; only of a single request."""
    plan: PlanShape
    unanswered: str
    """Who of the hospital is named for its patient data and does not answer for them: nobody can agree to it, and
    nothing opens; only of a single request.
    """
    announced: list[AnnouncedShape]
    emergency: CallShape | None
    grant: RightShape | None
    asks: str
    thread: list[RemarkShape]

    @classmethod
    def of(cls, view: RequestView, now: datetime, asks: Remark | None = None) -> Self:
        request, open_one = view.request, asks
        if view.thread and view.thread[-1].side is Side.HOSPITAL and request.state(now) is RequestState.PENDING:
            open_one = view.thread[-1]
        return cls(
            id=request.id, ref=request.ref, state=request.state(now), device=view.device.code,
            facility=view.facility.code, kind=request.kind, reason=request.reason, work_order=request.work_order,
            minutes=whole_minutes(request.wanted), start=request.start, created_at=request.created_at,
            expires_at=request.expires_at, asked_by=request.created_by.name, quorum=request.quorum,
            approvals=agreements(request), decided_by=request.decided_by, decision_note=request.decision_note,
            extends_grant_id=request.extends_grant_id, batch=request.batch_id, template=request.template_id,
            takes_over_from=view.handover.from_name if view.handover else "",
            parts=[part.request.id for part in view.parts],
            plan=PlanShape.of(request.plan), unanswered=view.unanswered,
            announced=[AnnouncedShape.model_validate(file) for file in request.announced],
            emergency=CallShape.of(view.emergency) if view.emergency else None,
            grant=RightShape.of(view.grant, now) if view.grant else None,
            asks=open_one.text if open_one else "", thread=thread_of(view.thread),
        )  # fmt: skip


class CompanyWorkShape(Shape):
    """A colleague's request, as his company's correspondent reads it."""

    id: str
    ref: str
    state: RequestState
    technician_name: str
    device: str
    facility: str
    kind: InterventionKind
    reason: str
    work_order: str
    minutes: int
    created_at: datetime
    decided_by: str
    decision_note: str
    thread: list[RemarkShape]
    parts: list[str]
    """The ids of the other requests of the same work; only of a single request."""

    @classmethod
    def of(cls, row: CompanyRequest, now: datetime) -> Self:
        request: AccessRequest = row.request
        return cls(
            id=request.id, ref=request.ref, state=request.state(now), technician_name=request.technician_name,
            device=row.device.code, facility=row.facility.code, kind=request.kind, reason=request.reason,
            work_order=request.work_order, minutes=whole_minutes(request.wanted), created_at=request.created_at,
            decided_by=request.decided_by, decision_note=request.decision_note, thread=thread_of(row.thread),
            parts=[part.request.id for part in row.parts],
        )  # fmt: skip


class OwedShape(Shape):
    """A report that is owed; from `due_at` on the lack of it blocks the company."""

    request: str
    ref: str
    device: str
    technician_name: str
    owed_since: datetime | None
    due_at: datetime | None

    @classmethod
    def of(cls, one: Owed) -> Self:
        return cls(
            request=one.request.id, ref=one.request.ref, device=one.device.code,
            technician_name=one.request.technician_name, owed_since=one.due.owed_since, due_at=one.due.due_at,
        )  # fmt: skip


class PasteShape(Shape):
    """What is pasted, and in which shells it means the command."""

    text: str
    shells: list[Shell]


class CommandShape(Shape):
    """`service` is a tunnel's service on the device, then met at `localhost:local`."""

    client: Client
    use: Use
    variants: list[PasteShape]
    service: str
    local: int

    @classmethod
    def of(cls, one: Command) -> Self:
        return cls(
            client=one.client, use=one.use, local=one.local,
            service=f"{one.service.protocol}:{one.service.port}" if one.service else "",
            variants=[PasteShape(text=v.text, shells=list(v.shells)) for v in one.variants],
        )  # fmt: skip


class DoorShape(Shape):
    """Where the bastion is, and the fingerprints by which an SSH client knows it."""

    host: str
    port: int
    fingerprints: list[str]


class CommandsShape(Shape):
    door: DoorShape
    commands: list[CommandShape]


class ColleagueShape(Shape):
    login: str
    name: str


class Said(Shape):
    text: Reason


class Note(Shape):
    note: str = Field("", max_length=2000)


class More(Shape):
    minutes: Minutes
    reason: Reason


class GiveBack(Shape):
    reason: str = Field("", max_length=2000)


class HandOver(Shape):
    """`technician` is the login of a colleague of the same company."""

    technician: str
    reason: Reason


def thread_of(thread: tuple[Remark, ...]) -> list[RemarkShape]:
    return [RemarkShape(side=one.side, author=one.author_name, at=one.at, text=one.text) for one in thread]
