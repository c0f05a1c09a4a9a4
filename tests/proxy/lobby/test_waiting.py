"""What he reads who waits for the hospital, and what he may do meanwhile: answer, withdraw (R-24, R-25)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import Approval, RequestState
from bastion.domain.remark import Side
from bastion.errors import GrantRevoked, Locked, NoGrant, Unavailable
from bastion.proxy.lobby import lobby as module
from bastion.services.answering import NO_MORE
from bastion.services.nobody import NOBODY, NOBODY_LEFT
from tests.proxy.fakes import a_grant
from tests.proxy.lobby.playing import FORM, a_remark, open_grant
from tests.proxy.lobby.test_screens import a_request


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


async def test_that_nobody_can_decide_is_said_where_he_waits_once_and_anew_when_it_comes_about(play):
    play.desk.stuck = NOBODY
    play.start(typing=FORM)
    await play.shows("Nobody at this hospital can decide on this device")
    play.desk.stuck = NOBODY_LEFT
    play.news.beat()
    await play.shows("Nobody is left at the moment who can give")
    play.news.beat()
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    assert (await play.result()).id == "g1"
    assert [play.screen.count(start) for start in ("Nobody at this hospital", "Nobody is left")] == [1, 1]


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
    assert ("To ask anew, sign in again" in play.screen) == ("refused" in said)


def broken_words(play) -> list[str]:
    """Lines that the terminal breaks itself, wherever that is."""
    shown = b"".join(bytes(frame.data) for frame in play.end.got).decode()
    return [line for line in shown.replace("\r", "").split("\n") if len(line) >= 80]


LONG = "the patient is still on the table, call back at six in the evening, or tomorrow before the first one comes"


async def test_a_long_refusal_and_what_somebody_agreed_to_before_break_between_words(play):
    play.desk.pending = a_request(created_at=clock.now(), expires_at=clock.now() + timedelta(hours=1), quorum=6)
    play.start()
    await play.shows("is with the hospital")
    people = ("Claire Dubois, biomedical engineer", "Max", "Yves Le Goff, head of imaging")
    agreed = tuple(Approval(name, name, clock.now(), timedelta(hours=1)) for name in people)
    play.desk.pending = replace(play.desk.pending, approvals=agreed)
    play.news.beat()
    await play.shows("Agreed so far:")
    play.desk.pending = replace(
        play.desk.pending, stored_state=RequestState.DENIED, decided_by="Claire Dubois", decision_note=LONG
    )
    play.news.beat()
    await play.leaves()
    assert f"Claire Dubois has refused the request: {LONG}" in play.screen
    assert broken_words(play) == []


async def test_when_it_begins_breaks_between_words_too(play):
    now = clock.now()
    play.desk.coming_ = a_grant(start=now + timedelta(hours=1), end=now + timedelta(hours=2))
    play.start()
    await play.shows("the session opens here by itself then.")
    assert broken_words(play) == []
    play.desk.grant = open_grant(acknowledged_at=now)
    await play.result()


SILENT = NoGrant("professional", sentence=NO_MORE, professional="Dr Roux, radiologist")
SAYS = "Dr Roux, radiologist does not answer for patient data any more"
NEVER = [(SILENT, SAYS), (GrantRevoked("g1", why="not today"), "not today")]


@pytest.mark.parametrize(("why", "says"), NEVER, ids=["nobody answers", "taken back"])
async def test_who_waits_for_his_time_is_told_once_nothing_will_open_then(play, why, says):
    now = clock.now()
    play.desk.coming_ = a_grant(start=now + timedelta(hours=1), end=now + timedelta(hours=2))
    play.start()
    await play.shows("the session opens here by itself then.")
    play.desk.never = why
    play.news.beat()
    await play.leaves()
    assert play.screen.count(says) == 1


async def test_R38_what_comes_and_will_open_nothing_is_not_promised_and_he_is_led_through_asking_anew(play):
    now = clock.now()
    play.desk.coming_ = a_grant(start=now + timedelta(hours=1), end=now + timedelta(hours=2))
    play.desk.never = SILENT
    play.start(typing=FORM)
    await play.shows("is with the hospital")
    assert SAYS in play.screen
    assert "by itself then" not in play.screen
    assert len(play.desk.drafts) == 1


@pytest.mark.parametrize("comes_later", [True, False])
async def test_R38_of_what_is_agreed_to_and_opens_nothing_all_the_same_he_reads_it_where_he_waits(play, comes_later):
    now = clock.now()
    play.desk.pending = a_request(created_at=now, expires_at=now + timedelta(hours=1))
    play.start()
    await play.shows("is with the hospital")
    if comes_later:
        start = now + timedelta(hours=1)
        play.desk.coming_ = a_grant(request_id=play.desk.pending.id, start=start, end=start + timedelta(hours=1))
        play.desk.never = SILENT
    else:
        play.desk.unanswered = SILENT
    play.desk.pending = replace(play.desk.pending, stored_state=RequestState.APPROVED)
    play.news.beat()
    await play.leaves()
    assert SAYS in play.screen
    assert "by itself then" not in play.screen


async def test_while_the_rows_are_away_he_goes_on_waiting_for_his_time(play):
    now = clock.now()
    play.desk.never = Unavailable("down")
    play.desk.coming_ = a_grant(start=now + timedelta(hours=1), end=now + timedelta(hours=2))
    play.start()
    await play.shows("the session opens here by itself then.")
    async with asyncio.timeout(30):
        while len([line for line in play.desk.log if line.startswith("still coming")]) < 3:
            await asyncio.sleep(0.005)
    play.desk.grant = open_grant(acknowledged_at=now)
    assert (await play.result()).id == "g1"


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
