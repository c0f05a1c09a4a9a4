"""R-25: what is usual for a model, where it is offered, and what a request says otherwise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.access_request import InterventionKind
from bastion.domain.device import Device
from bastion.domain.parties import EVERYWHERE
from bastion.domain.request_template import RequestTemplate, checked, model_key
from bastion.domain.work_plan import FEWEST, LONGEST, PatientData, WorkPlan
from bastion.errors import IllegalTransition, Invalid
from tests.store.samples import a_request

NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
ONE = RequestTemplate(
    "t1", "f1", "Maker", "CT 9000", "Update", InterventionKind.TELEMAINTENANCE, "update it", timedelta(hours=1), "e1",
    "Eve", NOW, WorkPlan(software_change=True, rollback="restore the image", people=("X",), backup_at=NOW),
)  # fmt: skip
CT = Device("d1", "ct-01", "Scanner", "f1", frozenset({"s1"}), maker=" MAKER ", model="ct  9000")


def test_case_and_blanks_make_no_other_model_but_every_letter_does():
    assert model_key(" MAKER ", "ct  9000") == ONE.key
    assert model_key("Maker CT", "9000") != model_key("Maker", "CT 9000")


def test_it_is_offered_for_its_model_in_its_hospital_or_in_all():
    assert ONE.fits(CT)
    assert replace(ONE, facility_id=EVERYWHERE).fits(replace(CT, facility_id="f2"))
    assert not ONE.fits(replace(CT, facility_id="f2"))
    assert not ONE.fits(replace(CT, model="CT 9001"))
    assert not ONE.retire("Eve", NOW).fits(CT)


def test_it_is_retired_once():
    with pytest.raises(IllegalTransition):
        ONE.retire("Eve", NOW).retire("Max", NOW)


def test_what_only_a_request_knows_is_left_open():
    plan = checked(ONE).plan
    assert (plan.people, plan.backup_at, plan.backup_place, plan.rollback) == ((), None, "", "restore the image")
    needed = WorkPlan(patient_data=PatientData.NEEDED, patient_why="open a real plan")
    assert checked(replace(ONE, plan=needed)).plan.professional == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"wanted": timedelta(0)}, "minutes"), ({"wanted": timedelta(days=2)}, "minutes"),
        ({"reason": " x "}, "reason"),
        ({"plan": WorkPlan(patient_data=PatientData.NEEDED)}, "patient_why"),
        ({"plan": WorkPlan(software_change=True)}, "rollback"),
        ({"kind": InterventionKind.TELEDIAGNOSTIC}, "software_change"),
    ],
)  # fmt: skip
def test_what_could_never_be_asked_for_is_refused(changes, field):
    with pytest.raises(Invalid) as refused:
        checked(replace(ONE, **changes))
    assert refused.value.field == field


def test_only_what_it_says_is_compared_and_line_ends_say_nothing():
    usual = replace(checked(ONE), plan=WorkPlan(procedure="1. save\n2. test", software_change=True, rollback="restore"))
    plan = WorkPlan(
        procedure="1. save\r\n2. test", software_change=True, rollback="restore", keeps="all", people=("Bob",),
        backup_place="NAS", backup_at=NOW,
    )  # fmt: skip
    same = replace(a_request(), kind=usual.kind, reason="update it", wanted=usual.wanted, plan=plan)
    assert usual.differs(same) == ()
    other = replace(same, reason="update  it now", plan=replace(plan, rollback="none", software_change=False))
    assert usual.differs(other) == ("reason", "software_change", "rollback")


def test_a_reason_is_as_long_as_a_requests_may_be_and_no_longer():
    assert len(checked(replace(ONE, reason="x" * FEWEST)).reason) == FEWEST
    assert len(checked(replace(ONE, reason="x" * LONGEST)).reason) == LONGEST
    with pytest.raises(Invalid) as refused:
        checked(replace(ONE, reason="x" * (LONGEST + 1)))
    assert refused.value.field == "reason"


def test_what_is_said_of_the_usual_plan_is_kept():
    plan = checked(replace(ONE, plan=replace(ONE.plan, backup_place=" NAS "))).plan
    assert (plan.backup_place, plan.professional) == ("NAS", "")
    needed = WorkPlan(patient_data=PatientData.NEEDED, patient_why="open a real plan", professional="Dr Roux")
    assert checked(replace(ONE, plan=needed)).plan.professional == "Dr Roux"


def test_a_minute_is_enough():
    assert checked(replace(ONE, wanted=timedelta(minutes=1))).wanted == timedelta(minutes=1)
