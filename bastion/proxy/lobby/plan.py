"""What a technician says of the work besides why and how long: one number, and questions only where it asks for them.

Everybody says by the number whether software is changed (`4`, R-43) and then whether patient data are met (R-38): the
approver reads nothing that was not said. A `u` after the number says that it is an emergency (R-26).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from bastion.domain.access_request import InterventionKind
from bastion.domain.work_plan import ANSWERED, PLAIN, PatientData, WorkPlan
from bastion.proxy.lobby import screens

SOFTWARE: Final = "4"
URGENT: Final = "u"
AGO: Final = "How long ago was it saved, e.g. 20 min, 2h (Enter for just now): "
AGO_AGAIN: Final = "How long ago was it saved, e.g. 20 min, 2h (Enter keeps what you said): "
ASK_DATA: Final = "Patient data: 1 none, 2 may be visible, 3 needed for the work: "
DATA: Final = tuple(PatientData)
"""What is answered about patient data, by its number from 1."""


class Keeping(Protocol):
    """Asks where something may be usual: `needed` until there is an answer, `wished` takes an empty one too."""

    async def needed(self, prompt: str, name: str) -> str: ...
    async def wished(self, prompt: str, name: str) -> str: ...
    @property
    def saved_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Choice:
    kind: InterventionKind
    software: bool = False
    urgent: bool = False


USUAL: Final = Choice(InterventionKind.TELEMAINTENANCE)


def chosen(answer: str) -> Choice | None:
    """Read `2`, `4`, `2u`; nothing means the usual kind, `None` that the answer is none of them."""
    text = answer.strip().lower()
    if not text:
        return USUAL
    number, urgent = text.rstrip(f"{URGENT} "), URGENT in text
    if number == SOFTWARE:
        return Choice(InterventionKind.TELEMAINTENANCE, software=True, urgent=urgent)
    if number not in {"1", "2", "3"}:
        return None
    return Choice(screens.KINDS[int(number) - 1], urgent=urgent)


class PlanQuestions:
    """`question` takes an empty answer too, `keeping` knows what is usual; `say` corrects."""

    def __init__(
        self, question: Callable[[str], Awaitable[str]], keeping: Keeping, say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._question = question
        self._keeping = keeping
        self._say = say

    async def plan(self, choice: Choice, now: datetime) -> WorkPlan:
        plan = await self._way_back(now) if choice.software else PLAIN
        return await self._patients(plan)

    async def _way_back(self, now: datetime) -> WorkPlan:
        keeping = self._keeping
        keeps = await keeping.wished("What stays usable on the device meanwhile (Enter to leave it open): ", "keeps")
        place = await keeping.needed("Where does the backup of its configuration lie: ", "backup_place")
        saved = await self._saved(now)
        rollback = await keeping.needed("How do you go back if it goes wrong: ", "rollback")
        return WorkPlan(
            keeps=keeps, software_change=True, backup_at=saved, backup_place=place, rollback=rollback
        )  # fmt: skip

    async def _saved(self, now: datetime) -> datetime:
        said = self._keeping.saved_at
        while answer := await self._question(AGO if said is None else AGO_AGAIN):
            minutes = screens.minutes_of(answer)
            if minutes is not None:
                return now - timedelta(minutes=minutes)
            self._say("This is not a length of time.")
        return said or now

    async def _patients(self, plan: WorkPlan) -> WorkPlan:
        data = await self._data()
        if data is not PatientData.NEEDED:
            return replace(plan, patient_data=data, said=ANSWERED)
        who = await self._keeping.needed(
            "Which health professional of the hospital answers for the patient data: ", "professional"
        )
        why = await self._keeping.needed("Why the work cannot be done without patient data: ", "patient_why")
        return replace(plan, patient_data=data, professional=who, patient_why=why, said=ANSWERED)

    async def _data(self) -> PatientData:
        while (answer := await self._keeping.wished(ASK_DATA, "patient_data")) not in {"1", "2", "3"}:
            self._say("Please answer 1, 2 or 3.")
        return DATA[int(answer) - 1]
