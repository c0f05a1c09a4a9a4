"""A file in the release desk: brought or taken, kept aside, checked, and let through or not (R-41, R-42, R-44).

A release covers exactly this one: its content (size and hash), its path, its way, once (T43).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bastion.domain.announced_file import Announced
from bastion.domain.machine import step
from bastion.errors import IllegalTransition, SelfApproval
from policies.model import Sas


class Direction(StrEnum):
    IN = "in"  # to the device
    OUT = "out"  # from the device


class Scan(StrEnum):
    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNED = "unscanned"  # nobody could look: that is no sign of anything good


class FileState(StrEnum):
    ARRIVING = "arriving"
    HELD = "held"
    RELEASED = "released"
    DELIVERED = "delivered"
    REFUSED = "refused"
    BROKEN = "broken"  # it never came whole, or can no longer be delivered
    PURGED = "purged"  # its time was over; derived from the clock until the content is gone, then stored


class FileEvent(StrEnum):
    ARRIVE = "arrive"
    RELEASE = "release"
    REFUSE = "refuse"
    DELIVER = "deliver"
    BREAK = "break"
    PURGE = "purge"


F = FileState
TABLE = MappingProxyType(
    {
        F.ARRIVING: {FileEvent.ARRIVE: frozenset({F.HELD, F.RELEASED}), FileEvent.BREAK: frozenset({F.BROKEN})},
        F.HELD: {
            FileEvent.RELEASE: frozenset({F.RELEASED}),
            FileEvent.REFUSE: frozenset({F.REFUSED}),
            FileEvent.BREAK: frozenset({F.BROKEN}),
            FileEvent.PURGE: frozenset({F.PURGED}),
        },
        F.RELEASED: {
            FileEvent.DELIVER: frozenset({F.DELIVERED}),
            FileEvent.BREAK: frozenset({F.BROKEN}),
            FileEvent.PURGE: frozenset({F.PURGED}),
        },
        F.DELIVERED: {},
        F.REFUSED: {},
        F.BROKEN: {},
        F.PURGED: {},
    }
)
WAITING = frozenset({F.HELD, F.RELEASED})
"""States that run out: what nobody fetched or decided on is purged."""
KEPT = WAITING | {F.ARRIVING}
"""States in which there is content to keep; it is removed in every other."""


@dataclass(frozen=True, slots=True)
class Content:
    """What truly came: so many bytes, with this hash."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Checks:
    """What was found out about a file. `findings` say where something was seen, never what it said (R-44)."""

    scan: Scan = Scan.UNSCANNED
    scan_name: str = ""
    announced: Announced = Announced.NONE
    findings: tuple[str, ...] = ()

    @property
    def nothing_found(self) -> bool:
        return self.scan is Scan.CLEAN and self.announced is not Announced.DIFFERS and not self.findings


@dataclass(frozen=True, slots=True)
class HeldFile:
    r"""`path` is as the device has it; bytes that are no text are spelled `\xff`. `node` is where the content lies.

    `decided_by` is empty for what the rule let through.
    """

    id: str
    session_id: str
    grant_id: str
    request_id: str
    device_id: str
    facility_id: str
    supplier_id: str
    technician_id: str
    technician_name: str
    node: str
    direction: Direction
    path: str
    sas: Sas
    arrived_at: datetime
    expires_at: datetime
    size: int = 0
    sha256: str = ""
    scan: Scan = Scan.UNSCANNED
    scan_name: str = ""
    announced: Announced = Announced.NONE
    findings: tuple[str, ...] = ()
    stored_state: FileState = F.ARRIVING
    decided_at: datetime | None = None
    decided_by: str = ""
    note: str = ""
    delivered_at: datetime | None = None
    version: int = field(default=1)

    @property
    def ref(self) -> str:
        """The short name people say on the telephone."""
        return self.id[-8:].upper()

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def content(self) -> Content:
        return Content(self.size, self.sha256)

    @property
    def checks(self) -> Checks:
        return Checks(self.scan, self.scan_name, self.announced, self.findings)

    def state(self, now: datetime) -> FileState:
        if self.stored_state in WAITING and now >= self.expires_at:
            return F.PURGED
        return self.stored_state

    def arrive(self, content: Content, checks: Checks, now: datetime) -> "HeldFile":
        """It is here, whole and looked at: let it through if the policy leaves that to the rule, else hold it."""
        self._may(FileEvent.ARRIVE, now)
        passes = self.sas is Sas.FREE or (self.sas is Sas.RULE and checks.nothing_found)
        return replace(
            self, size=content.size, sha256=content.sha256, scan=checks.scan, scan_name=checks.scan_name,
            announced=checks.announced, findings=checks.findings,
            stored_state=F.RELEASED if passes else F.HELD, decided_at=now if passes else None,
        )  # fmt: skip

    def release(self, by_id: str, by: str, note: str, now: datetime) -> "HeldFile":
        return self._decide(FileEvent.RELEASE, F.RELEASED, by_id, by, note, now)

    def refuse(self, by_id: str, by: str, note: str, now: datetime) -> "HeldFile":
        return self._decide(FileEvent.REFUSE, F.REFUSED, by_id, by, note, now)

    def deliver(self, now: datetime) -> "HeldFile":
        """It has reached whom it was meant for. There is no second time (T43)."""
        self._may(FileEvent.DELIVER, now)
        return replace(self, stored_state=F.DELIVERED, delivered_at=now)

    def break_off(self, now: datetime) -> "HeldFile":
        self._may(FileEvent.BREAK, now)
        return replace(self, stored_state=F.BROKEN)

    def purge(self) -> "HeldFile":
        """Its time is over; the caller has looked at the clock."""
        step(TABLE, self.stored_state, FileEvent.PURGE)
        return replace(self, stored_state=F.PURGED)

    def _decide(self, event: FileEvent, state: FileState, by_id: str, by: str, note: str, now: datetime) -> "HeldFile":
        self._may(event, now)
        if by_id == self.technician_id:
            raise SelfApproval(f"{by_id} on file {self.id}")
        return replace(self, stored_state=state, decided_at=now, decided_by=by, note=note)

    def _may(self, event: FileEvent, now: datetime) -> None:
        state = self.state(now)
        try:
            step(TABLE, state, event)
        except IllegalTransition:
            raise IllegalTransition(f"{event} on file {self.id}", state=state.value) from None
