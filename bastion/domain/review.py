"""Reviews of access rights: a campaign lists them, reviewers confirm or withdraw each, by a day (R-19).

What nobody confirmed by then is suspended, by the clock alone; a late confirmation lifts that. Of several campaigns the
latest one that has said something about a right is the one that counts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bastion.domain.parties import Role
from bastion.errors import Invalid, Phrase

LONGEST: Final = timedelta(days=183)
"""Rights are reviewed twice a year at least, so no review may take longer than that."""
UNREVIEWED: Final = Phrase("the hospital's review of access rights has not confirmed this access.")


class RightKind(StrEnum):
    STAFF = "staff"  # a role of somebody of the hospital
    TECHNICIAN = "technician"  # somebody of a supplier
    WINDOW = "window"  # a maintenance window whose agreement stands for requests


class Verdict(StrEnum):
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


class LineState(StrEnum):
    """Derived from what was decided and the clock; never stored."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"


REVIEWERS: Final = {
    RightKind.STAFF: frozenset({Role.SECURITY, Role.ADMIN}),
    RightKind.TECHNICIAN: frozenset({Role.SECURITY, Role.APPROVER}),
    RightKind.WINDOW: frozenset({Role.SECURITY, Role.APPROVER}),
}
"""Who may decide on what; on his own rights nobody does."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """`facilities` are ids, or `EVERYWHERE` alone. Without lines that are open it is done."""

    id: str
    name: str
    facilities: tuple[str, ...]
    due_at: datetime
    created_by: str
    created_at: datetime

    def due(self, now: datetime) -> bool:
        return self.due_at <= now


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One right: `subject_id` has it, `right` says which (a role, or nothing more to say). `name` and `company` are as
    they were when the campaign began.
    """

    id: str
    campaign_id: str
    kind: RightKind
    subject_id: str
    right: str
    name: str
    company: str
    verdict: Verdict | None = None
    decided_at: datetime | None = None
    decided_by: str = ""
    note: str = ""

    def state(self, due_at: datetime, now: datetime) -> LineState:
        if self.verdict is not None:
            return LineState(self.verdict.value)
        return LineState.SUSPENDED if due_at <= now else LineState.OPEN


def checked(campaign: Campaign) -> Campaign:
    if not campaign.created_at < campaign.due_at <= campaign.created_at + LONGEST:
        raise Invalid("due_at", field="due_at", sentence="A review is due after today, and within half a year.")
    return campaign
