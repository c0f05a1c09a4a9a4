"""The kill switch: who or what is stopped, by whom, until when (R-64)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LockScope(StrEnum):
    ALL = "all"
    SUPPLIER = "supplier"
    TECHNICIAN = "technician"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Subject:
    """The facts of a session that a lock may name."""

    technician_id: str
    supplier_id: str
    device_id: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """`until` is `None` for a lock that only a person lifts."""

    id: str
    scope: LockScope
    subject_id: str
    reason: str
    imposed_by: str
    imposed_at: datetime
    until: datetime | None = None
    lifted_at: datetime | None = None
    lifted_by: str = ""

    def active(self, now: datetime) -> bool:
        return self.lifted_at is None and (self.until is None or now < self.until)

    def hits(self, subject: Subject) -> bool:
        match self.scope:
            case LockScope.ALL:
                return True
            case LockScope.SUPPLIER:
                return self.subject_id == subject.supplier_id
            case LockScope.TECHNICIAN:
                return self.subject_id == subject.technician_id
            case LockScope.DEVICE:
                return self.subject_id == subject.device_id


def first_hit(locks: list[Lock], subject: Subject, now: datetime) -> Lock | None:
    """Return a lock that stops `subject` at `now`, or `None`."""
    return next((lock for lock in locks if lock.active(now) and lock.hits(subject)), None)
