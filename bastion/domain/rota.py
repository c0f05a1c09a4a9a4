"""Who is on call (astreinte): a person for a hospital, or some ward of it, from one instant to another.

Being on call gives no right. It says who is told first, and in what order the others are.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bastion.domain.parties import ward_key
from bastion.domain.stretch import check_stretch
from bastion.errors import Conflict, IllegalTransition, Invalid

LONGEST: Final = timedelta(days=31)
LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Shift:
    """`line` 1 is told first, 2 when the first does not answer. An empty `ward` is the whole hospital."""

    id: str
    facility_id: str
    ward: str
    staff_id: str
    starts: datetime
    ends: datetime
    line: int
    created_by: str
    created_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""

    def stands(self, now: datetime) -> bool:
        return self.withdrawn_at is None and self.starts <= now < self.ends

    def concerns(self, ward: str) -> bool:
        return not self.ward or ward_key(self.ward) == ward_key(ward)

    def meets(self, other: "Shift") -> bool:
        """Whether both are the same line of the same place for some time."""
        place = (self.facility_id, ward_key(self.ward), self.line)
        same = place == (other.facility_id, ward_key(other.ward), other.line)
        stand = self.withdrawn_at is None and other.withdrawn_at is None
        return same and stand and self.starts < other.ends and other.starts < self.ends

    def withdraw(self, by: str, now: datetime) -> "Shift":
        if self.withdrawn_at is not None:
            raise IllegalTransition(f"shift {self.id}", state="withdrawn")
        return replace(self, withdrawn_at=now, withdrawn_by=by)


def checked(shift: Shift, others: Iterable[Shift], now: datetime) -> Shift:
    """Return `shift`, or raise `Invalid`; `Conflict` where somebody is on call at that time already."""
    check_stretch(shift.starts, shift.ends, now, LONGEST)
    if shift.line not in range(1, LINES + 1):
        raise Invalid("line", field="line", sentence="Lines run from 1 to {last}.", last=LINES)
    if any(shift.meets(other) for other in others):
        raise Conflict(
            shift.id,
            sentence="Somebody is on call there at that time already. Withdraw that entry, or use another line.",
        )
    return shift


def in_order(shifts: Iterable[Shift], ward: str, now: datetime) -> tuple[Shift, ...]:
    """Who is on call now for a device of this ward: line by line, on each the ward's own before the hospital's."""
    standing = [one for one in shifts if one.stands(now) and one.concerns(ward)]
    return tuple(sorted(standing, key=lambda one: (one.line, not one.ward, one.starts, one.id)))
