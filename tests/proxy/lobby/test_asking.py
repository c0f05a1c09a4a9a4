"""The questions a request is made of, as transcripts: what he types, what he reads, what is asked for (R-25)."""

import re
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.emergency import Call
from bastion.domain.work_plan import PLAIN, PatientData
from bastion.errors import Conflict, Invalid, NoGrant, PolicyRefused, Unavailable
from bastion.proxy.lobby.lobby import Lobby
from bastion.proxy.lobby.terminal import Terminal
from bastion.proxy.notices import Words
from bastion.services.answering import NO_MORE, NOT_LISTED
from tests.proxy.lobby.playing import FORM, open_grant


async def test_a_request_is_made_of_what_was_typed(play):
    play.start(typing=FORM)
    await play.shows("is with the hospital. Asked: Eve.")
    (draft,) = play.desk.drafts
    assert (draft.device_code, draft.reason, draft.work_order, draft.minutes) == (
        "ct-01",
        "replace the tube",
        "WO-7",
        90,
    )
    assert (draft.kind, draft.notice_accepted) == (InterventionKind.TELEDIAGNOSTIC, True)
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    play.news.beat()
    assert (await play.result()).id == "g1"


async def test_R38_where_nobody_answers_any_more_he_reads_so_and_is_led_through_asking_anew(play):
    play.desk.unanswered = NoGrant("professional", sentence=NO_MORE, professional="Dr Roux, radiologist")
    play.start(typing=FORM)
    await play.shows("is with the hospital. Asked: Eve.")
    said = " ".join(play.screen.split())
    assert "Dr Roux, radiologist does not answer for patient data any more: nothing opens under this" in said
    assert len(play.desk.drafts) == 1


async def test_an_emergency_names_who_called(play):
    play.start(typing="scanner down\r2 U\rDr Roux\r+33 1 40 00 45 12\r1\r1\rWO-7\r30\ryes\r")
    await play.shows("is with the hospital")
    (draft,) = play.desk.drafts
    assert (draft.kind, draft.emergency) == (
        InterventionKind.TELEMAINTENANCE,
        Call("Dr Roux", call_back="+33 1 40 00 45 12"),
    )
    assert "Add u for an emergency that the hospital called you for" in play.screen


async def test_an_emergency_may_do_without_a_number(play):
    play.start(typing="scanner down\r2u\rDr Roux\r\r2\r1\rWO-7\r30\ryes\r")
    await play.shows("is with the hospital")
    assert play.desk.drafts[0].emergency == Call("Dr Roux")


async def test_what_is_no_emergency_asks_nobody_who_called(play):
    play.start(typing="tube\ru\r3\r1\r2\rWO-7\r30\ryes\r")
    await play.shows("is with the hospital")
    assert play.desk.drafts[0].emergency is None
    assert "Please answer 1, 2, 3 or 4." in play.screen
    assert "Who of the hospital" not in play.screen


async def test_answers_that_make_no_sense_are_asked_again(play):
    play.start(typing="\r\rtube\r9\r\r\rx\r1\r\r4\r1\r\rforever\r\ryes\r")
    await play.shows("is with the hospital")
    (draft,) = play.desk.drafts
    assert (draft.kind, draft.minutes) == (InterventionKind.TELEMAINTENANCE, 60)
    for said in (
        "This cannot be left empty.",
        "Please answer 1, 2, 3 or 4.",
        "Say what stays usable on the device meanwhile: everything, nothing, or in a few words what.",
        "Please answer 1, 2 or 3.",
        "This is not a length of time.",
    ):
        assert said in play.screen


async def test_an_answer_that_says_nothing_is_refused_where_it_is_given(play):
    play.start(typing="?\rx\rtube\r4\r?\r1\r?\rNAS\r3j\rx\rrestore\r3\r9\r2\r2\r?\rreal plan\r?\rWO-7\r30\ryes\r")
    await play.shows("is with the hospital")
    (draft,) = play.desk.drafts
    plan = draft.plan
    assert (draft.reason, draft.work_order, plan.backup_place, plan.rollback, plan.patient_why) == (
        "tube", "WO-7", "NAS", "restore", "real plan",
    )  # fmt: skip
    assert timedelta(days=3) - timedelta(minutes=1) < clock.now() - plan.backup_at < timedelta(days=3, minutes=1)
    for said, times in {
        "Please say in a few words what you are going to do.": 2,
        "Software change: say where the backup lies.": 1,
        "Software change: say how you go back if it goes wrong.": 1,
        "There is no such number in the list.": 1,
        "Patient data: say why the work cannot be done without.": 2,
        "Type the answer and press Enter. Ctrl-C leaves, and nothing was asked for.": 5,
    }.items():
        assert play.screen.count(said) == times, said


