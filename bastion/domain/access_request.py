"""Asked, then agreed by one or more people, or refused (R-24, R-25)."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from bastion.domain.announced_file import AnnouncedFile
from bastion.domain.conditions import PLAIN as PLAIN_TERMS
from bastion.domain.conditions import Condition, Terms
from bastion.domain.conditions import checked as checked_terms
from bastion.domain.machine import step
from bastion.domain.timebox import TimeBox
from bastion.domain.work_plan import PLAIN, WorkPlan
from bastion.errors import AlreadyAgreed, IllegalTransition, SelfApproval


class InterventionKind(StrEnum):
    """Three kinds with different rules (PGSSI-S 6.1): look, change, or help somebody at the device."""

    TELEDIAGNOSTIC = "telediagnostic"
    TELEMAINTENANCE = "telemaintenance"
    TELEASSISTANCE = "teleassistance"


class RequestState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"  # derived from the clock, never stored


class RequestEvent(StrEnum):
    APPROVE = "approve"
    DENY = "deny"
    WITHDRAW = "withdraw"


P = RequestState
TABLE = MappingProxyType(
    {
        P.PENDING: {
            RequestEvent.APPROVE: frozenset({P.PENDING, P.APPROVED}),
            RequestEvent.DENY: frozenset({P.DENIED}),
            RequestEvent.WITHDRAW: frozenset({P.WITHDRAWN}),
        },
        P.APPROVED: {},
        P.DENIED: {},
        P.WITHDRAWN: {},
        P.EXPIRED: {},
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts on a request; `company` is a supplier id, or empty for hospital staff."""

    id: str
    name: str
    company: str = ""
    for_id: str = ""
    for_name: str = ""
    """In whose name he acts, by a delegation."""

    @property
    def voices(self) -> frozenset[str]:
        return frozenset({self.id, self.for_id} - {""})


