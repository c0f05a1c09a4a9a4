"""An emergency: a repair that cannot wait. Somebody called; another person reviews it afterwards (R-26, R-27).

It is a fact beside the request it belongs to, and bears its id. It opens nothing by itself: the request is agreed to
like any other, for the short time that the rules set. What is different is what follows: somebody else looks at it
within some working days; until he has, once that time is over, the supplier asks for no further emergency.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bastion.domain.caller import Likeness, likeness
from bastion.domain.parties import Actor
from bastion.domain.working_days import WorkingDays
from bastion.errors import Conflict, IllegalTransition, Invalid, SelfReview

MAX_NAME: Final = 200
MAX_NOTE: Final = 2000
LEAST_NAME: Final = 3
LEAST_NOTE: Final = 10
SOON: Final = timedelta(hours=1)
"""How far ahead an emergency may begin. What can wait longer is planned, under the rules of all planned work (R-26)."""
CAN_WAIT: Final = (
    "An emergency begins within an hour. What can wait longer is planned work: ask for it without calling it an "
    "emergency."
)

REVIEWED: Final = "This emergency has been reviewed: nothing more of it is agreed to. What cannot wait is a new one."


def refuse_later(start: datetime | None, now: datetime) -> None:
    """Raise `Invalid` for an emergency that would begin (aware UTC; `None`: as soon as agreed) more than `SOON` ahead:
    it would pass by what planned work must fulfil, and its review be due before anything was done.
    """
    if start is not None and start > now + SOON:
        raise Invalid("start", field="start", sentence=CAN_WAIT)


class EmergencyStatus(StrEnum):
    """Derived from stored facts and the clock; never stored."""

    ASKED = "asked"  # nobody has agreed (yet)
    DUE = "due"  # agreed to; to be reviewed
    OVERDUE = "overdue"
    REVIEWED = "reviewed"


class Outcome(StrEnum):
    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"


@dataclass(frozen=True, slots=True)
class Call:
    """Who of the hospital called whom, and where he can be called back."""

    caller: str
    callee: str = ""
    call_back: str = ""

    def checked(self) -> "Call":
        """Without blanks around; raises `Invalid` for what is no call."""
        call = Call(self.caller.strip(), self.callee.strip(), self.call_back.strip())
        if len(call.caller) < LEAST_NAME:
            raise Invalid("caller", field="caller", sentence="Say who of the hospital called about this emergency.")
        for name in ("caller", "callee", "call_back"):
            if len(getattr(call, name)) > MAX_NAME or not getattr(call, name).isprintable():
                raise Invalid(name, field=name, sentence="Give a name or number of 200 plain characters at most.")
        return call


@dataclass(frozen=True, slots=True)
class Emergency:
    """`caller_id` is the member of staff that `caller` names, if it names one."""

    id: str
    supplier_id: str
    device_id: str
    facility_id: str
    caller: str
    callee: str
    call_back: str
    caller_id: str
    created_at: datetime
    agreed_at: datetime | None = None
    agreed_ids: tuple[str, ...] = ()
    agreed_by_caller: bool = False
    review_due_at: datetime | None = None
    reviewed_at: datetime | None = None
    reviewed_by: str = ""
    outcome: str = ""
    review_note: str = ""
    version: int = 1

    @property
    def ref(self) -> str:
        """The request's."""
        return self.id[-8:].upper()

    def status(self, now: datetime) -> EmergencyStatus:
        if self.reviewed_at is not None:
            return EmergencyStatus.REVIEWED
        if self.review_due_at is None:
            return EmergencyStatus.ASKED
        return EmergencyStatus.DUE if now < self.review_due_at else EmergencyStatus.OVERDUE

    def is_caller(self, person_id: str, login: str, name: str) -> bool:
        """Whether this person called: as the register has him, or by the name that was given (R-27)."""
        return person_id == self.caller_id or likeness(self.caller, login, name) is Likeness.FULL

    def may_be_caller(self, login: str, name: str) -> bool:
        """Whether nobody of the register is known to have called, and it may have been this person."""
        return not self.caller_id and likeness(self.caller, login, name) is Likeness.PARTIAL

    def agreed(
        self, by: tuple[str, ...], now: datetime, within: WorkingDays, zone: str, *, by_caller: bool
    ) -> "Emergency":
        """From now on a review is due. It is set once: an extension does not move it."""
        if self.agreed_at is not None:
            return replace(
                self, agreed_ids=tuple(dict.fromkeys((*self.agreed_ids, *by))),
                agreed_by_caller=self.agreed_by_caller or by_caller,
            )  # fmt: skip
        return replace(
            self, agreed_at=now, agreed_ids=by, agreed_by_caller=by_caller,
            review_due_at=within.end(now, zone),
        )  # fmt: skip

    def may_review(self, person_id: str, login: str, name: str, *, askers: Collection[str]) -> bool:
        """Neither who asked for any part of it, nor who agreed, nor who called looks at it afterwards."""
        heard = {*askers, *self.agreed_ids}
        return person_id not in heard and not self.is_caller(person_id, login, name)

    def review(
        self, by: Actor, outcome: Outcome, note: str, version: int, now: datetime, *,
        askers: Collection[str],
    ) -> "Emergency":  # fmt: skip
        """`askers` asked for the work: at first, or for a part of it."""
        if self.status(now) not in {EmergencyStatus.DUE, EmergencyStatus.OVERDUE}:
            raise IllegalTransition(f"emergency {self.id}", state=self.status(now).value)
        if not self.may_review(by.id, by.login, by.name, askers=askers):
            raise SelfReview(f"{by.id} on emergency {self.id}")
        if version != self.version:
            raise Conflict(f"emergency {self.id} is at version {self.version}, not {version}")
        said = note.strip()
        if not LEAST_NOTE <= len(said) <= MAX_NOTE:
            raise Invalid("note", field="note", sentence="Say in a sentence what you have checked and found.")
        return replace(self, reviewed_at=now, reviewed_by=by.name, outcome=outcome.value, review_note=said)


def refuse_reviewed(one: Emergency | None) -> None:
    """Nobody would look at what is added to an emergency after its review, which is signed once (R-26)."""
    if one is not None and one.reviewed_at is not None:
        raise Conflict(f"emergency {one.id} is reviewed", sentence=REVIEWED)
