"""The session machine, explored: every sequence of events up to a depth, and the invariants on each step."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.device import ChannelKind
from bastion.domain.session import TABLE, Session, SessionState
from bastion.domain.session_effects import (
    Audit,
    CloseChannels,
    HoldInput,
    Notice,
    OpenChannel,
    RefusalReason,
    RefuseChannel,
    Say,
    SealRecording,
    WakeAt,
)
from bastion.domain.session_events import (
    BoxChanged,
    ChannelAsked,
    ChannelEnded,
    DeviceLost,
    EndReason,
    Event,
    Frozen,
    GrantBound,
    Killed,
    RecordingFailed,
    RecordingSealed,
    TechnicianLeft,
    Thawed,
    TimePassed,
    WatchersChanged,
)
from bastion.domain.timebox import TimeBox
from bastion.errors import IllegalTransition

T0 = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # half an hour before Paris leaps from 02:00 to 03:00
MINUTE = timedelta(minutes=1)
BOX = TimeBox(T0, T0 + 4 * MINUTE)
SHELL_ONLY = frozenset({ChannelKind.SHELL})


def bound(idle: timedelta = timedelta(), box: TimeBox = BOX) -> Session:
    session = Session()
    session.handle(GrantBound(box, SHELL_ONLY, idle), box.start)
    return session


def said(effects: list[object]) -> list[Notice]:
    return [effect.notice for effect in effects if isinstance(effect, Say)]


EVENTS: list[Event] = [
    GrantBound(BOX, SHELL_ONLY, timedelta()),
    ChannelAsked(1, ChannelKind.SHELL),
    ChannelAsked(2, ChannelKind.FORWARD),
    ChannelEnded(1),
    TimePassed(T0),
    BoxChanged(TimeBox(T0, T0 + 2 * MINUTE)),
    Frozen("eve"),
    Thawed("eve"),
    WatchersChanged(("eve",)),
    Killed(EndReason.CUT, "eve", "why"),
    TechnicianLeft(),
    DeviceLost(),
    RecordingFailed("disk"),
    RecordingSealed("digest"),
]


class Watcher:
    """Follows one run and holds the promises of design.md against each step."""

    def __init__(self) -> None:
        self.session, self.box = Session(), None
        self.closing, self.seals, self.closed, self.was_live = False, 0, 0, False

    def feed(self, event: Event, now: datetime) -> None:
        before = self.session.state
        try:
            effects = self.session.handle(event, now)
        except IllegalTransition:
            assert self.session.state is before
            assert type(event) not in TABLE[before]
            return
        assert self.session.state in TABLE[before][type(event)]
        if isinstance(event, GrantBound | BoxChanged) and before is not SessionState.CLOSING:
            self.box = event.box
        self.look(effects, now)

    def look(self, effects: list[object], now: datetime) -> None:
        for effect in effects:
            if isinstance(effect, OpenChannel):
                assert self.box is not None
                assert self.box.contains(now)
                assert not self.closing
                assert effect.kind in SHELL_ONLY
                assert self.session.state is SessionState.ACTIVE
            self.seals += isinstance(effect, SealRecording)
            self.closed += isinstance(effect, Audit) and effect.tag == "session:closed"
            if isinstance(effect, CloseChannels):
                assert not self.closing, "channels are closed once"
                self.closing = True
        live = self.session.state in {SessionState.ACTIVE, SessionState.FROZEN}
        self.was_live |= live
        assert self.seals == (1 if self.closing and self.was_live else 0)
        assert self.closed <= self.seals
        assert not self.closing or not live
        assert not self.closing or self.session.end_reason is not None


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_every_sequence_keeps_the_promises(depth):
    for events in itertools.product(EVENTS, repeat=depth):
        watcher = Watcher()
        for number, event in enumerate(events):
            watcher.feed(event, T0 + number * timedelta(seconds=50))


def test_every_longer_life_of_a_bound_session_keeps_the_promises():
    for events in itertools.product(EVENTS[1:], repeat=4):
        watcher = Watcher()
        watcher.feed(EVENTS[0], T0)
        for number, event in enumerate(events):
            watcher.feed(event, T0 + number * timedelta(seconds=70))


def test_every_state_and_event_of_the_table_is_reachable():
    seen = set()
    for events in itertools.product(EVENTS, repeat=4):
        session = Session()
        for number, event in enumerate(events):
            state = session.state
            try:
                session.handle(event, T0 + number * timedelta(seconds=70))
            except IllegalTransition:
                break
            seen.add((state, type(event), session.state))
    told = {(s, e, t) for s, row in TABLE.items() for e, targets in row.items() for t in targets}
    # An extension never ends a session by itself; only a box that is already over does, and that needs a later clock.
    assert seen <= told
    assert {(s, e) for s, e, _ in told} == {(s, e) for s, e, _ in seen}


def test_a_channel_before_any_grant_is_refused():
    effects = Session().handle(ChannelAsked(1, ChannelKind.SHELL), T0)
    assert RefuseChannel(1, RefusalReason.NO_GRANT) in effects


def test_a_kind_that_was_not_granted_is_refused_and_the_session_goes_on():
    session = bound()
    effects = session.handle(ChannelAsked(1, ChannelKind.FORWARD, "x:22"), T0)
    assert RefuseChannel(1, RefusalReason.KIND_NOT_GRANTED) in effects
    assert session.state is SessionState.ACTIVE


def test_the_end_of_the_box_is_outside_it():
    session = bound()
    assert any(isinstance(e, OpenChannel) for e in session.handle(ChannelAsked(1, ChannelKind.SHELL), BOX.end - MINUTE))
    effects = session.handle(ChannelAsked(2, ChannelKind.SHELL), BOX.end)
    assert RefuseChannel(2, RefusalReason.OUTSIDE_BOX) in effects
    assert session.end_reason is EndReason.TIME_OVER


def test_time_over_says_so_closes_and_seals_in_that_order():
    effects = bound().handle(TimePassed(T0), BOX.end)
    kinds = [type(effect) for effect in effects]
    assert kinds == [Say, CloseChannels, Audit, SealRecording]
    assert effects[0].params["reason"] is EndReason.TIME_OVER


def test_a_warning_is_said_once():
    session = bound()
    at = BOX.end - MINUTE
    assert said(session.handle(TimePassed(T0), at)) == [Notice.TIME_LEFT]
    assert said(session.handle(TimePassed(T0), at + timedelta(seconds=1))) == []


def test_a_clock_that_leaps_past_a_warning_still_says_the_nearest():
    box = TimeBox(T0, T0 + 60 * MINUTE)
    session = bound(box=box)
    effects = session.handle(TimePassed(T0), box.end - timedelta(seconds=30))
    assert [e.params["minutes"] for e in effects if isinstance(e, Say)] == [1]


def test_a_clock_that_leaps_past_the_end_closes():
    session = bound()
    session.handle(TimePassed(T0), BOX.end + timedelta(days=1))
    assert session.end_reason is EndReason.TIME_OVER


def test_a_clock_set_back_before_the_box_closes():
    session = bound()
    session.handle(TimePassed(T0), BOX.start - timedelta(seconds=1))
    assert session.end_reason is EndReason.TIME_OVER


def test_idle_warns_then_closes():
    session = bound(idle=2 * MINUTE)
    assert said(session.handle(TimePassed(T0), T0 + MINUTE)) == [Notice.IDLE_SOON]
    assert said(session.handle(TimePassed(T0), T0 + MINUTE + timedelta(seconds=10))) == []
    session.handle(TimePassed(T0), T0 + 2 * MINUTE)
    assert session.end_reason is EndReason.IDLE


def test_activity_moves_the_idle_limit():
    session = bound(idle=2 * MINUTE)
    active = T0 + MINUTE
    effects = session.handle(TimePassed(active), T0 + 2 * MINUTE)
    assert session.state is SessionState.ACTIVE
    assert said(effects) == [Notice.IDLE_SOON]
    assert [e.when for e in effects if isinstance(e, WakeAt)] == [T0 + 3 * MINUTE]


def test_a_frozen_technician_is_not_idle_but_his_time_runs():
    session = bound(idle=MINUTE)
    assert HoldInput(on=True) in session.handle(Frozen("eve"), T0)
    session.handle(TimePassed(T0), T0 + 3 * MINUTE)
    assert session.state is SessionState.FROZEN
    session.handle(TimePassed(T0), BOX.end)
    assert session.end_reason is EndReason.TIME_OVER


def test_frozen_refuses_new_channels_until_thawed():
    session = bound()
    session.handle(Frozen("eve"), T0)
    assert RefuseChannel(1, RefusalReason.FROZEN) in session.handle(ChannelAsked(1, ChannelKind.SHELL), T0)
    assert HoldInput(on=False) in session.handle(Thawed("eve"), T0)
    assert any(isinstance(e, OpenChannel) for e in session.handle(ChannelAsked(2, ChannelKind.SHELL), T0))


def test_an_extension_moves_the_end_and_is_said():
    session = bound()
    longer = TimeBox(T0, BOX.end + 5 * MINUTE)
    assert said(session.handle(BoxChanged(longer), T0 + MINUTE)) == [Notice.EXTENDED]
    session.handle(TimePassed(T0), BOX.end)
    assert session.state is SessionState.ACTIVE


def test_a_box_cut_short_ends_the_session():
    session = bound()
    session.handle(BoxChanged(TimeBox(T0, T0 + MINUTE)), T0 + 2 * MINUTE)
    assert session.end_reason is EndReason.TIME_OVER


def test_the_first_reason_to_end_is_the_one_kept():
    session = bound()
    session.handle(Killed(EndReason.LOCKED, "eve", "crisis"), T0)
    assert session.handle(TechnicianLeft(), T0) == []
    closed = session.handle(RecordingSealed("d"), T0)
    assert closed == [Audit("session:closed", {"reason": EndReason.LOCKED, "digest": "d"})]
    with pytest.raises(IllegalTransition):
        session.handle(RecordingSealed("d"), T0)


def test_a_failed_recording_raises_the_alarm_and_ends():
    effects = bound().handle(RecordingFailed("No space left on device"), T0)
    assert effects[0] == Audit("recording:failed", {"detail": "No space left on device"})
    assert any(isinstance(e, CloseChannels) for e in effects)


def test_leaving_the_lobby_seals_nothing():
    session = Session()
    effects = session.handle(TechnicianLeft(), T0)
    assert session.state is SessionState.CLOSED
    assert not any(isinstance(e, SealRecording) for e in effects)


def test_ended_channels_are_told_apart():
    session = bound()
    session.handle(ChannelAsked(1, ChannelKind.SHELL), T0)
    assert dict(session.open_channels) == {1: ChannelKind.SHELL}
    closed = Audit("channel:closed", {"channel": 1, "kind": ChannelKind.SHELL, "outcome": "exit 0"})
    assert session.handle(ChannelEnded(1, "exit 0"), T0) == [closed]
    assert session.handle(ChannelEnded(1), T0) == []
    assert session.box == BOX