@pytest.mark.parametrize("problem", [PolicyRefused(why="only by day."), Invalid(sentence="This text is too long.")])
async def test_a_refused_request_can_be_changed_or_left(play, problem):
    play.desk.refusal = problem
    play.start(typing=FORM)
    await play.shows("Change the request and send it again? (yes/no)")
    assert problem.public in play.screen
    play.desk.refusal = None
    play.type("yes\r" + "\r" * 6)
    await play.shows("is with the hospital")
    first, second = play.desk.drafts
    assert first == second, "Enter keeps each answer"
    play.type("\x03")
    await play.leaves()


async def test_a_refused_request_keeps_every_answer_that_is_not_changed(play):
    play.desk.refusal = PolicyRefused(why="only by day.")
    play.start(typing="new version\r4u\rDr Roux\r4512\rarchive\rNAS\r2h\rrestore\r3\rDr V\rreal plan\rWO-7\r30\ryes\r")
    await play.shows("Change the request and send it again? (yes/no)")
    play.desk.refusal = None
    play.type("yes\r" + "\r" * 3 + "-\r" + "\r" * 7 + "-\r45\r")
    await play.shows("is with the hospital")
    first, second = play.desk.drafts
    assert second == replace(first, work_order="", minutes=45, emergency=Call("Dr Roux"))
    for shown in ("keeps what you said: “new version”", "Number (Enter for 4u)", "Enter keeps what you said): "):
        assert shown in play.screen, shown


SOFTWARE = "new version\r4u\rDr Roux\r4512\rarchive\rNAS\r2h\rrestore\r3\r1\rreal plan\rWO-7\r30\ryes\r"
PLANNED = "replace the tube\r2+\r1\r2\r\rBob\r\r\r\rWO-7\r1h 2099-01-01 22:00\ryes\r"
ANEW = "Answer this anew and send the request again? (yes/no, “all” to go through every answer)"


def other_plan(draft, **changes):
    return replace(draft, plan=replace(draft.plan, **changes))


@pytest.mark.parametrize(("typed", "field", "answer", "changed"), [
    (SOFTWARE, "reason", "another version", lambda one: replace(one, reason="another version")),
    (SOFTWARE, "caller", "Dr Vidal", lambda one: replace(one, emergency=Call("Dr Vidal", call_back="4512"))),
    (SOFTWARE, "keeps", "2", lambda one: other_plan(one, keeps="nothing")),
    (SOFTWARE, "backup_place", "tape", lambda one: other_plan(one, backup_place="tape")),
    (SOFTWARE, "professional", "\r2", lambda one: other_plan(one, professional="Dr Vidal, head of radiotherapy")),
    (SOFTWARE, "patient_data", "2", lambda one: other_plan(
        one, patient_data=PatientData.VISIBLE, professional="", patient_why="")),
    (SOFTWARE, "work_order", "-", lambda one: replace(one, work_order="")),
    (SOFTWARE, "minutes", "45", lambda one: replace(one, minutes=45)),
    (PLANNED, "start", "2h", lambda one: replace(one, minutes=120, start=None)),
    (PLANNED, "people", "Carla\r", lambda one: other_plan(one, people=("Carla",))),
    (PLANNED, "software_change", "3", lambda one: replace(one, kind=InterventionKind.TELEASSISTANCE)),
])  # fmt: skip
async def test_what_a_refusal_is_about_is_asked_again_and_nothing_else(play, typed, field, answer, changed):
    play.desk.refusal = Invalid(field, field=field, sentence="This does not do.")
    play.start(typing=typed)
    await play.shows(ANEW)
    play.desk.refusal = None
    play.type(f"yes\r{answer}\r")
    await play.shows("is with the hospital")
    first, second = play.desk.drafts
    assert second == changed(first)


