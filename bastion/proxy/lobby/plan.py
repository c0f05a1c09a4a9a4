"""What a technician says of the work besides why and how long: one number, and questions only where it asks for them.

Everybody says by the number whether software is changed (`4`, R-43), then what stays usable (R-25) and whether patient
data are met (R-38), each with one key where that says it: the approver reads nothing that was not said. A `u` after the
number says that it is an emergency (R-26), a `+` that there is more to say.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from bastion.domain import work_plan
from bastion.domain.access_request import InterventionKind
from bastion.domain.work_plan import ANSWERED, UNSAID, PatientData, Usable, WorkPlan
from bastion.errors import Invalid
from bastion.proxy.lobby import screens
from bastion.proxy.lobby.talk import HELP, Talk
from bastion.proxy.lobby.timing import NO_TIME, age_of, moment, typed_as

SOFTWARE: Final = "4"
URGENT: Final = "u"
MORE: Final = "+"
KEEPS: Final = "What stays usable on the device meanwhile: 1 everything, 2 nothing, or say what: "
AGO: Final = (
    "How long ago was it saved, e.g. 20 min, 2h, 3d; if it is still to be made, its day and hour, e.g. {example} "
    "(Enter for just now): "
)
AGO_AGAIN: Final = (
    "How long ago was it saved, e.g. 20 min, 2h, 3d; if it is still to be made, its day and hour, e.g. {example} "
    "(Enter keeps what you said): "
)
WHO: Final = "Which health professional of the hospital answers for the patient data (number or name): "
NOBODY_LISTED: Final = (
    "Nobody of this hospital is authorised to answer for patient data, so work that needs it cannot be asked for. Call "
    "the hospital: an administrator or the security officer enters who is. Answer 1 or 2 if the work can be done "
    "without."
)
ASK_DATA: Final = "Patient data: 1 none, 2 may be visible, 3 needed for the work: "
DATA: Final = tuple(PatientData)
"""What is answered about patient data, by its number from 1."""
USABLE: Final = {str(number): one.value for number, one in enumerate(Usable, 1)}
"""What a number says of what stays usable."""

NO_NUMBER: Final = "There is no such number in the list."


class Keeping(Protocol):
    """Asks where something may be usual: `needed` until an answer passes `check`, `wished` takes an empty one too.
    What is `settled` is not asked: `needed` returns what was answered.
    """

    async def needed(self, prompt: str, name: str, check: Callable[[str], object]) -> str: ...
    async def wished(self, prompt: str, name: str) -> str: ...
    def settled(self, name: str) -> bool: ...
    @property
    def saved_at(self) -> datetime | None: ...
    @property
    def data(self) -> PatientData | None: ...


Listed = Callable[[], Awaitable[Sequence[str]]]
"""Asks for the names of whoever may answer for patient data on the device."""


@dataclass(frozen=True, slots=True)
class Choice:
    kind: InterventionKind
    software: bool = False
    urgent: bool = False
    more: bool = False
    """He has more to say than most (`more.py`)."""


def chosen(answer: str) -> Choice | None:
    """Read `2`, `4`, `2u`, `2+`, `2u+`; `None` means that the answer is none of them."""
    text = answer.strip().lower()
    number, urgent, more = text.rstrip(f"{URGENT}{MORE} "), URGENT in text, MORE in text
    if number == SOFTWARE:
        return Choice(InterventionKind.TELEMAINTENANCE, software=True, urgent=urgent, more=more)
    if number not in {"1", "2", "3"}:
        return None
    return Choice(screens.KINDS[int(number) - 1], urgent=urgent, more=more)


class PlanQuestions:
    """`keeping` knows what is usual."""

    def __init__(self, talk: Talk, keeping: Keeping, listed: Listed) -> None:
        self._talk = talk
        self._keeping = keeping
        self._listed = listed

    async def plan(self, choice: Choice, now: datetime) -> WorkPlan:
        keeps = await self._usable()
        plan = await self._way_back(now) if choice.software else UNSAID
        return await self._patients(replace(plan, keeps=keeps))

    async def _usable(self) -> str:
        answer = await self._keeping.needed(KEEPS, "keeps", _usable)
        return USABLE.get(answer, answer)

    async def _way_back(self, now: datetime) -> WorkPlan:
        place = await self._said("Where does the backup of its configuration lie: ", "backup_place")
        saved = await self._saved(now)
        rollback = await self._said("How do you go back if it goes wrong: ", "rollback")
        return WorkPlan(software_change=True, backup_at=saved, backup_place=place, rollback=rollback)

    async def _saved(self, now: datetime) -> datetime:
        said, zone = self._keeping.saved_at, self._talk.words.zone
        if said is not None and self._keeping.settled("backup_at"):
            return said
        example = screens.whole(self._talk.words.phrase(typed_as(now, zone, "21:00")))
        prompt = self._talk.words.say(AGO if said is None else AGO_AGAIN).format(example=example)
        while answer := await self._talk.question(prompt):
            if answer == HELP:
                continue
            try:
                when = moment(answer, zone, "backup_at")
            except Invalid as problem:
                self._talk.tell(problem)
                continue
            if when is not None:
                return when
            age = age_of(answer)
            if age is not None:
                return now - age
            self._talk.say(NO_TIME)
        return said or now

    async def _patients(self, plan: WorkPlan) -> WorkPlan:
        said = self._keeping.data if self._keeping.settled("patient_data") else None
        data = said or await self._data()
        while data is PatientData.NEEDED and not (names := await self._listed()):
            self._talk.say(NOBODY_LISTED)
            data = await self._data()
        if data is not PatientData.NEEDED:
            return replace(plan, patient_data=data, said=ANSWERED)
        who = await self._professional(names)
        why = await self._said("Why the work cannot be done without patient data: ", "patient_why")
        return replace(plan, patient_data=data, professional=who, patient_why=why, said=ANSWERED)

    async def _professional(self, names: Sequence[str]) -> str:
        """One of the hospital's list, by number or by name; what is none of them the hospital refuses."""
        if not self._keeping.settled("professional"):
            self._talk.show(screens.professionals(self._talk.words, names, self._talk.cols))
        numbered = {str(number): name for number, name in enumerate(names, 1)}

        def check(answer: str) -> None:
            if answer.isdecimal() and answer not in numbered:
                raise Invalid("professional", field="professional", sentence=NO_NUMBER)
            work_plan.answer(numbered.get(answer, answer), "professional")

        answer = await self._keeping.needed(WHO, "professional", check)
        return numbered.get(answer, answer)

    async def _said(self, prompt: str, name: str) -> str:
        return await self._keeping.needed(prompt, name, partial(work_plan.answer, name=name))

    async def _data(self) -> PatientData:
        while (answer := await self._keeping.wished(ASK_DATA, "patient_data")) not in {"1", "2", "3"}:
            self._talk.say("Please answer 1, 2 or 3.")
        return DATA[int(answer) - 1]


def _usable(answer: str) -> None:
    work_plan.answer(USABLE.get(answer, answer), "keeps")
