"""The lobby as transcripts: what the technician types, what he reads, what the services are asked."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

import pytest

from bastion import clock
from bastion.domain.access_request import Approval, InterventionKind, RequestState
from bastion.domain.emergency import Call
from bastion.domain.parties import Supplier, Technician
from bastion.domain.remark import Remark, Side
from bastion.domain.undertaking import SHIPPED, Undertaking
from bastion.domain.work_plan import PLAIN, PatientData
from bastion.errors import Conflict, Invalid, Locked, PolicyRefused, Unavailable
from bastion.proxy.frames import Data
from bastion.proxy.lobby import lobby as module
from bastion.proxy.lobby import talk
from bastion.proxy.lobby.lobby import Lobby
from bastion.proxy.lobby.talk import Left
from bastion.proxy.lobby.terminal import Terminal
from bastion.proxy.notices import Words
from bastion.proxy.pulse import Pulse
from bastion.services.commands import EVERYTHING, ready
from bastion.services.views import Entry
from tests.proxy.fakes import FakeEnd, a_grant
from tests.proxy.lobby.test_pasted import HERE
from tests.proxy.lobby.test_screens import CHU, a_request, device, item

ALICE = Technician("t1", "alice", "Alice", "a@acme", "s1", "en")
ACME = Supplier("s1", "acme", "Acme", ())
FORM = "replace the tube\r1\r1\r1\rWO-7\r1h30\ryes\r"


class Desk:
    """Plays the services. `grant`, `pending`, `coming_` are the rows; `log` what was asked."""

    def __init__(self) -> None:
        self.grant = self.pending = self.coming_ = None
        self.log, self.drafts, self.troubles = [], [], []
        self.undertaking = None

    async def enter(self, code, account):
        for trouble in self.troubles:
            raise trouble
        if not code:
            return Entry(ALICE, ACME, menu=self.items)
        self.log.append(f"enter {code}")
        return Entry(
            ALICE, ACME, device(code), CHU, None, grant=self.grant, pending=self.pending, approvers=("Eve",),
            undertaking=self.undertaking,
        )  # fmt: skip

    async def coming(self, device_id):
        return self.coming_

    async def acknowledge(self, grant_id):
        self.log.append(f"acknowledge {grant_id}")

    async def undertake(self, version):
        self.log.append(f"undertake {version}")
        if version != self.undertaking.version or self.newer:
            self.undertaking, self.newer = self.newer, None
            raise Conflict("newer")
        self.undertaking = None

    newer = None

    listed = ("Dr Roux, radiologist", "Dr Vidal, head of radiotherapy")

    async def professionals(self, device):
        return self.listed

    templates = ()
    items = (item(), item("mri-2"))

    async def usual(self, device):
        return self.templates

    async def ask(self, draft, others=()):
        self.drafts.append(draft)
        self.others = others
        if isinstance(self.refusal, Exception):
            raise self.refusal
        now = clock.now()
        self.pending = a_request(created_at=now, expires_at=now + timedelta(hours=2), quorum=1)
        return self.pending

    refusal = None
    longest_ = None

    longest_of = MappingProxyType({})

    async def longest(self, draft):
        found = self.longest_of.get(draft.device_code, self.longest_)
        if isinstance(found, Exception):
            raise found
        return found

    async def request(self, request_id):
        return self.pending

    async def thread(self, request_id):
        return self.remarks

    remarks = ()

    async def answer(self, request_id, text):
        self.log.append(f"answer {text}")

    address = HERE
    owes = ()

    async def owed(self):
        return self.owes

    async def commands(self, device):
        self.log.append(f"commands {device}")
        if self.away:
            raise Unavailable("down")
        return ready(HERE, "alice", device, EVERYTHING, ())

    away = False

    async def withdraw(self, request_id):
        self.log.append("withdraw")
        self.pending = replace(self.pending, stored_state=RequestState.WITHDRAWN)


class Play:
    def __init__(self, monkeypatch) -> None:
        monkeypatch.setattr(module, "LOOK_AGAIN", 0.03)
        self.end, self.desk, self.news = FakeEnd(), Desk(), Pulse()
        self.lobby = Lobby(Terminal(self.end, 80), self.desk, Words("en"), self.news)

    def start(self, device="ct-01", typing="", account=""):
        self.task = asyncio.ensure_future(self.lobby.run(device, account))
        if typing:
            self.type(typing)

    def type(self, text):
        self.end.say(Data(text.encode()))

    @property
    def screen(self):
        return " ".join(b"".join(bytes(f.data) for f in self.end.got).decode().split())

    async def shows(self, text):
        async with asyncio.timeout(3):
            while text not in self.screen:
                await asyncio.sleep(0.005)

    async def result(self):
        async with asyncio.timeout(3):
            return await self.task

    async def leaves(self):
        with pytest.raises(Left):
            await self.result()


def a_remark(ident: str, side: Side, text: str) -> Remark:
    return Remark(ident, "r1", side, "e1", "Eve", clock.now(), text)


@pytest.fixture
async def play(monkeypatch):
    playing = Play(monkeypatch)
    yield playing
    playing.task.cancel()
    await asyncio.gather(playing.task, return_exceptions=True)


def open_grant(**changes):
    now = clock.now()
    return a_grant(start=now, end=now + timedelta(hours=1), **changes)


async def test_an_open_grant_needs_only_the_notice(play):
    play.desk.grant = open_grant()
    play.start(typing="yes\r")
    assert (await play.result()).id == "g1"
    assert play.desk.log[-1] == "acknowledge g1"
    assert "This session is recorded" in play.screen


async def test_the_undertaking_is_accepted_with_a_word_before_the_notice(play):
    play.desk.grant, play.desk.undertaking = open_grant(), SHIPPED
    play.start(typing="yes\r")
    await play.shows("Nothing is accepted yet.")
    assert "Confidentiality undertaking, version 1" in play.screen
    assert "to keep confidential whatever I come to know" in play.screen
    assert "This session is recorded" not in play.screen
    play.type("accept\r")
    await play.shows("This session is recorded")
    play.type("yes\r")
    assert (await play.result()).id == "g1"
    assert play.desk.log[-3:] == ["undertake 1", "enter ct-01", "acknowledge g1"]


async def test_without_the_undertaking_nothing_is_asked_and_nothing_opens(play):
    play.desk.undertaking = SHIPPED
    play.start(typing="no\r")
    await play.leaves()
    assert "Without the undertaking nothing can be opened." in play.screen
    assert play.desk.log == ["enter ct-01"]


async def test_a_text_published_while_one_reads_is_read_next(play):
    play.desk.grant, play.desk.undertaking = open_grant(acknowledged_at=clock.now()), SHIPPED
    play.desk.newer = Undertaking(2, "fr", "something \x1b[2Jelse", "Ruth", clock.now())
    play.start(typing="accept\raccept\r")
    await play.result()
    assert "something [2Jelse" in play.screen
    assert [line for line in play.desk.log if "undertake" in line] == ["undertake 1", "undertake 2"]


async def test_a_text_published_while_one_waits_is_accepted_before_the_session(play):
    play.start(typing=FORM)
    await play.shows("is with the hospital")
    play.desk.undertaking = SHIPPED
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    play.news.beat()
    await play.shows("Confidentiality undertaking")
    play.type("accept\r")
    assert (await play.result()).id == "g1"


async def test_R25_a_question_is_answered_where_he_waits(play):
    play.start(typing=FORM)
    await play.shows("is with the hospital")
    play.type("nobody has asked\r")
    play.desk.remarks = (a_remark("q1", Side.HOSPITAL, "Which\x1b[2J tube?"),)
    play.news.beat()
    await play.shows("Eve asks: Which")
    assert "\x1b[2J" not in play.screen
    play.type("the left one\r")
    await play.shows("Your answer is with the hospital.")
    assert [line for line in play.desk.log if line.startswith("answer")] == ["answer the left one"]
    play.desk.remarks += (a_remark("a1", Side.ASKER, "the left one"), a_remark("q2", Side.HOSPITAL, "Alone?"))
    play.news.beat()
    await play.shows("Eve asks: Alone?")
    assert play.screen.count("Eve asks: Which") == 1
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    assert (await play.result()).id == "g1"


async def test_what_is_no_line_is_no_answer_to_a_question_and_no_harm_without_one(play):
    play.start(typing=FORM)
    await play.shows("is with the hospital")
    play.type("\x00w\r")
    play.desk.remarks = (a_remark("q1", Side.HOSPITAL, "Which tube?"),)
    play.news.beat()
    await play.shows("Eve asks: Which tube?")
    assert "Nothing of it was taken." not in play.screen
    play.type("x" * 600 + "\r")
    await play.shows("Nothing of it was taken.")
    play.type("the left one\r")
    await play.shows("Your answer is with the hospital.")
    assert [line for line in play.desk.log if not line.startswith("enter")] == ["answer the left one"]


async def test_a_notice_that_is_accepted_already_is_not_shown_again(play):
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    play.start()
    assert (await play.result()).id == "g1"
    assert "This session is recorded" not in play.screen


async def test_no_is_no(play):
    play.desk.grant = open_grant()
    play.start(typing="what\rno\r")
    await play.leaves()
    assert "Please answer yes or no." in play.screen
    assert not [line for line in play.desk.log if line.startswith("acknowledge")]


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


async def test_an_agreement_that_comes_while_the_rows_are_read_is_seen_at_once(play, monkeypatch):
    monkeypatch.setattr(module, "LOOK_AGAIN", 30)

    async def read_and_agree(request_id):
        """The grant comes after the look for one, its hint before the waiting."""
        if play.desk.grant is None:
            play.desk.grant = open_grant(acknowledged_at=clock.now())
            play.news.beat()
        return play.desk.pending

    monkeypatch.setattr(play.desk, "request", read_and_agree)
    play.start(typing=FORM)
    assert (await play.result()).id == "g1"


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
    play.start(typing="u\ru\r3\r1\r2\rWO-7\r30\ryes\r")
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
        "Answer 1 or 2, or say in a few words what stays usable.",
        "Please answer 1, 2 or 3.",
        "This is not a length of time.",
    ):
        assert said in play.screen


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


async def test_waiting_opens_by_itself_even_without_a_hint(play):
    play.desk.pending = a_request(created_at=clock.now(), expires_at=clock.now() + timedelta(hours=1))
    play.start()
    await play.shows("is with the hospital")
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    assert (await play.result()).id == "g1"
    assert not play.desk.drafts


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"stored_state": RequestState.DENIED, "decided_by": "Eve", "decision_note": "no"},
            "Eve has refused the request: no",
        ),
        ({"stored_state": RequestState.WITHDRAWN}, "The request is withdrawn."),
        ({"expires_at": clock.now()}, "Nobody has answered in time"),
    ],
)  # fmt: skip
async def test_what_becomes_of_a_request_is_said(play, change, said):
    play.desk.pending = a_request(created_at=clock.now(), expires_at=clock.now() + timedelta(hours=1))
    play.start()
    await play.shows("is with the hospital")
    play.desk.pending = replace(play.desk.pending, **change)
    play.news.beat()
    await play.leaves()
    assert said in play.screen


async def test_the_first_of_two_agreements_is_said(play):
    play.desk.pending = a_request(created_at=clock.now(), expires_at=clock.now() + timedelta(hours=1))
    play.start()
    await play.shows("Agreements still needed: 2.")
    play.desk.pending = replace(play.desk.pending, approvals=(Approval("e", "Eve", clock.now(), timedelta(hours=1)),))
    play.news.beat()
    await play.shows("Agreed so far: Eve. 1 more needed.")
    assert not play.task.done(), "one agreement of two opens nothing"


@pytest.mark.parametrize("letter", ["w", "R"])
async def test_w_withdraws_and_other_keys_do_nothing(play, letter):
    play.desk.pending = a_request(created_at=clock.now(), expires_at=clock.now() + timedelta(hours=1))
    play.start()
    await play.shows("is with the hospital")
    play.type("hello\r")
    await asyncio.sleep(0.05)
    assert "withdraw" not in play.desk.log
    play.type(f"{letter}\r")
    await play.leaves()
    assert "withdraw" in play.desk.log


async def test_a_grant_that_begins_later_is_waited_for(play):
    now = clock.now()
    play.desk.coming_ = a_grant(start=now + timedelta(hours=1), end=now + timedelta(hours=2))
    play.start()
    await play.shows("Agreed. Your time begins at")
    play.desk.grant = open_grant(acknowledged_at=now)
    assert (await play.result()).id == "g1"


async def test_what_is_planned_for_another_day_keeps_nobody_from_asking_now(play):
    now, day = clock.now(), timedelta(days=20)
    play.desk.pending = a_request(created_at=now, start=now + day, expires_at=now + day)
    play.desk.coming_ = a_grant(start=now + day, end=now + day + timedelta(hours=1))
    play.start()
    await play.shows("Reason")
    play.type(FORM)
    await play.shows("is with the hospital")
    play.desk.pending = replace(play.desk.pending, stored_state=RequestState.APPROVED, grant_id="g1")
    play.desk.grant = open_grant(acknowledged_at=now)
    play.news.beat()
    assert (await play.result()).id == "g1"
    assert "Your time begins" not in play.screen


async def test_an_agreement_for_later_is_said_and_waited_for(play):
    now = clock.now()
    play.desk.pending = a_request(created_at=now, expires_at=now + timedelta(hours=1))
    play.start()
    await play.shows("is with the hospital")
    play.desk.coming_ = replace(
        a_grant(start=now + timedelta(hours=1), end=now + timedelta(hours=2)), request_id=play.desk.pending.id
    )
    play.desk.pending = replace(play.desk.pending, stored_state=RequestState.APPROVED, grant_id="g1")
    play.news.beat()
    await play.shows("Agreed. Your time begins at")
    assert not play.task.done()


async def test_a_lock_ends_the_waiting(play):
    play.desk.pending = a_request(created_at=clock.now(), expires_at=clock.now() + timedelta(hours=1))
    play.start()
    await play.shows("is with the hospital")
    play.desk.troubles = [Locked(why="ransomware.")]
    play.news.beat()
    with pytest.raises(Locked):
        await play.result()


async def test_records_that_are_away_are_waited_for(play):
    play.desk.pending = a_request(created_at=clock.now(), expires_at=clock.now() + timedelta(hours=1))
    play.start()
    await play.shows("is with the hospital")
    play.desk.troubles = [Unavailable("gone")]
    await asyncio.sleep(0.1)
    play.desk.troubles = []
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    assert (await play.result()).id == "g1"


async def test_the_menu_leads_to_the_device(play):
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    play.start(device="", typing="9\rMRI-2\r")
    await play.result()
    assert play.desk.log[-1] == "enter mri-2"
    assert "There is no such device in the list." in play.screen


async def test_enter_shows_how_far_one_is_with_each_device_now(play):
    play.start(device="")
    await play.shows("(Enter shows the list as it is now, ? commands, Ctrl-C leaves)")
    play.desk.items = (item(state="pending", until=None), item("us-9"))
    play.type("\r")
    await play.shows("us-9")
    assert "waiting for the hospital" in play.screen
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    play.type("2\r")
    await play.result()
    assert play.desk.log[-1] == "enter us-9"


@pytest.mark.parametrize("keys", ["? 2\r", "?mri-2\r", "?\r2\r"])
async def test_a_question_mark_shows_what_may_be_pasted_for_a_device_and_asks_again(play, keys):
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    play.start(device="", typing=f"{keys}1\r")
    await play.result()
    assert play.desk.log[0] == "commands mri-2"
    assert play.desk.log[-1] == "enter ct-01"
    assert "sftp -P 2222 alice+mri-2@bastion.chu.example" in play.screen
    assert "SHA256:4bd" in play.screen


async def test_what_has_no_commands_or_none_now_is_said_and_the_menu_stays(play):
    play.desk.grant, play.desk.away = open_grant(acknowledged_at=clock.now()), True
    play.start(device="", typing="?9\r?1\r1\r")
    await play.result()
    assert "There is no such device in the list." in play.screen
    assert Unavailable.sentence in play.screen


async def test_a_question_nobody_answers_is_not_kept_for_ever(play, monkeypatch):
    monkeypatch.setattr(talk, "PATIENCE", 0.05)
    play.start()
    await play.leaves()
    assert "Nobody has answered for a while. Good-bye." in play.screen


async def test_hanging_up_leaves(play):
    play.start()
    await play.shows("Reason")
    play.end.leave("gone")
    await play.leaves()
    assert play.screen.endswith("Reason (what is to be done):"), "nobody is there to read anything more"
    assert not play.desk.drafts


async def test_what_is_wider_than_the_screen_is_broken_between_words(play):
    play.lobby._terminal.cols = 40
    play.start(typing="images\r2+\r1\r3\r")
    await play.shows("Which health professional")
    shown = b"".join(bytes(frame.data) for frame in play.end.got).decode().split("You have no open")[1]
    assert shown.endswith(
        "Which health professional of the\r\nhospital answers for the patient data\r\n(number or name): "
    )


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