async def test_two_refusals_lead_to_one_question_each_and_an_overlap_to_the_time(play):
    play.desk.refusal = Invalid("keeps", field="keeps", sentence="Say more.")
    play.start(typing=PLANNED)
    await play.shows("Say more.")
    play.desk.refusal = Conflict("pending", field="start", sentence="One waits already.")
    play.type("yes\rviewing\r")
    await play.shows("One waits already.")
    play.desk.refusal = None
    play.type("yes\r30\r")
    await play.shows("is with the hospital")
    first, second, third = play.desk.drafts
    assert second == other_plan(first, keeps="viewing")
    assert third == replace(second, minutes=30, start=None)


async def test_what_an_answer_makes_needed_is_asked_too(play):
    play.desk.refusal = Invalid("kind", field="software_change", sentence="Say whether.")
    play.start(typing=PLANNED)
    await play.shows(ANEW)
    play.desk.refusal, play.desk.longest_ = None, timedelta(minutes=30)
    play.type("yes\r4u\rDr Roux\r4512\rNAS\r2h\rrestore\r20\r")
    await play.shows("is with the hospital")
    first, second = play.desk.drafts
    assert (second.emergency, second.minutes, second.start) == (Call("Dr Roux", "", "4512"), 20, None)
    assert (second.plan.backup_place, second.plan.rollback, second.plan.keeps) == ("NAS", "restore", first.plan.keeps)
    assert second.plan.people == first.plan.people == ("Bob",)


async def test_every_answer_can_be_gone_through_whatever_the_refusal_is_about(play):
    play.desk.refusal = Invalid("keeps", field="keeps", sentence="Say more.")
    play.start(typing=FORM)
    await play.shows(ANEW)
    play.desk.refusal = None
    play.type("perhaps\rtout\ranother tube\r\r\r\r\r\r")
    await play.shows("is with the hospital")
    assert "Please answer yes or no." in play.screen
    assert play.desk.drafts[1] == replace(play.desk.drafts[0], reason="another tube")


@pytest.mark.parametrize("field", ["technician_login", "callee", "rollback", ""])
async def test_what_was_never_asked_leads_through_every_answer(play, field):
    play.desk.refusal = Invalid("unknown", field=field, sentence="This does not do.")
    play.start(typing=FORM)
    await play.shows("Change the request and send it again? (yes/no)")
    play.type("no\r")
    await play.leaves()


@pytest.mark.parametrize(("place", "said"), [("Oncopole", "la liste d’Oncopole"), ("CHU Demo", "la liste de CHU Demo")])
async def test_in_french_a_vowel_is_dropped_before_a_name_at_the_terminal_too(play, place, said):
    play.lobby = Lobby(Terminal(play.end, 200), play.desk, Words("fr"), play.news)
    play.desk.refusal = Invalid("x", field="professional", sentence=NOT_LISTED, place=place, device="ct-01")
    play.start(typing=SOFTWARE)
    await play.shows("renvoyer la demande")
    assert f"Choisissez qui répond des données de patients dans {said}, pour" in play.screen


async def test_records_that_were_away_are_no_reason_to_type_anything_again(play):
    play.desk.refusal = Unavailable("down")
    play.start(typing=FORM)
    await play.shows("Send the request again as it is? (yes/no, “all” to go through every answer)")
    play.desk.refusal = None
    play.type("yes\r")
    await play.shows("is with the hospital")
    assert play.desk.drafts[0] == play.desk.drafts[1]


async def test_the_longest_time_is_said_where_the_time_is_asked(play):
    play.desk.longest_ = timedelta(hours=4)
    play.start(typing="tube\r1\r1\r1\r\r9h\r4h\ryes\r")
    await play.shows("is with the hospital")
    assert "For this work the rules of the hospital allow 4 h at most." in play.screen
    assert [draft.minutes for draft in play.desk.drafts] == [240]


async def test_enter_never_asks_for_more_than_is_allowed(play):
    play.desk.longest_ = timedelta(minutes=30)
    play.start(typing="tube\r1\r1\r1\r\r\ryes\r")
    await play.shows("is with the hospital")
    assert "(Enter for 30 min)" in play.screen
    assert [draft.minutes for draft in play.desk.drafts] == [30]


