"""Whom a fact is told, and how often one tries: what people and programs outside hear of, and what becomes of it.

What is told is a consequence of what stands in the audit trail (`TOLD`); the words carry codes and names of the
registers, never what somebody typed: no reason, no note, no path of a file, so no patient and no secret either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bastion.domain.events import AuditEvent
from bastion.domain.parties import Role

STALE: Final = timedelta(days=1)
"""What nobody told within a day (no console ran) is not told any more: the pages show it anyway."""
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(hours=1)
MOST_ATTEMPTS: Final = 12
"""With these pauses: about five hours."""


class Topic(StrEnum):
    REQUEST_WAITING = "request_waiting"
    EMERGENCY_WAITING = "emergency_waiting"
    REQUEST_UNANSWERED = "request_unanswered"
    REQUEST_DECIDED = "request_decided"
    REQUEST_WITHDRAWN = "request_withdrawn"
    GRANT_REVOKED = "grant_revoked"
    GRANT_GIVEN_BACK = "grant_given_back"
    GRANT_UNANSWERED = "grant_unanswered"
    QUESTION_ASKED = "question_asked"
    QUESTION_ANSWERED = "question_answered"
    REVIEW_DUE = "review_due"
    REVIEW_OVERDUE = "review_overdue"
    REPORT_DUE = "report_due"
    REPORT_OVERDUE = "report_overdue"
    REPORT_WRITTEN = "report_written"
    WINDOW_WAITING = "window_waiting"
    WINDOW_ENDED = "window_ended"
    RIGHTS_DUE = "rights_due"
    FILE_HELD = "file_held"
    SESSION_BEGUN = "session_begun"
    SESSION_ENDED = "session_ended"
    PAPER_ENDING = "paper_ending"
    ROSTER_OVERDUE = "roster_overdue"
    SUBCONTRACTOR_DECLARED = "subcontractor_declared"
    TECHNICIAN_INVITED = "technician_invited"
    TECHNICIAN_ENROLLED = "technician_enrolled"
    ADDRESS_CHANGED = "address_changed"
    ACCESS_CUT = "access_cut"
    DEVICE_CHANGED = "device_changed"
    RECORDING_TROUBLE = "recording_trouble"
    DIGEST = "digest"


TOLD: Final[Mapping[str, Topic]] = MappingProxyType(
    {
        "request:created": Topic.REQUEST_WAITING,
        "request:approved": Topic.REQUEST_DECIDED,
        "request:denied": Topic.REQUEST_DECIDED,
        "request:expired": Topic.REQUEST_DECIDED,
        "request:withdrawn": Topic.REQUEST_WITHDRAWN,
        "grant:revoked": Topic.GRANT_REVOKED,
        "grant:given_back": Topic.GRANT_GIVEN_BACK,
        "grant:unanswered": Topic.GRANT_UNANSWERED,
        "request:question": Topic.QUESTION_ASKED,
        "request:answer": Topic.QUESTION_ANSWERED,
        "emergency:agreed": Topic.REVIEW_DUE,
        "emergency:overdue": Topic.REVIEW_OVERDUE,
        "report:due": Topic.REPORT_DUE,
        "report:overdue": Topic.REPORT_OVERDUE,
        "request:reported": Topic.REPORT_WRITTEN,
        "window:proposed": Topic.WINDOW_WAITING,
        "window:ended": Topic.WINDOW_ENDED,
        "review:started": Topic.RIGHTS_DUE,
        "review:ending": Topic.RIGHTS_DUE,
        "paper:ending": Topic.PAPER_ENDING,
        "roster:overdue": Topic.ROSTER_OVERDUE,
        "subcontractor:declared": Topic.SUBCONTRACTOR_DECLARED,
        "portal:invited": Topic.TECHNICIAN_INVITED,
        "portal:enrolled": Topic.TECHNICIAN_ENROLLED,
        "directory:address_changed": Topic.ADDRESS_CHANGED,
        "file:held": Topic.FILE_HELD,
        "session:opened": Topic.SESSION_BEGUN,
        "session:unwatched": Topic.SESSION_BEGUN,
        "session:closed": Topic.SESSION_ENDED,
        "lock:imposed": Topic.ACCESS_CUT,
        "lock:lifted": Topic.ACCESS_CUT,
        "device:host_key_changed": Topic.DEVICE_CHANGED,
        "recording:failed": Topic.RECORDING_TROUBLE,
        "recording:damaged": Topic.RECORDING_TROUBLE,
    }
)
"""Which event is told as what."""
OPTIONAL: Final[Mapping[Topic, frozenset[Role]]] = MappingProxyType(
    {
        Topic.REQUEST_WAITING: frozenset({Role.APPROVER}),
        Topic.REPORT_DUE: frozenset({Role.APPROVER}),
        Topic.WINDOW_WAITING: frozenset({Role.APPROVER}),
        Topic.FILE_HELD: frozenset({Role.APPROVER}),
        Topic.SESSION_BEGUN: frozenset({Role.APPROVER}),
        Topic.SESSION_ENDED: frozenset({Role.APPROVER}),
        Topic.PAPER_ENDING: frozenset({Role.ADMIN}),
        Topic.ROSTER_OVERDUE: frozenset({Role.ADMIN}),
        Topic.SUBCONTRACTOR_DECLARED: frozenset({Role.APPROVER}),
        Topic.TECHNICIAN_INVITED: frozenset({Role.ADMIN}),
        Topic.DIGEST: frozenset({Role.ADMIN, Role.SECURITY}),
    }
)
"""What a person of these duties may decline by mail. The rest is an alarm, or the answer to what he asked himself."""
_TOGETHER: Final[Mapping[Topic, timedelta]] = MappingProxyType(
    {
        Topic.FILE_HELD: timedelta(minutes=10),
        Topic.DEVICE_CHANGED: timedelta(hours=1),
        Topic.RECORDING_TROUBLE: timedelta(hours=1),
    }
)
"""What may come in heaps is told once in so long."""
ONCE_EACH: Final = frozenset(
    {Topic.REQUEST_WAITING, Topic.EMERGENCY_WAITING, Topic.REVIEW_DUE, Topic.REVIEW_OVERDUE, Topic.WINDOW_WAITING}
)
"""Told once of each thing, however often the trail says so: an extension does not make a second review."""
OF_ONESELF: Final = frozenset({Topic.TECHNICIAN_INVITED, Topic.TECHNICIAN_ENROLLED, Topic.ADDRESS_CHANGED})
"""Warnings to a person about his own access: they go to the addresses he had until lately as well."""
_WATCH_AGAIN: Final = timedelta(minutes=5)
"""A page that is closed and opened again does not call everybody twice."""


def offered_to(roles: frozenset[Role]) -> tuple[Topic, ...]:
    """What somebody with these duties may be told by mail, or decline."""
    return tuple(topic for topic, concerned in OPTIONAL.items() if roles & concerned)


def topic_of(event: AuditEvent) -> Topic | None:
    """Return as what an event is told; `None` if it is not. After an agreement that needs another one a request or a
    window still waits, for whoever was not asked yet.
    """
    if event.tag == "window:agreed":
        return Topic.WINDOW_WAITING if event.fields.get("missing") != "0" else None
    waits = event.tag == "request:created" or (event.tag == "request:approved" and event.fields.get("missing") != "0")
    if waits:
        return Topic.EMERGENCY_WAITING if event.fields.get("emergency") else Topic.REQUEST_WAITING
    return TOLD.get(event.tag)


def key_of(topic: Topic, event: AuditEvent) -> str:
    """Name the occasion. The same occasion is told each recipient once."""
    if event.tag == "session:unwatched":
        return f"unwatched:{event.subject_id}:{int(event.at.timestamp() // _WATCH_AGAIN.total_seconds())}"
    if topic in ONCE_EACH:
        return f"{topic}:{event.subject_id}"
    together = _TOGETHER.get(topic)
    if together is None:
        return f"{topic}:{event.seq}"
    about = event.fields.get("session") or event.facility_id if topic is Topic.FILE_HELD else event.facility_id
    return f"{topic}:{about}:{int(event.at.timestamp() // together.total_seconds())}"


class Channel(StrEnum):
    MAIL = "mail"
    WEBHOOK = "webhook"


class RecipientKind(StrEnum):
    STAFF = "staff"
    TECHNICIAN = "technician"
    WEBHOOK = "webhook"


class DeliveryState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"  # there was nothing left to tell, or nobody to tell it to


@dataclass(frozen=True, slots=True)
class Recipient:
    kind: RecipientKind
    id: str
    path: str = ""
    """His own way to the page it is about, if it is not everybody's."""
    facility_id: str = ""
    """Of a program: the hospital it listens to, whose administrators see how it went."""

    @property
    def channel(self) -> Channel:
        return Channel.WEBHOOK if self.kind is RecipientKind.WEBHOOK else Channel.MAIL


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of the outbox: the event of this number is yet to be told."""

    seq: int
    topic: Topic
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One recipient of one occasion. `id` stays the same over all attempts, so that a receiver knows it again."""

    id: str
    key: str
    topic: Topic
    recipient_kind: RecipientKind
    recipient_id: str
    facility_id: str
    facts: dict[str, str]
    path: str
    at: datetime
    due_at: datetime
    attempts: int = 0
    state: DeliveryState = DeliveryState.WAITING
    ended_at: datetime | None = None
    trouble: str = ""

    @property
    def channel(self) -> Channel:
        return Recipient(self.recipient_kind, self.recipient_id).channel

    @property
    def to_himself(self) -> bool:
        """Whether it warns its reader about his own access."""
        person = self.facts.get("technician") or self.facts.get("staff")
        return self.topic in OF_ONESELF and self.recipient_id == person

    @property
    def former(self) -> str:
        """Which of his former addresses it is for (`FormerAddress.id`); empty: his address of today."""
        return self.facts.get("former", "")

    def for_former(self, ident: str, of_former: str, now: datetime) -> "Delivery":
        """The same warning to an address its reader had, delivered on its own: none waits for another to be taken."""
        facts = self.facts | {"former": of_former}
        return replace(self, id=ident, key=f"{self.key}:{of_former}", facts=facts, due_at=now, attempts=0, trouble="")

    def attempted(self, now: datetime) -> "Delivery":
        """Count an attempt before it is made: whoever dies over it leaves one that is due again."""
        return replace(self, attempts=self.attempts + 1, due_at=now + pause_after(self.attempts + 1))

    def settled(self, state: DeliveryState, now: datetime, trouble: str = "") -> "Delivery":
        return replace(self, state=state, ended_at=now, trouble=trouble)

    def failed(self, trouble: str, now: datetime) -> "Delivery":
        """Wait for the next attempt; after the last one it stays for an administrator to see."""
        if self.attempts >= MOST_ATTEMPTS:
            return self.settled(DeliveryState.FAILED, now, trouble)
        return replace(self, trouble=trouble)

    def again(self, now: datetime) -> "Delivery":
        return replace(self, state=DeliveryState.WAITING, attempts=0, due_at=now, ended_at=None)


def pause_after(attempts: int) -> timedelta:
    return min(FIRST_PAUSE * (1 << (attempts - 1)), LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that hears of some topics, of one hospital or (`facility_id` empty) of all."""

    id: str
    name: str
    url: str
    topics: frozenset[Topic]
    facility_id: str
    secret_id: str
    created_at: datetime
    created_by: str

    def hears(self, topic: Topic, facility_id: str) -> bool:
        return topic in self.topics and self.facility_id in {"", facility_id}


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person declined to be told by mail."""

    person_id: str
    muted: frozenset[Topic] = field(default_factory=frozenset)
