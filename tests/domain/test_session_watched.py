"""A session that somebody of the hospital must follow (R-34): frozen whenever nobody does."""

import itertools
from datetime import UTC, datetime, timedelta

from bastion.domain.device import ChannelKind
from bastion.domain.session import Session, SessionState
from bastion.domain.session_effects import (
    Audit,
    CloseChannels,
    HideOutput,
    HoldInput,
    Notice,
    OpenChannel,
    RefusalReason,
    RefuseChannel,
    Say,
)
from bastion.domain.session_events import (
    BoxChanged,
    ChannelAsked,
    ChannelEnded,
    EndReason,
    Event,
    Frozen,
    GrantBound,
    Killed,
    TechnicianLeft,
    Thawed,
    TimePassed,
    WatchersChanged,
)
from bastion.domain.timebox import TimeBox
from bastion.errors import IllegalTransition

T0 = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
BOX = TimeBox(T0, T0 + timedelta(hours=1))
IDLE = timedelta(minutes=15)
GRANT = GrantBound(BOX, frozenset({ChannelKind.SHELL}), IDLE, watcher=True)
EVE, BOTH, NOBODY = WatchersChanged(("Eve",)), WatchersChanged(("Eve", "Max")), WatchersChanged(())
HELD = [HoldInput(on=True), HideOutput(on=True)]
SHELL = ChannelAsked(1, ChannelKind.SHELL)


def life(*events: Event, minutes: int = 0) -> tuple[Session, list]:
    """Play events, all `minutes` after the beginning; return the session and the last one's effects."""
    session, effects = Session(), []
    for event in (GRANT, *events):
        effects = session.handle(event, T0 + timedelta(minutes=minutes if event is not GRANT else 0))
    return session, effects


def said(effects: list) -> list:
    return [(one.notice, one.params["by"]) for one in effects if isinstance(one, Say)]


def test_R34_it_begins_frozen_both_ways_and_refuses_channels():
    session, effects = life()
    assert session.state is SessionState.FROZEN
    assert effects[:2] == HELD
    assert said(effects) == [(Notice.UNWATCHED, "")]
    assert Audit("session:unwatched", {"by": ""}) in effects
    refused = session.handle(SHELL, T0)
    assert refused[-1] == RefuseChannel(1, RefusalReason.UNWATCHED)
    assert not session.open_channels


def test_a_watcher_lets_it_go_on_and_stands_in_the_trail():
    session, effects = life(EVE)
    assert session.state is SessionState.ACTIVE
    assert effects[:2] == [HideOutput(on=False), HoldInput(on=False)]
    assert said(effects) == [(Notice.WATCHED, "Eve")]
    assert Audit("session:watched", {"by": "Eve"}) in effects
    assert OpenChannel(1, ChannelKind.SHELL, "") in session.handle(SHELL, T0)


def test_T10_when_the_last_one_leaves_nothing_passes_either_way_and_no_channel_is_closed():
    session, _ = life(BOTH, SHELL)
    assert said(session.handle(EVE, T0)) == [(Notice.WATCHERS, "Eve")]
    assert session.state is SessionState.ACTIVE
    left = session.handle(NOBODY, T0)
    assert session.state is SessionState.FROZEN
    assert left[:2] == HELD
    assert said(left) == [(Notice.UNWATCHED, "Eve")]
    assert Audit("session:unwatched", {"by": "Eve"}) in left
    assert not any(isinstance(one, CloseChannels) for one in left)
    assert list(session.open_channels) == [1]


def test_nothing_is_said_twice():
    session, _ = life(EVE)
    assert session.handle(EVE, T0) == []


def test_a_frozen_session_stays_frozen_when_somebody_comes_and_unwatched_when_it_is_thawed():
    session, came = life(Frozen("Ruth"), EVE)
    assert session.state is SessionState.FROZEN
    assert HoldInput(on=False) not in came
    assert HideOutput(on=False) in came
    assert session.handle(SHELL, T0)[-1] == RefuseChannel(1, RefusalReason.FROZEN)
    assert HoldInput(on=False) in session.handle(Thawed("Ruth"), T0)
    assert session.state is SessionState.ACTIVE

    session, thawed = life(Frozen("Ruth"), Thawed("Ruth"))
    assert session.state is SessionState.FROZEN
    assert HoldInput(on=False) not in thawed
    assert said(thawed) == [(Notice.UNWATCHED, "")]


def test_R35_the_time_he_was_held_is_not_held_against_him():
    session, _ = life(EVE, minutes=20)
    asked = session.handle(TimePassed(T0), T0 + timedelta(minutes=20, seconds=1))
    assert session.state is SessionState.ACTIVE, "he could not type for twenty minutes"
    assert not any(isinstance(one, Say) for one in asked)
    session.handle(TimePassed(T0), T0 + timedelta(minutes=35))
    assert (session.state, session.end_reason) == (SessionState.CLOSING, EndReason.IDLE)


def test_nobody_need_follow_what_no_rule_asks_to_be_followed():
    session = Session()
    session.handle(GrantBound(BOX, frozenset({ChannelKind.SHELL}), IDLE), T0)
    assert (session.state, session.unwatched) == (SessionState.ACTIVE, False)
    assert session.handle(NOBODY, T0) == []
    assert session.state is SessionState.ACTIVE


def test_every_life_keeps_the_promise():
    """Whatever comes in whatever order: with nobody there, the session is not active and no channel opens."""
    events = [EVE, NOBODY, SHELL, ChannelEnded(1), Frozen("Ruth"), Thawed("Ruth"), BoxChanged(BOX), TechnicianLeft(),
              Killed(EndReason.CUT, "Ruth", "why"), TimePassed(T0)]  # fmt: skip
    for run in itertools.product(events, repeat=4):
        session, there = Session(), False
        for event in (GRANT, *run):
            try:
                effects = session.handle(event, T0)
            except IllegalTransition:
                continue
            there = bool(event.names) if isinstance(event, WatchersChanged) else there
            opened = any(isinstance(one, OpenChannel) for one in effects)
            assert there or (session.state is not SessionState.ACTIVE and not opened)
            assert not opened or session.state is SessionState.ACTIVE
