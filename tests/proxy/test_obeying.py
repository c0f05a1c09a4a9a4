"""What people have decided about a session, and what is done with it: the gravest first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion.domain.derogation import Derogation, DerogationKind
from bastion.domain.lock import LockScope
from bastion.domain.paper import PaperKind
from bastion.domain.session import SessionState
from bastion.domain.session_events import EndReason, Killed
from bastion.proxy.live_session import LiveSession
from bastion.proxy.notices import Words
from bastion.proxy.supervisor import obey
from tests.proxy.fakes import NOW, FakeClock, FakeRecorder, a_grant, a_lock, a_record, a_wish


class NoJournal:
    def add(self, fact) -> None:
        """What is noted is of no concern here."""


def a_live_session():
    return LiveSession(
        a_record(), a_grant(), FakeRecorder(), Words("en"), NoJournal(), lambda live: None, FakeClock()
    )  # fmt: skip


@pytest.fixture
async def live():
    return a_live_session()


# -- telling ---------------------------------------------------------------------------------------------------------
async def test_a_session_is_told_of_more_time_that_was_asked_for(live):
    told = []
    live.more_asked = told.append
    obey(live, [], a_wish(more_time=("r1",)))
    assert told == [("r1",)]


# -- obeying -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("scope", "subject"),
    [(LockScope.ALL, ""), (LockScope.SUPPLIER, "s1"), (LockScope.TECHNICIAN, "t1"), (LockScope.DEVICE, "d1")],
)
async def test_a_lock_that_names_the_session_ends_it(live, scope, subject):
    obey(live, [a_lock(scope, subject)], a_wish())
    assert live.ended_by == (EndReason.LOCKED, "Ruth", "ransomware suspected")


@pytest.mark.parametrize(
    "lock",
    [
        a_lock(LockScope.SUPPLIER, "s2"), a_lock(LockScope.TECHNICIAN, "t2"), a_lock(LockScope.DEVICE, "d2"),
        a_lock(lifted_at=NOW), a_lock(until=NOW),
    ],
)  # fmt: skip
async def test_a_lock_on_somebody_else_or_over_does_not(live, lock):
    obey(live, [lock], a_wish())
    assert live.live


async def test_a_cut_a_revocation_a_leaver_and_a_session_nobody_knows_end_it():
    ends = []
    for wish in (
        a_wish(cut_by="Eve", cut_why="wrong device"),
        a_wish(a_grant(revoked_at=NOW, revoked_by="Eve", revoke_reason="patient")),
        a_wish(welcome=False),
        None,
    ):
        live = a_live_session()
        obey(live, [], wish)
        ends.append(live.ended_by[:2])
    assert ends == [
        (EndReason.CUT, "Eve"),
        (EndReason.REVOKED, "Eve"),
        (EndReason.REVOKED, ""),
        (EndReason.RECORDS_LOST, ""),
    ]


OLD = Derogation(
    "o1", "d1", DerogationKind.TELNET, (), "Dr Vasseur", "old", NOW - timedelta(days=1), NOW + timedelta(minutes=5),
    "Ruth", NOW,
)  # fmt: skip


async def test_R10_a_session_ends_with_the_derogation_it_stands_on(live):
    live.derogations = (OLD,)
    obey(live, [], a_wish(derogations=(OLD,)))
    assert live.live
    obey(live, [], a_wish(derogations=(OLD.withdraw("Ruth", NOW),)))
    assert live.ended_by == (EndReason.REVOKED, "", "the derogation for this device has ended")
    assert live.last_words().endswith("was withdrawn: the derogation for this device has ended.")


async def test_R10_or_when_its_time_is_over_unless_it_was_renewed(live):
    live.derogations = (OLD,)
    renewed = replace(OLD, id="o2", ends=NOW + timedelta(days=30))
    live._clock.move(minutes=5)
    obey(live, [], a_wish(derogations=(OLD, renewed)))
    assert live.live
    obey(live, [], a_wish(derogations=(OLD,)))
    assert live.ended_by[0] is EndReason.REVOKED


async def test_a_session_that_stands_on_none_minds_none(live):
    obey(live, [], a_wish(derogations=(OLD.withdraw("Ruth", NOW),)))
    assert live.live


async def test_a_lock_is_graver_than_a_cut(live):
    obey(live, [a_lock()], a_wish(cut_by="Eve", cut_why="x"))
    assert live.ended_by[0] is EndReason.LOCKED


async def test_freeze_and_thaw_follow_the_wish_and_are_said_once(live):
    obey(live, [], a_wish(frozen_by="Eve"))
    obey(live, [], a_wish(frozen_by="Eve"))
    assert live.state is SessionState.FROZEN
    obey(live, [], a_wish())
    obey(live, [], a_wish())
    assert live.state is SessionState.ACTIVE


@pytest.mark.parametrize("minutes", [120, 61, 59, 30])
async def test_a_window_made_longer_or_shorter_moves_the_end(live, minutes):
    obey(live, [], a_wish(a_grant(minutes=minutes)))
    assert live.end == NOW + timedelta(minutes=minutes)
    assert live.live


async def test_the_same_window_again_changes_nothing(live, monkeypatch):
    fed = []
    monkeypatch.setattr(live, "feed", fed.append)
    obey(live, [], a_wish())
    assert fed == []


async def test_a_session_that_is_ending_is_left_alone(live):
    live.feed(Killed(EndReason.CUT, "Eve", "x"))
    obey(live, [a_lock()], a_wish(frozen_by="Eve"))
    assert live.ended_by[0] is EndReason.CUT


async def test_R67_papers_that_ran_out_are_said_once_and_the_session_goes_on(live, monkeypatch):
    said = []
    monkeypatch.setattr(live, "tell", said.append)
    lacking = replace(a_wish(), lacks=(PaperKind.SECURITY_PLAN,))
    for wish in (a_wish(), lacking, lacking, a_wish(), lacking):
        obey(live, [], wish)
    assert live.live
    assert len(said) == 2, "once for each time it begins"
    wanting = "Papers of your company are missing at the hospital or have run out (security plan (PAS))."
    assert said[0].startswith(wanting)
