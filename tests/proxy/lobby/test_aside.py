"""More time asked for from inside the session: the key, what it turns where, and what comes back (R-35)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import Approval, RequestState
from bastion.domain.remark import Remark, Side
from bastion.domain.session_events import Frozen
from bastion.errors import Conflict
from bastion.proxy.frames import Data, Eof, Exit, Signal
from bastion.proxy.lobby import aside
from bastion.proxy.lobby.aside import KEY, Aside
from bastion.proxy.pulse import Pulse
from bastion.proxy.relay import MOST_KEPT
from tests.proxy.bench import HandShortcut
from tests.proxy.carried import Carried
from tests.proxy.fakes import NOW
from tests.proxy.lobby.test_screens import a_request


class Desk:
    def __init__(self) -> None:
        self.asked = []
        self.answers = []
        self.questions = []
        self.trouble: Exception | None = None
        self.now = a_request(extends_grant_id="g1", expires_at=clock.now() + timedelta(hours=1))

    async def extend(self, grant_id, minutes, reason):
        if self.trouble is not None:
            raise self.trouble
        self.asked.append((grant_id, minutes, reason))
        return self.now

    async def request(self, _request_id):
        return self.now

    async def thread(self, _request_id):
        return self.questions

    async def answer(self, _request_id, text):
        self.answers.append(text)


class Warned:
    """A session with one terminal in which the technician has just been warned."""

    def __init__(self, spool) -> None:
        self.carried = Carried(spool)
        self.desk, self.news = Desk(), Pulse()
        self.tasks = []
        self.aside = Aside(self.carried.live, self.desk, self.news, self._spawn)
        self.carried.live.warned, self.carried.live.more_asked = self.aside.offer, self.aside.follow
        self.shell = self.carried.channel()

    def _spawn(self, work, _name) -> None:
        self.tasks.append(asyncio.create_task(work))

    def warn(self) -> None:
        self.carried.time.passes(minutes=45)
        self.carried.live.tick()

    def type(self, *keys: bytes) -> None:
        self.shell.technician.send(*keys)

    @property
    def device(self) -> bytes:
        return self.shell.device.bytes()

    @property
    def screen(self) -> str:
        """What is shown, a notice of several lines as one."""
        return self.shell.technician.text.replace(" \x1b[0m\r\n\x1b[0;7m ", " ")

    async def shows(self, text: str) -> None:
        async with asyncio.timeout(5):
            while text not in self.screen:
                self.news.beat()
                await asyncio.sleep(0.01)

    async def over(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@pytest.fixture
async def warned(tmp_path):
    warned = Warned(tmp_path)
    warned.warn()
    yield warned
    await warned.over()


def question(text: str) -> Remark:
    return Remark(f"q {text}", "r1", Side.HOSPITAL, "s1", "Eve", NOW, text)


# -- asking ------------------------------------------------------------------------------------------------------------
async def test_the_warning_says_how_and_the_answers_reach_the_hospital_and_no_device(warned):
    assert "press Ctrl-T twice within 2 min" in warned.screen
    warned.type(b"ls\r", KEY, KEY, b"s", b"oon\r", b"45\r", b"\r", b"the tube is hot\rrm -rf /\r", b"ls\r")
    await warned.shows("The hospital has been asked.")
    assert warned.desk.asked == [("g1", 45, "the tube is hot")]
    assert "This is not a length of time." in warned.screen
    assert warned.device == b"ls\rls\r"


@pytest.mark.parametrize("pasted", [b"x" * 600, b"rm\x00 -rf /"])
async def test_what_is_no_line_is_said_the_question_is_asked_again_and_no_device_gets_it(warned, pasted):
    warned.type(KEY, KEY, b"45\r", pasted + b"\r", b"the tube is hot\r")
    await warned.shows("The hospital has been asked.")
    assert "Nothing of it was taken." in warned.screen
    assert warned.screen.count("Why: ") == 2
    assert warned.desk.asked == [("g1", 45, "the tube is hot")]
    assert warned.device == b""


async def test_both_presses_in_one_packet_open_it_as_well(warned):
    warned.type(KEY + KEY)
    assert "You write to the hospital now" in warned.screen
    assert warned.device == b""


async def test_the_recording_marks_it_and_holds_no_key_of_it(warned):
    warned.type(KEY, KEY, b"45\r", b"the tube is hot\r")
    await warned.shows("The hospital has been asked.")
    warned.type(b"ls\r")
    kept = warned.carried.recorded()
    assert b"The technician writes to the hospital; the device gets none of it." in kept
    assert b"The technician asks for 45 min more: the tube is hot" in kept
    assert [typed in kept for typed in (b"45\r", b"the tube is hot\r", b"ls\r")] == [False, False, True]


async def test_when_all_is_said_the_keys_go_to_the_device_again_and_he_reads_so(warned):
    warned.type(KEY, KEY, b"45\r", b"the tube is hot\r")
    assert warned.screen.endswith("What you type goes to the device again. \x1b[0m\r\n")
    warned.type(b"ls\r")
    assert warned.device == b"ls\r"


async def test_frozen_nobody_is_told_that_his_keys_go_to_the_device(warned):
    warned.carried.live.feed(Frozen("Eve"))
    warned.type(KEY, KEY, b"\x03", b"ls\r")
    assert "Your session still stands still: nothing you type reaches the device." in warned.screen
    assert "goes to the device again" not in warned.screen
    assert warned.device == b""


async def test_that_the_keys_go_to_the_device_again_stands_in_the_recording_too(warned):
    warned.type(KEY, KEY, b"45", b"\x03", b"ls\r")
    kept = warned.carried.recorded()
    begun, ended = kept.index(b"writes to the hospital"), kept.index(b"What you type goes to the device again.")
    assert begun < ended < kept.index(b"ls\r")


async def test_why_it_cannot_be_asked_stands_on_the_screen(warned):
    warned.desk.trouble = Conflict("twice", sentence="This authorisation is not open any more; ask for a new one.")
    warned.type(KEY, KEY, b"\r", b"why not\r")
    await warned.shows("not open any more")
    warned.type(b"ls\r")
    assert warned.device == b"ls\r"


# -- the key -----------------------------------------------------------------------------------------------------------
async def test_before_a_warning_the_key_is_like_any_other_and_the_short_way_is_open(tmp_path):
    warned = Warned(tmp_path)
    warned.type(KEY, KEY, KEY + KEY)
    assert warned.device == KEY * 4
    assert "hospital" not in warned.screen


async def test_pressed_once_it_reaches_the_device_before_the_next_key_and_before_a_signal(warned):
    warned.type(KEY)
    assert warned.device == b""
    warned.type(b"x", KEY)
    warned.shell.technician.send(Signal("INT"))
    assert warned.shell.device.got == [Data(KEY), Data(b"x"), Data(KEY), Signal("INT")]


async def test_pressed_once_and_nothing_else_it_reaches_the_device_all_the_same(warned, monkeypatch):
    monkeypatch.setattr(aside, "TWICE_WITHIN", 0.01)
    warned.type(KEY)
    async with asyncio.timeout(5):
        while warned.device != KEY:
            await asyncio.sleep(0.01)
    warned.type(KEY, b"y")
    assert warned.device == KEY + KEY + b"y"


async def test_a_third_press_sends_the_device_two(warned):
    warned.type(KEY, KEY, KEY, b"x")
    assert warned.device == KEY + KEY + b"x"
    assert "What you type goes to the device again." in warned.screen


async def test_within_pasted_text_it_is_text(warned):
    warned.type(b"a" + KEY + KEY + b"b", KEY * 3)
    assert warned.device == b"a" + KEY + KEY + b"b" + KEY * 3


async def test_ctrl_c_gives_the_keys_back_and_asks_for_nothing(warned):
    warned.type(KEY, KEY, b"30\r", b"wro\x03", b"ls\r")
    assert warned.device == b"ls\r"
    assert (warned.desk.asked, warned.tasks) == ([], [])


async def test_after_a_while_nobody_listens_and_the_short_way_is_open_again(warned, monkeypatch):
    short = warned.shell.relay._shortcut = HandShortcut()
    monkeypatch.setattr(aside, "LIVE", 0.01)
    warned.aside.offer([warned.shell.relay])
    async with asyncio.timeout(5):
        while not short.open:
            await asyncio.sleep(0.01)
    warned.type(KEY, KEY)
    assert warned.device == KEY + KEY


async def test_while_it_is_heard_the_short_way_is_shut_even_after_a_freeze(warned):
    warned.shell.relay._shortcut = short = HandShortcut()
    warned.shell.relay.freeze(on=True)
    warned.shell.relay.freeze(on=False)
    assert short.open == 0


async def test_frozen_he_may_still_ask_and_the_lone_key_is_dropped_like_any_other(warned):
    warned.shell.relay.freeze(on=True)
    warned.type(KEY, b"x", KEY, KEY, b"\r", b"it is frozen\r")
    await warned.shows("The hospital has been asked.")
    assert warned.desk.asked == [("g1", 30, "it is frozen")]
    assert warned.device == b""


async def test_who_forgets_that_he_is_writing_gets_his_keys_back(warned, monkeypatch):
    monkeypatch.setattr(aside, "PATIENCE", 0.01)
    warned.type(KEY, KEY)
    await warned.shows("What you type goes to the device again.")
    warned.type(b"ls\r")
    assert warned.device == b"ls\r"


# -- the screen --------------------------------------------------------------------------------------------------------
async def test_what_the_device_says_meanwhile_is_recorded_at_once_and_shown_afterwards(warned):
    warned.type(KEY, KEY, b"3")
    warned.shell.device.send(b"pump 3 stopped\r\n")
    assert "pump" not in warned.screen
    assert b"pump 3 stopped" in warned.carried.recorded()
    warned.type(b"0\r", b"hot\r")
    assert warned.screen.endswith("pump 3 stopped\r\n")


async def test_half_a_sentence_for_the_hospital_never_reaches_a_device_that_says_too_much_to_be_kept(warned):
    warned.type(KEY, KEY, b"30\r", b"the tube ")
    warned.shell.device.send(Data(b"x" * MOST_KEPT), Data(b"y"))
    shown = warned.screen.rindex("xy")
    assert warned.screen.rindex("You write to the hospital now") > shown
    warned.shell.device.send(b"more")
    assert warned.screen.endswith("more")
    warned.type(b"is hot\r")
    await warned.shows("The hospital has been asked.")
    assert warned.desk.asked == [("g1", 30, "the tube is hot")]
    assert warned.device == b""
    warned.type(b"ls\r")
    assert warned.device == b"ls\r"


@pytest.mark.parametrize("end", [Eof(), Exit(0)])
async def test_a_device_that_ends_is_shown_at_once_and_gets_nothing_of_it(warned, end):
    warned.type(KEY, KEY, b"3")
    warned.shell.device.send(Data(b"bye"), end)
    assert warned.shell.technician.got[-2:] == [Data(b"bye"), end]
    warned.type(b"0\r")
    assert warned.device == b""


async def test_a_session_that_ends_shows_what_was_kept_first(warned):
    warned.type(KEY, KEY)
    warned.shell.device.send(b"pump 3 stopped\r\n")
    warned.carried.time.passes(minutes=30)
    warned.carried.live.tick()
    assert warned.screen.index("pump 3 stopped") < warned.screen.index("The agreed time is over.")


# -- what comes back ---------------------------------------------------------------------------------------------------
async def test_the_refusal_stands_in_the_session(warned):
    warned.type(KEY, KEY, b"\r", b"hot\r")
    await warned.shows("The hospital has been asked.")
    warned.desk.now = replace(
        warned.desk.now, stored_state=RequestState.DENIED, decided_by="Eve", decision_note="the room is needed"
    )
    await warned.shows("Eve has refused the request: the room is needed")
    await asyncio.gather(*warned.tasks)
    assert warned.carried.live.live


async def test_what_was_asked_for_elsewhere_is_told_here_once_and_its_question_is_answered_by_the_key(warned):
    for _ in range(3):
        warned.carried.live.more_asked(["r1"])
    warned.desk.questions = [question("How hot?")]
    await warned.shows("Eve asks: How hot?")
    warned.type(KEY, KEY, b"90 degrees\r")
    await warned.shows("Your answer is with the hospital.")
    warned.desk.now = replace(
        warned.desk.now, stored_state=RequestState.DENIED, decided_by="Eve", decision_note="the room is needed"
    )
    await warned.shows("Eve has refused the request: the room is needed")
    await asyncio.gather(*warned.tasks)
    assert [warned.screen.count(said) for said in ("How hot?", "has refused")] == [1, 1]


async def test_a_question_is_shown_once_and_answered_by_the_same_key(warned):
    warned.type(KEY, KEY, b"\r", b"hot\r")
    await warned.shows("The hospital has been asked.")
    warned.desk.questions = [question("How hot?")]
    await warned.shows("Eve asks: How hot?")
    warned.type(KEY, KEY, b"\r", b"90 degrees\r", b"ls\r")
    await warned.shows("Your answer is with the hospital.")
    assert warned.desk.answers == ["90 degrees"]
    assert warned.screen.count("How hot?") == 1
    assert warned.device == b"ls\r"


async def test_what_the_approvers_say_of_more_time_stands_in_the_session_once(warned):
    warned.type(KEY, KEY, b"\r", b"hot\r")
    await warned.shows("The hospital has been asked.")
    agreed = (
        Approval("s1", "Eve", NOW, timedelta(minutes=60), "the room is needed\x1b[2J"),
        Approval("s2", "Paul", NOW, timedelta(minutes=90)),
    )
    warned.desk.now = replace(warned.desk.now, stored_state=RequestState.APPROVED, approvals=agreed)
    await warned.shows("Eve: “the room is needed [2J”")
    await asyncio.gather(*warned.tasks)
    assert warned.screen.count("the room is needed") == 1
    assert "You asked for 1 h 30; 1 h is what was agreed." in warned.screen
    assert "Paul" not in warned.screen


async def test_who_has_agreed_so_far_is_told(warned):
    warned.type(KEY, KEY, b"\r", b"hot\r")
    await warned.shows("The hospital has been asked.")
    agreed = Approval("s1", "Eve", NOW, timedelta(minutes=30))
    warned.desk.now = replace(warned.desk.now, quorum=2, approvals=(agreed,))
    await warned.shows("Agreed so far: Eve. 1 more needed.")
