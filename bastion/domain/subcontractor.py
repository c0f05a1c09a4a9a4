"""A company that works for a supplier: declared first, and allowed once the hospital had 21 days to object (R-46).

Silence allows, an objection forbids. Only facts are kept; what they mean depends on the instant one asks.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bastion.errors import IllegalTransition, Phrase

TIME_TO_OBJECT: Final = timedelta(days=21)


class SubcontractorState(StrEnum):
    """Derived from stored facts and the clock; never stored."""

    WAITING = "waiting"
    ALLOWED = "allowed"
    OBJECTED = "objected"
    ENDED = "ended"


WHY_NOT: Final = {
    SubcontractorState.WAITING: "the employer {employer} is a subcontractor the hospital may object to until {day}.",
    SubcontractorState.OBJECTED: "the hospital has objected to the employer, the subcontractor {employer}.",
    SubcontractorState.ENDED: "the employer {employer} is no longer a declared subcontractor of the supplier.",
}
"""Why somebody employed there does not work, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Subcontractor:
    """`registration` is its number in the register of companies (SIREN in France)."""

    id: str
    supplier_id: str
    name: str
    registration: str
    country: str
    declared_by: str
    declared_at: datetime
    objected_at: datetime | None = None
    objected_by: str = ""
    objection: str = ""
    ended_at: datetime | None = None
    ended_by: str = ""

    @property
    def allowed_from(self) -> datetime:
        return self.declared_at + TIME_TO_OBJECT

    def state(self, now: datetime) -> SubcontractorState:
        if self.ended_at is not None:
            return SubcontractorState.ENDED
        if self.objected_at is not None:
            return SubcontractorState.OBJECTED
        return SubcontractorState.WAITING if now < self.allowed_from else SubcontractorState.ALLOWED

    def object(self, by: str, reason: str, now: datetime) -> "Subcontractor":
        """Say no within the time there is for it; afterwards silence has allowed it."""
        self._need(now, SubcontractorState.WAITING)
        return replace(self, objected_at=now, objected_by=by, objection=reason)

    def end(self, by: str, now: datetime) -> "Subcontractor":
        """It works for the supplier no longer."""
        self._need(now, SubcontractorState.WAITING, SubcontractorState.ALLOWED)
        return replace(self, ended_at=now, ended_by=by)

    def why_not(self, now: datetime) -> Phrase | None:
        """Why its people do not work now; `None` when they may."""
        sentence = WHY_NOT.get(self.state(now))
        if sentence is None:
            return None
        return Phrase(sentence, employer=self.name, day=self.allowed_from.date().isoformat())

    def _need(self, now: datetime, *states: SubcontractorState) -> None:
        if self.state(now) not in states:
            raise IllegalTransition(f"subcontractor {self.id}", state=self.state(now).value)
