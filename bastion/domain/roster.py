"""A supplier confirms its list of people each quarter; whom it does not confirm is suspended after a grace (R-18).

What is kept of a person is until when he is confirmed and from when he is suspended: both are set at the confirmation,
by the settings of that day, so that nobody's date moves under his feet.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bastion.domain.ids import made_at
from bastion.errors import Phrase

EVERY: Final = timedelta(days=92)
GRACE: Final = timedelta(days=14)
NOTICE: Final = timedelta(days=14)
"""So long before it is due a supplier is reminded of the next confirmation."""
UNCONFIRMED: Final = Phrase("the supplier has not confirmed that this person still works for it.")


class RosterState(StrEnum):
    CONFIRMED = "confirmed"
    OVERDUE = "overdue"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How long a confirmation holds, and how long after that people may still work."""

    every: timedelta = EVERY
    grace: timedelta = GRACE

    def from_(self, at: datetime) -> tuple[datetime, datetime]:
        return at + self.every, at + self.every + self.grace


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Until when a person counts as confirmed. `by` and `reference` say who said so, and where it is filed."""

    technician_id: str
    at: datetime
    due_at: datetime
    suspended_at: datetime
    by: str
    reference: str

    def state(self, now: datetime) -> RosterState:
        if now >= self.suspended_at:
            return RosterState.SUSPENDED
        return RosterState.OVERDUE if now >= self.due_at else RosterState.CONFIRMED

    def wanted(self, now: datetime) -> bool:
        """Whether the supplier's next word for this person is due soon, or late."""
        return now >= self.due_at - NOTICE


def enrolled(technician_id: str) -> Confirmed:
    """Somebody nobody has confirmed yet counts as confirmed when he was registered, which his id tells.

    An id that tells nothing is of nobody we registered: suspended.
    """
    at = made_at(technician_id)
    return Confirmed(technician_id, at, at + EVERY, at + EVERY + GRACE, "", "")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A supplier's word about its list: whom it confirmed, and how many others there were."""

    id: str
    supplier_id: str
    at: datetime
    by: str
    reference: str
    people: tuple[str, ...]
    left_out: int