async def test_R43_changing_software_is_asked_for_its_backup_and_way_back_and_nothing_else_is(play):
    play.start(typing="new version 6.2\r4\rthe archive\r\rNAS\rlong ago\r2h\rrestore the image\r1\rWO-7\r\ryes\r")
    await play.shows("is with the hospital")
    (draft,) = play.desk.drafts
    assert draft.kind is InterventionKind.TELEMAINTENANCE
    plan = draft.plan
    assert plan.software_change
    assert (plan.keeps, plan.backup_place, plan.rollback) == ("the archive", "NAS", "restore the image")
    assert timedelta(minutes=119) < clock.now() - plan.backup_at < timedelta(minutes=121)
    assert "This cannot be left empty." in play.screen
    assert "This is not a length of time." in play.screen


async def test_R38_patient_data_that_is_needed_is_asked_who_answers_for_it(play):
    play.start(typing="look at the images\r1\r2\r3\r2\rthe artefact is only in real ones\r\r\ryes\r")
    await play.shows("is with the hospital")
    (draft,) = play.desk.drafts
    assert draft.kind is InterventionKind.TELEDIAGNOSTIC
    assert (draft.plan.patient_data, draft.plan.professional) == (
        PatientData.NEEDED, "Dr Vidal, head of radiotherapy",
    )  # fmt: skip
    assert "2 Dr Vidal, head of radiotherapy" in play.screen
    assert draft.plan.patient_why == "the artefact is only in real ones"


async def test_R38_where_nobody_is_on_the_list_he_is_told_what_to_do_and_not_asked_for_a_name(play):
    play.desk.listed = ()
    play.start(typing="look at the images\r1\r2\r3\r")
    await play.shows("Call the hospital: an administrator or the security officer enters who is.")
    play.type("1\r\r\ryes\r")
    await play.shows("is with the hospital")
    assert "Which health professional" not in play.screen
    assert play.desk.drafts[0].plan.patient_data is PatientData.NONE


async def test_R38_what_the_technician_says_of_patient_data_is_what_the_approver_reads(play):
    play.start(typing="look at the log\r2\r1\r\r2\r\r\ryes\r")
    await play.shows("is with the hospital")
    assert play.desk.drafts[0].plan.patient_data is PatientData.VISIBLE
    assert "Please answer 1, 2 or 3." in play.screen, "nothing stands for an answer that was not given"
    for said in ("2 remote maintenance: settings may be changed, software is not", "you undertake to change nothing"):
        assert said in play.screen, said


async def test_plain_work_is_asked_nothing_more(play):
    play.start(typing="replace the tube\r\r1\r1\r\r\ryes\r")
    await play.shows("is with the hospital")
    assert play.desk.drafts[0].plan == PLAIN
    assert "backup of its configuration lie" not in play.screen


async def test_R25_work_for_later_is_planned_at_the_same_question(play):
    """The hour is the hospital's; what was refused keeps it, so that Enter does not mean “now”."""
    day = (clock.now() + timedelta(days=2)).date().isoformat()
    play.desk.refusal = Conflict("pending", sentence="One waits already.")
    play.start(typing=f"replace the tube\r1\r1\r1\rWO-7\r1h30 {day} 22:00\ryes\r")
    await play.shows("Change the request and send it again?")
    screen = b"".join(bytes(f.data) for f in play.end.got).decode()
    assert re.search(r"For later, add the day and the hour at the hospital:\s60 min \S+ 22:00\r?\n", screen)
    (first,) = play.desk.drafts
    assert first.minutes == 90
    assert first.start.astimezone(ZoneInfo("Europe/Paris")).isoformat(sep=" ").startswith(f"{day} 22:00")
    play.desk.refusal = None
    play.type("yes\r\r\r\r\r\r\r")
    await play.shows("Enter keeps the start you said: 22:00 on")
    await play.shows("Asked:")
    assert (play.desk.drafts[1].minutes, play.desk.drafts[1].start) == (90, first.start)


async def test_R26_what_cannot_wait_is_not_planned(play):
    play.start(typing="replace the tube\r1u\rDr Roux\r\r2\r1\rWO-7\r1h 2099-01-01 22:00\r")
    await play.shows("This is not a length of time.")
    assert "For later" not in play.screen
