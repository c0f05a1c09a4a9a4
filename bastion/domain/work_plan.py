"""What a request says about the work besides why and how long: what it touches, who answers, and the way back.

One value, written once with the request (R-25): what stays usable meanwhile, patient data (R-38), a change of software
with its backup and its way back (R-42, R-43), who else takes part.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from bastion.errors import Invalid

LONGEST: Final = 2000
LONGEST_NAME: Final = 200
MOST_PEOPLE: Final = 20
FEWEST: Final = 3
"""Characters below which an answer says nothing."""


class PatientData(StrEnum):
    """Whether the work meets data of patients: not at all, in passing, or because it cannot be done without."""

    NONE = "none"
    VISIBLE = "visible"
    NEEDED = "needed"


class Usable(StrEnum):
    """The short answers to what stays usable on the device meanwhile; any other one is said in words."""

    EVERYTHING = "everything"
    NOTHING = "nothing"


class Question(StrEnum):
    """What is answered by a choice, which a “no” must not stand for: old requests and usual ones may be silent."""

    PATIENT_DATA = "patient_data"
    SOFTWARE_CHANGE = "software_change"


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """What a “no” makes pointless is empty. Nothing said is no “no”: see `patients` and `software`."""

    keeps: str = ""
    """What stays usable on the device meanwhile: one of `Usable`, or in words."""
    procedure: str = ""
    """What is done, step by step; a device model has its usual one."""
    people: tuple[str, ...] = ()
    """Who takes part besides the technician."""
    patient_data: PatientData = PatientData.NONE
    professional: str = ""
    """The health professional of the hospital who answers for the access to patient data."""
    patient_why: str = ""
    software_change: bool = False
    backup_at: datetime | None = None
    backup_place: str = ""
    rollback: str = ""
    said: frozenset[Question] = frozenset()
    """Which questions were answered; a “yes” is an answer in any case."""

    @property
    def patients(self) -> PatientData | None:
        """What was said of patient data; `None` when nothing was."""
        told = Question.PATIENT_DATA in self.said or self.patient_data is not PatientData.NONE
        return self.patient_data if told else None

    @property
    def software(self) -> bool | None:
        """Whether software is changed; `None` when nothing was said of it."""
        return self.software_change if Question.SOFTWARE_CHANGE in self.said or self.software_change else None

    def ready(self, now: datetime) -> bool:
        """Whether the work may begin: software is changed only once a backup is there and a way back is written."""
        return not self.software_change or bool(
            self.backup_at is not None and self.backup_at <= now and self.backup_place and self.rollback
        )


ANSWERED: Final = frozenset(Question)
UNSAID: Final = WorkPlan()
"""Nothing was said yet."""
PLAIN: Final = WorkPlan(keeps=Usable.EVERYTHING.value, said=ANSWERED)
"""Work that is said to keep nobody from the device, and to touch neither patients nor software."""
_ASKS: Final = {
    "keeps": "Say what stays usable on the device meanwhile: everything, nothing, or in a few words what.",
    "professional": "Patient data: name the health professional of the hospital who answers for this access.",
    "patient_why": "Patient data: say why the work cannot be done without.",
    "backup_place": "Software change: say where the backup lies.",
    "rollback": "Software change: say how you go back if it goes wrong.",
}
"""What is said of an answer that says nothing, by its field."""
_MOST: Final = {"professional": LONGEST_NAME, "backup_place": LONGEST_NAME}
LATER: Final = "---"
"""Stands in a usual request for what only a request can say: who answers, where the backup lies."""


def checked(plan: WorkPlan, begins: datetime, *, may_change: bool) -> WorkPlan:
    """Return the plan, tidied; raise `Invalid` for what is missing (R-25): nobody asks without having said it.

    `begins` is the earliest start of the work, `may_change` whether its kind allows changes at all (R-21).
    """
    tidy = _tidied(plan)
    for name in ("keeps", "procedure", "patient_why", "rollback", "professional", "backup_place"):
        bounded(getattr(tidy, name), name, _MOST.get(name, LONGEST))
    _all_said(tidy)
    _patients_cared_for(tidy)
    _way_back(tidy, begins, may_change=may_change)
    return tidy


def _tidied(plan: WorkPlan) -> WorkPlan:
    texts = ("keeps", "procedure", "professional", "patient_why", "backup_place", "rollback")
    tidy = replace(plan, people=people(plan.people), **{name: getattr(plan, name).strip() for name in texts})
    if tidy.keeps.casefold() in {*Usable}:
        tidy = replace(tidy, keeps=tidy.keeps.casefold())
    if tidy.patient_data is not PatientData.NEEDED:
        tidy = replace(tidy, professional="", patient_why="")
    if not tidy.software_change:
        tidy = replace(tidy, backup_at=None, backup_place="", rollback="")
    return tidy


def people(said: Iterable[str]) -> tuple[str, ...]:
    """Return each name once, tidied; `Invalid` for one that is too long, and for too many."""
    names = tuple(dict.fromkeys(name.strip() for name in said if name.strip()))
    if len(names) > MOST_PEOPLE:
        raise Invalid("people", field="people", sentence="Name {limit} people at most.", limit=MOST_PEOPLE)
    for name in names:
        bounded(name, "people", LONGEST_NAME)
    return names


def bounded(text: str, name: str, limit: int) -> None:
    """Raise `Invalid`, in the `name` of the field, for a text of more characters than `limit`."""
    if len(text) > limit:
        raise Invalid(name, field=name, sentence="This text is too long: {limit} characters at most.", limit=limit)


def answer(text: str, name: str) -> str:
    """Return what is said of the field `name`, without blanks around; `Invalid` for too little and for too much."""
    said = text.strip()
    bounded(said, name, _MOST.get(name, LONGEST))
    if len(said) < (1 if name == "backup_place" else FEWEST):
        raise Invalid(name, field=name, sentence=_ASKS[name])
    return said


def _all_said(plan: WorkPlan) -> None:
    """Whoever decides must know what the work takes from the ward and what it meets: silence is no answer (R-25)."""
    answer(plan.keeps, "keeps")
    if plan.patients is None:
        raise Invalid(
            "patient_data", field="patient_data",
            sentence="Say whether the work meets patient data: none, maybe visible, or needed.",
        )  # fmt: skip
    if plan.software is None:
        raise Invalid(
            "software_change", field="software_change", sentence="Say whether software is changed: no or yes.",
        )  # fmt: skip


def _patients_cared_for(plan: WorkPlan) -> None:
    """Technical access to patient data has a reason and somebody of the hospital who answers for it (R-38)."""
    if plan.patient_data is not PatientData.NEEDED:
        return
    answer(plan.professional, "professional")
    answer(plan.patient_why, "patient_why")


def _way_back(plan: WorkPlan, begins: datetime, *, may_change: bool) -> None:
    """Nobody changes software without a backup and a plan for when it goes wrong (R-42, R-43)."""
    if not plan.software_change:
        return
    if not may_change:
        raise Invalid(
            "software_change", field="software_change",
            sentence="Remote diagnosis changes nothing. Choose remote maintenance to change software.",
        )  # fmt: skip
    if plan.backup_at is None or plan.backup_at.tzinfo is None:
        raise Invalid(
            "backup_at", field="backup_at",
            sentence="Software change: say when the configuration was saved, or will be before the work begins.",
        )  # fmt: skip
    if plan.backup_at > begins:
        raise Invalid(
            "backup_at", field="backup_at", sentence="The backup must be there before the work begins.",
        )  # fmt: skip
    answer(plan.backup_place, "backup_place")
    answer(plan.rollback, "rollback")
