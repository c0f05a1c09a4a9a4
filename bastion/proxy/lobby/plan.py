"""What a technician says of the work besides why and how long: one number, and questions only where it asks for them.

Most work touches neither patients nor software, and is asked nothing more. `4` is work that changes software, a `p`
after the number says that patient data cannot be done without (R-38, R-43), a `u` that it is an emergency (R-26).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bastion.domain.access_request import InterventionKind
from bastion.domain.work_plan import PLAIN, PatientData, WorkPlan
from bastion.proxy.lobby import screens

SOFTWARE: Final = "4"
PATIENTS: Final = "p"
URGENT: Final = "u"


@dataclass(frozen=True, slots=True)
class Choice:
    kind: InterventionKind
    software: bool = False
    patients: bool = False
    urgent: bool = False


USUAL: Final = Choice(InterventionKind.TELEMAINTENANCE)


def chosen(answer: str) -> Choice | None:
    """Read `2`, `4`, `1p`, `2pu`; nothing means the usual kind, `None` that the answer is none of them."""
    text = answer.strip().lower()
    if not text:
        return USUAL
    number = text.rstrip(f"{PATIENTS}{URGENT} ")
    patients, urgent = PATIENTS in text, URGENT in text
    if number == SOFTWARE:
        return Choice(InterventionKind.TELEMAINTENANCE, software=True, patients=patients, urgent=urgent)
    if number not in {"1", "2", "3"}:
        return None
    return Choice(screens.KINDS[int(number) - 1], patients=patients, urgent=urgent)


class PlanQuestions:
    """`needed` asks until there is an answer, `question` takes an empty one too; `say` corrects."""

    def __init__(
        self, question: Callable[[str], Awaitable[str]], needed: Callable[[str], Awaitable[str]],
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._question = question
        self._needed = needed
        self._say = say

    async def plan(self, choice: Choice, now: datetime) -> WorkPlan:
        plan = await self._way_back(now) if choice.software else PLAIN
        return await self._patients(plan) if choice.patients else plan

    async def _way_back(self, now: datetime) -> WorkPlan:
        keeps = await self._question("What stays usable on the device meanwhile (Enter to leave it open): ")
        place = await self._needed("Where does the backup of its configuration lie: ")
        saved = now - await self._ago()
        rollback = await self._needed("How do you go back if it goes wrong: ")
        return WorkPlan(
            keeps=keeps, software_change=True, backup_at=saved, backup_place=place, rollback=rollback
        )  # fmt: skip

    async def _ago(self) -> timedelta:
        while answer := await self._question("How long ago was it saved, e.g. 20 min, 2h (Enter for just now): "):
            minutes = screens.minutes_of(answer)
            if minutes is not None:
                return timedelta(minutes=minutes)
            self._say("This is not a length of time.")
        return timedelta()

    async def _patients(self, plan: WorkPlan) -> WorkPlan:
        who = await self._needed("Which health professional of the hospital answers for the patient data: ")
        why = await self._needed("Why the work cannot be done without patient data: ")
        return replace(plan, patient_data=PatientData.NEEDED, professional=who, patient_why=why)
