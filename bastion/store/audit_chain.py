"""How one audit event is bound to the next, and how a chain is judged. Pure."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC

from bastion.domain.events import AuditEvent

GENESIS = "0" * 64
_BOUND = tuple(field.name for field in fields(AuditEvent) if field.name != "digest")
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain: its number, and its digest in hex. Number 0 is before the first event."""

    seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """`broken_at` is the number of the first event that cannot be trusted, `None` when all can."""

    ok: bool
    count: int
    broken_at: int | None = None
    why: str = ""


def canonical(event: AuditEvent) -> bytes:
    """Every field but the digest, as JSON with sorted names and no spaces, in UTF-8; the instant in UTC with
    microseconds. Anybody can recompute a chain from an export with this rule alone.
    """
    facts = {name: getattr(event, name) for name in _BOUND}
    facts["at"] = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    return _ENCODER.encode(facts).encode()


def linked(event: AuditEvent) -> AuditEvent:
    """The event with its digest."""
    return replace(event, digest=hashlib.sha256(canonical(event)).hexdigest())


class Inspector:
    """Sees the events of a chain in order of their numbers and says where it breaks first."""

    def __init__(self, head: Head, known: Head | None = None) -> None:
        self._head, self._known = head, known
        self._last = Head(0, GENESIS)
        self._count = 0
        self.verdict: AuditVerdict | None = None

    def see_all(self, events: Iterable[AuditEvent]) -> None:
        for event in events:
            self.see(event)

    def see(self, event: AuditEvent) -> None:
        if self.verdict is not None:
            return
        why = self._objection(event)
        if why:
            self.verdict = AuditVerdict(ok=False, count=self._count, broken_at=self._last.seq + 1, why=why)
            return
        self._last = Head(event.seq, event.digest)
        self._count += 1

    def finish(self) -> AuditVerdict:
        """After the last event: the chain must end where the head row says, and reach what is known from elsewhere."""
        if self.verdict is not None:
            return self.verdict
        why = ""
        if self._last != self._head:
            why = f"the chain ends at {self._last.seq}, the head row says {self._head.seq}"
        elif self._known is not None and self._known.seq > self._last.seq:
            why = f"the chain ends at {self._last.seq} but reached {self._known.seq} when its head was noted"
        broken_at = self._last.seq + 1 if why else None
        return AuditVerdict(ok=not why, count=self._count, broken_at=broken_at, why=why)

    def _objection(self, event: AuditEvent) -> str:
        expected = self._last.seq + 1
        if event.seq > self._head.seq:
            return f"event {event.seq} stands beyond the head"
        if event.seq != expected:
            return f"event {expected} is missing, {event.seq} follows"
        if event.previous != self._last.digest:
            return f"event {event.seq} does not follow event {self._last.seq}"
        if linked(event).digest != event.digest:
            return f"event {event.seq} was changed"
        if self._known is not None and self._known.seq == event.seq and self._known.digest != event.digest:
            return f"event {event.seq} is not the one whose digest was noted"
        return ""
