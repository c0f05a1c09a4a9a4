"""What people have decided about a session, and what is done with it: the gravest first."""

from datetime import timedelta

import pytest

from bastion.domain.lock import LockScope
from bastion.domain.session import EndReason, Killed, SessionState
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
