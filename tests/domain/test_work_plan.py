"""R-25, R-38, R-43: what a request must say of the work before it is one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.work_plan import PLAIN, UNSAID, PatientData, Question, Usable, WorkPlan, checked
from bastion.errors import Invalid

NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
PATIENTS = replace(PLAIN, patient_data=PatientData.NEEDED, professional="Dr Vasseur", patient_why="open a real plan")
SOFTWARE = replace(
    PLAIN, software_change=True, backup_at=NOW - timedelta(hours=1), backup_place="NAS", rollback="restore the image"
)


def look(plan: WorkPlan, **more: bool) -> WorkPlan:
    return checked(plan, NOW, may_change=more.get("may_change", True))


def field_of(plan: WorkPlan, **more: bool) -> str:
    with pytest.raises(Invalid) as refused:
        look(plan, **more)
    return refused.value.field


def test_work_that_touches_nothing_has_nothing_to_say():
    assert look(PLAIN) == PLAIN
    assert PLAIN.ready(NOW)


@pytest.mark.parametrize("name", ["professional", "patient_why"])
def test_R38_needed_patient_data_wants_somebody_who_answers_and_a_reason(name):
    assert look(PATIENTS) == PATIENTS
    assert field_of(replace(PATIENTS, **{name: " x "})) == name


@pytest.mark.parametrize("data", [PatientData.NONE, PatientData.VISIBLE])
def test_what_a_no_makes_pointless_is_not_kept(data):
    assert look(replace(PATIENTS, patient_data=data)) == replace(PLAIN, patient_data=data)
    assert look(replace(SOFTWARE, software_change=False)) == PLAIN


def test_R25_nothing_said_is_no_no_and_a_yes_says_itself():
    assert (UNSAID.patients, UNSAID.software) == (None, None)
    assert (PLAIN.patients, PLAIN.software) == (PatientData.NONE, False)
    said = WorkPlan(patient_data=PatientData.NEEDED, software_change=True)
    assert (said.patients, said.software) == (PatientData.NEEDED, True)


@pytest.mark.parametrize(("lack", "field"), [
    ({"keeps": ""}, "keeps"), ({"keeps": " x "}, "keeps"),
    ({"said": frozenset({Question.SOFTWARE_CHANGE})}, "patient_data"),
    ({"said": frozenset({Question.PATIENT_DATA})}, "software_change"),
])  # fmt: skip
def test_R25_nobody_asks_without_having_said_what_the_work_takes_and_meets(lack, field):
    assert field_of(replace(PLAIN, **lack)) == field
    assert field_of(UNSAID) == "keeps"


@pytest.mark.parametrize("said", ["everything", " Nothing ", "NOTHING"])
def test_R25_a_short_answer_is_one_word_in_every_language(said):
    assert look(replace(PLAIN, keeps=said)).keeps in {*Usable}


@pytest.mark.parametrize(("name", "value"), [
    ("backup_at", None), ("backup_at", NOW + timedelta(seconds=1)), ("backup_at", datetime(2026, 11, 29)),  # noqa: DTZ001
    ("backup_place", " "), ("rollback", "no"),
])  # fmt: skip
def test_R43_a_change_of_software_wants_its_backup_and_a_way_back(name, value):
    assert look(SOFTWARE) == SOFTWARE
    assert field_of(replace(SOFTWARE, **{name: value})) == name


def test_R21_remote_diagnosis_changes_no_software():
    assert field_of(SOFTWARE, may_change=False) == "software_change"
    assert look(PATIENTS, may_change=False) == PATIENTS


@pytest.mark.parametrize("lack", [{"backup_at": None}, {"backup_place": ""}, {"rollback": ""}])
def test_R43_the_work_may_begin_once_the_backup_is_there(lack):
    assert SOFTWARE.ready(NOW)
    assert not replace(SOFTWARE, backup_at=NOW + timedelta(minutes=1)).ready(NOW)
    assert not replace(SOFTWARE, **lack).ready(NOW)


@pytest.mark.parametrize("name", ["keeps", "procedure", "patient_why", "rollback", "professional", "backup_place"])
def test_no_text_runs_on_for_ever(name):
    whole = replace(PATIENTS, **{n: getattr(SOFTWARE, n) for n in ("software_change", "backup_at", "backup_place")})
    assert field_of(replace(whole, **({"rollback": "restore it"} | {name: "x" * 2001}))) == name


def test_people_are_named_once_and_are_few():
    assert look(replace(PLAIN, people=(" Jeanne Roy ", "", "Marc", "Marc"))).people == ("Jeanne Roy", "Marc")
    assert field_of(WorkPlan(people=tuple(f"Person {n}" for n in range(21)))) == "people"
    assert field_of(WorkPlan(people=("x" * 201,))) == "people"