@dataclass(frozen=True, slots=True)
class Approval:
    staff_id: str
    staff_name: str
    at: datetime
    duration: timedelta
    note: str = ""
    terms: Terms = PLAIN_TERMS
    for_id: str = ""
    for_name: str = ""
    """Whose approving it was, if not his own: a delegation."""

    @property
    def voices(self) -> frozenset[str]:
        """Lender and stand-in are one voice, which never counts twice."""
        return frozenset({self.staff_id, self.for_id} - {""})


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """`quorum` and `max_duration` are the policy's obligations at the time of asking (what waits may need
    more people by now: `services.waiting.under_rules`); `wanted` is what was asked.
    """

    id: str
    technician_id: str
    technician_name: str
    supplier_id: str
    device_id: str
    facility_id: str
    account_id: str
    kind: InterventionKind
    reason: str
    work_order: str
    wanted: timedelta
    created_at: datetime
    expires_at: datetime
    created_by: Person
    quorum: int
    max_duration: timedelta
    policy_hash: str
    policy_ids: tuple[str, ...]
    source: str = ""
    start: datetime | None = None
    extends_grant_id: str = ""
    notice_accepted_at: datetime | None = None
    stored_state: RequestState = P.PENDING
    approvals: tuple[Approval, ...] = ()
    decided_at: datetime | None = None
    decided_by: str = ""
    decision_note: str = ""
    grant_id: str = ""
    announced: tuple[AnnouncedFile, ...] = ()
    """Files the supplier will bring, with the hashes they must have (R-42)."""
    plan: WorkPlan = PLAIN
    template_id: str = ""
    """What it was made from, if from what is usual for the model."""
    batch_id: str = ""
    """Shared by requests that were made at once, for several devices."""
    first_id: str = ""
    """The request by which the work began, of one for more time or to take over; empty for that one itself."""
    earlier_askers: frozenset[str] = frozenset()
    """Who asked for the work so far: none of them agrees to more of it (R-23)."""
    version: int = field(default=1)

    @property
    def ref(self) -> str:
        """The short name people say on the telephone."""
        return self.id[-8:].upper()

    @property
    def work_id(self) -> str:
        """The request by which the work began that this one belongs to."""
        return self.first_id or self.id

    @property
    def askers(self) -> frozenset[str]:
        return self.earlier_askers | {self.created_by.id}

    @property
    def involved(self) -> frozenset[str]:
        """Who decides on nothing here: whoever asked, and for whom it was (R-23)."""
        return self.askers | {self.technician_id}

    @property
    def batch_ref(self) -> str:
        """The common short name of those made at once; empty for one made alone."""
        return self.batch_id[-8:].upper()

    def state(self, now: datetime) -> RequestState:
        if self.stored_state is P.PENDING and now >= self.expires_at:
            return P.EXPIRED
        return self.stored_state

    @property
    def missing(self) -> int:
        """How many more people must agree."""
        return max(self.quorum - len(self.approvals), 0)

    @property
    def agreed(self) -> timedelta:
        """What everyone agreed to: the shortest of what was asked, allowed and approved."""
        return min([self.wanted, self.max_duration, *(a.duration for a in self.approvals)])

    @property
    def conditions(self) -> frozenset[Condition]:
        """What anybody who agreed demands."""
        return frozenset(one for approval in self.approvals for one in approval.terms.conditions)

    @property
    def begins(self) -> datetime | None:
        """The latest start that anybody asked for or agreed to; `None`: as soon as it is agreed."""
        moments = [self.start, *(approval.terms.start for approval in self.approvals)]
        return max((moment for moment in moments if moment is not None), default=None)

    def box(self, now: datetime) -> TimeBox:
        """When the work may be done if it is agreed to now: what was planned gives way to no later hour by itself, so
        that a late answer leaves what is left of it. Raises `IllegalTransition` when nothing is.
        """
        planned = self.begins
        if planned is None or planned > now:
            start = planned or now
            return TimeBox(start, start + self.agreed)
        end = min(now + self.agreed, planned + self.wanted)
        if end <= now:
            raise IllegalTransition(f"{RequestEvent.APPROVE} on request {self.id}", state=P.EXPIRED.value)
        return TimeBox(now, end)

    @property
    def put_off(self) -> bool:
        """Whether somebody agreed from a later moment on only: then nothing begins before it."""
        return any(approval.terms.start is not None for approval in self.approvals)

    def approve(
        self, by: Person, duration: timedelta, note: str, now: datetime, terms: Terms = PLAIN_TERMS
    ) -> "AccessRequest":
        """Add one person's agreement; the state is APPROVED once the quorum is reached."""
        self.refuse_agreement(by, now)
        said = checked_terms(terms, self.start, now, extends=bool(self.extends_grant_id))
        approvals = (*self.approvals, Approval(by.id, by.name, now, duration, note, said, by.for_id, by.for_name))
        done = len(approvals) >= self.quorum
        agreed = replace(self, approvals=approvals)
        return replace(
            agreed,
            expires_at=max(self.expires_at, agreed.begins + self.wanted)
            if said.start and agreed.begins
            else self.expires_at,
            stored_state=P.APPROVED if done else P.PENDING,
            decided_at=now if done else None,
            decided_by=by.name if done else "",
            decision_note=note if done else "",
        )

    def refuse_agreement(self, by: Person, now: datetime) -> None:
        """Raise what keeps this person from agreeing, whatever he would agree to; nothing when he may."""
        self._may(RequestEvent.APPROVE, now)
        self._not_involved(by)
        if any(a.voices & by.voices for a in self.approvals):
            raise AlreadyAgreed(f"{by.id} on request {self.id}")

    def once_agreed(self, several: int) -> "AccessRequest":
        """As it will stand when so many have agreed, whoever they are: to foresee what the rules say then."""
        someone = Approval("", "", self.created_at, self.wanted)
        return replace(self, approvals=(someone,) * several)

    def deny(self, by: Person, note: str, now: datetime) -> "AccessRequest":
        self._may(RequestEvent.DENY, now)
        self._not_involved(by)
        return replace(self, stored_state=P.DENIED, decided_at=now, decided_by=by.name, decision_note=note)

    def withdraw(self, by: Person, note: str, now: datetime) -> "AccessRequest":
        self._may(RequestEvent.WITHDRAW, now)
        return replace(self, stored_state=P.WITHDRAWN, decided_at=now, decided_by=by.name, decision_note=note)

    def _may(self, event: RequestEvent, now: datetime) -> None:
        state = self.state(now)
        try:
            step(TABLE, state, event)
        except IllegalTransition:
            raise IllegalTransition(f"{event} on request {self.id}", state=state.value) from None

    def _not_involved(self, by: Person) -> None:
        """Whoever asked for any part of the work, and anyone of his company, never decides (R-23)."""
        if by.voices & self.involved or (by.company and by.company == self.supplier_id):
            raise SelfApproval(f"{by.id} on request {self.id}")
