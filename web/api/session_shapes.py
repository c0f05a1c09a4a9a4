"""A session, of now or of the past."""

from datetime import datetime
from typing import Self

from bastion.domain.access_request import InterventionKind
from bastion.domain.comparison import Aspect
from bastion.domain.session_record import Outcome
from bastion.services.views import SessionView
from policies.guards.verdict import FindingKind
from web.api.shapes import Shape


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
    unanswered: str
    """Who was to answer for its patient data and does so no longer (R-38); only of a single live session."""

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
            differences=[Aspect(one) for one in r.differences], unanswered=view.unanswered,
        )  # fmt: skip
