"""What a supplier reports after an intervention, and until when it owes that (R-59, R-40).

It is owed from the end of the first session under an authorisation: a second one puts nothing off. It is written while
none is open. What was written stays; who works again under the
same authorisation adds to it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bastion.errors import Conflict, Invalid

SHORTEST: Final = 3
LONGEST: Final = 4000
LONGEST_TAKEN: Final = 1000
MOST: Final = 20
REMIND_BEFORE: Final = timedelta(days=2)
"""So long before the lack of a report blocks, or half of its term if that is shorter."""
SOON: Final = 1
LATE: Final = 2


class After(StrEnum):
    """In which state the device was left."""

    IN_SERVICE = "in_service"
    LIMITED = "limited"
    OUT_OF_SERVICE = "out_of_service"


@dataclass(frozen=True, slots=True)
class ReportForm:
    """`taken` is what data left the hospital, `erased_by` when the supplier will have erased it."""

    done: str
    after: After
    taken: str = ""
    erased_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One entry; `author_company` is empty when the hospital wrote it down for the supplier."""

    id: str
    request_id: str
    author_id: str
    author_name: str
    author_company: str
    at: datetime
    done: str
    after: After
    taken: str
    erased_by: datetime | None


@dataclass(frozen=True, slots=True)
class ReportDue:
    """Under the id of its request: since when a report is owed, and from when the lack of it blocks its supplier.

    Without `owed_since` nothing is owed; without `due_at` the lack never blocks.
    """

    id: str
    technician_id: str
    supplier_id: str
    facility_id: str
    owed_since: datetime | None
    due_at: datetime | None
    reminders: int = 0
    """What was said about it already: nothing, that it is due `SOON`, that it is `LATE`."""

    def worked_again(self, now: datetime, due_at: datetime | None) -> "ReportDue":
        """Another session has ended. What is owed already is not put off by it."""
        return self if self.owed_since else replace(self, owed_since=now, due_at=due_at)

    def written(self) -> "ReportDue":
        return replace(self, owed_since=None, due_at=None, reminders=0)

    def reminder(self, now: datetime) -> int:
        """What is to be said about it now; 0 when nothing is."""
        if self.owed_since is None or self.due_at is None:
            return 0
        if self.overdue(now):
            return LATE if self.reminders < LATE else 0
        before = min(REMIND_BEFORE, (self.due_at - self.owed_since) / 2)
        return SOON if not self.reminders and self.due_at - before <= now else 0

    def overdue(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at <= now


def checked(form: ReportForm, written: int, now: datetime) -> ReportForm:
    """Return the form, tidied; raise `Invalid` for what is missing, `Conflict` where `written` reports are enough."""
    done, taken = form.done.strip(), form.taken.strip()
    if len(done) < SHORTEST:
        raise Invalid("done", field="done", sentence="Write what was done.")
    for name, text, limit in (("done", done, LONGEST), ("taken", taken, LONGEST_TAKEN)):
        if len(text) > limit:
            raise Invalid(name, field=name, sentence="This text is too long: {limit} characters at most.", limit=limit)
    if taken and (form.erased_by is None or form.erased_by.tzinfo is None):
        raise Invalid("erased_by", field="erased_by", sentence="Data was taken along: say by when it is erased.")
    if taken and form.erased_by is not None and form.erased_by <= now:
        raise Invalid("erased_by", field="erased_by", sentence="Choose a day to come.")
    if written >= MOST:
        raise Conflict("reports", sentence="Enough has been reported on this intervention; call the hospital.")
    return replace(form, done=done, taken=taken, erased_by=form.erased_by if taken else None)
