"""The fields in which a form says what the work touches, of a request or of a usual one (R-25, R-38, R-43)."""

from collections.abc import Mapping

from pydantic import BaseModel

from bastion.domain.work_plan import PatientData, Question, Usable, WorkPlan
from web import fields

SOME = "some"
"""Chosen by whoever says in words what stays usable."""


class PlanFields(BaseModel):
    """As they were typed: every field is text. What was chosen nowhere is not said, so nothing is said by default."""

    usable: str = ""
    keeps: str = ""
    procedure: str = ""
    patient_data: str = ""
    professional: str = ""
    patient_why: str = ""
    software_change: str = ""
    backup_place: str = ""
    rollback: str = ""

    def work(self) -> WorkPlan:
        data, software = self.patient_data, self.software_change
        answered = {Question.PATIENT_DATA: bool(data), Question.SOFTWARE_CHANGE: software in {"yes", "no"}}
        return WorkPlan(
            keeps=self.usable if self.usable in {*Usable} else self.keeps, procedure=self.procedure,
            patient_data=fields.choice(data, PatientData, "patient_data") if data else PatientData.NONE,
            professional=self.professional, patient_why=self.patient_why, software_change=software == "yes",
            backup_place=self.backup_place, rollback=self.rollback,
            said=frozenset(question for question, said in answered.items() if said),
        )  # fmt: skip


def chosen(said: Mapping[str, str]) -> str:
    """Which choice of what stays usable stands in a form: what was chosen, or what the text in it amounts to."""
    usable, keeps = said.get("usable", ""), said.get("keeps", "").strip()
    return usable or (keeps if keeps in {*Usable} else SOME if keeps else "")


def in_words(said: Mapping[str, str]) -> str:
    """What is said in words of what stays usable; nothing where it was said by a choice."""
    keeps = said.get("keeps", "")
    return "" if keeps.strip() in {*Usable} else keeps


def filled(said: Mapping[str, str], plan: WorkPlan) -> dict[str, str]:
    """What stands in a form once a usual plan has filled it in: what that leaves open stays as it was."""
    usual = {"procedure": plan.procedure, "patient_why": plan.patient_why, "rollback": plan.rollback}
    if plan.keeps:
        usual |= {"keeps": plan.keeps, "usable": ""}
    if plan.patients is not None:
        usual["patient_data"] = plan.patients.value
    if plan.software is not None:
        usual["software_change"] = "yes" if plan.software else "no"
    kept = {name: getattr(plan, name) or said.get(name, "") for name in ("professional", "backup_place")}
    return {**usual, **kept}
