"""Starting from a usual request at the terminal: Enter keeps each answer, any other changes it (R-25)."""

from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.access_request import InterventionKind
from bastion.domain.request_template import RequestTemplate
from bastion.domain.work_plan import PLAIN, PatientData, WorkPlan

NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
PLAN = WorkPlan(
    keeps="viewing", procedure="1. save\r\n2. \x1b[2Jupdate", software_change=True, backup_place="NAS",
    rollback="restore the image", patient_data=PatientData.VISIBLE,
)  # fmt: skip
ONE = RequestTemplate(
    "t1", "f1", "Maker", "CT 9000", "Yearly \x1b]0;update", InterventionKind.TELEMAINTENANCE, "update it\nwholly",
    timedelta(minutes=90), "e1", "Eve", NOW, PLAN,
)  # fmt: skip
LOOK = WorkPlan(patient_data=PatientData.NEEDED, patient_why="open a real plan")


@pytest.fixture
def play(play):
    play.desk.templates = (ONE,)
    return play


async def draft(play, typing):
    play.start(typing=typing)
    await play.shows("is with the hospital")
    (said,) = play.desk.drafts
    return said


async def test_enter_keeps_all_that_is_usual_word_for_word(play):
    said = await draft(play, "1\r" + "\r" * 9 + "yes\r")
    assert (said.template, said.reason, said.minutes, said.kind) == ("t1", ONE.reason, 90, ONE.kind)
    plan = said.plan
    assert (plan.keeps, plan.procedure, plan.backup_place, plan.rollback) == (
        "viewing", PLAN.procedure, "NAS", PLAN.rollback,
    )  # fmt: skip
    assert (plan.patient_data, plan.software_change, plan.backup_at is None) == (PatientData.VISIBLE, True, False)
    for shown in ("1 Yearly ]0;update", "Enter keeps what is usual: “update it wholly”", "2. [2Jupdate", "for 1 h 30"):
        assert shown in play.screen, shown
    assert "\x1b[2J" not in play.screen


async def test_every_answer_can_be_another(play):
    said = await draft(play, "1\rreplace the tube\r2\r2\r1\rWO-7\r45\ryes\r")
    assert (said.template, said.reason, said.minutes, said.plan.software_change) == (
        "t1",
        "replace the tube",
        45,
        False,
    )


async def test_one_asks_without_it_too(play):
    said = await draft(play, "7\r\rreplace the tube\r1\r1\r1\r\r\ryes\r")
    assert "There is no such number in the list." in play.screen
    assert (said.template, said.reason, said.minutes, said.plan) == ("", "replace the tube", 60, PLAIN)


async def test_what_it_leaves_open_is_asked_for(play):
    play.desk.templates = (
        RequestTemplate(
            "t2", "f1", "M", "C", "Look", InterventionKind.TELEDIAGNOSTIC, "look", ONE.wanted, "", "", NOW, LOOK
        ),
    )
    said = await draft(play, "1\r\r\r2\r\r\rDr Roux\r\r\r\ryes\r")
    assert "This cannot be left empty." in play.screen
    plan = said.plan
    assert (said.kind, plan.professional, plan.patient_why) == (ONE_LOOK, "Dr Roux", "open a real plan")


ONE_LOOK = InterventionKind.TELEDIAGNOSTIC
