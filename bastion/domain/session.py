"""A technician's connection under one grant, as a pure machine: events come in, effects go out.

`LOBBY → ACTIVE ⇄ FROZEN → CLOSING → CLOSED`. `TABLE` is the single truth for what may follow what; an event that the
table does not list for a state raises `IllegalTransition` and changes nothing. `proxy/live_session.py` carries the
effects out.

FROZEN has two causes, which may hold together: a person froze the session, or the grant demands that somebody of the
hospital follows it and nobody does (R-34). Such a session begins frozen. Without a watcher the technician sees nothing
either (T10); the device keeps its connection in both cases.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

from bastion.domain.device import ChannelKind
from bastion.domain.machine import step
from bastion.domain.quiet import Quiet
from bastion.domain.session_effects import (
    Audit,
    CloseChannels,
    Effect,
    HideOutput,
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


class SessionState(StrEnum):
    LOBBY = "lobby"
    ACTIVE = "active"
    FROZEN = "frozen"  # the technician's input is held back; the device connection stays (domain 3.3)
    CLOSING = "closing"
    CLOSED = "closed"


S = SessionState
_ENDINGS: tuple[type, ...] = (Killed, TechnicianLeft, DeviceLost, RecordingFailed)
_ENDS: dict[type, frozenset[SessionState]] = dict.fromkeys(_ENDINGS, frozenset({S.CLOSING}))
_HEARD_LATE: tuple[type, ...] = (ChannelAsked, ChannelEnded, TimePassed, WatchersChanged)
_STAY_CLOSING = frozenset({S.CLOSING})
_CLOSED = frozenset({S.CLOSED})
TABLE: Mapping[SessionState, Mapping[type, frozenset[SessionState]]] = MappingProxyType(
    {
        S.LOBBY: {
            GrantBound: frozenset({S.ACTIVE, S.FROZEN}),
            ChannelAsked: frozenset({S.LOBBY}),
            TimePassed: frozenset({S.LOBBY}),
            **dict.fromkeys(_ENDINGS, _CLOSED),  # nothing was recorded, so there is nothing to seal
        },
        S.ACTIVE: {
            ChannelAsked: frozenset({S.ACTIVE, S.CLOSING}),
            ChannelEnded: frozenset({S.ACTIVE}),
            TimePassed: frozenset({S.ACTIVE, S.CLOSING}),
            BoxChanged: frozenset({S.ACTIVE, S.CLOSING}),
            Frozen: frozenset({S.FROZEN}),
            WatchersChanged: frozenset({S.ACTIVE, S.FROZEN}),
            **_ENDS,
        },
        S.FROZEN: {
            ChannelAsked: frozenset({S.FROZEN, S.CLOSING}),
            ChannelEnded: frozenset({S.FROZEN}),
            TimePassed: frozenset({S.FROZEN, S.CLOSING}),
            BoxChanged: frozenset({S.FROZEN, S.CLOSING}),
            Frozen: frozenset({S.FROZEN}),
            Thawed: frozenset({S.ACTIVE, S.FROZEN}),
            WatchersChanged: frozenset({S.ACTIVE, S.FROZEN}),
            **_ENDS,
        },
        S.CLOSING: {
            RecordingSealed: frozenset({S.CLOSED}),
            **dict.fromkeys((*_HEARD_LATE, BoxChanged, *_ENDINGS), _STAY_CLOSING),
        },
        S.CLOSED: dict.fromkeys((*_HEARD_LATE, *_ENDINGS), _CLOSED),
    }
)
_LIVE = frozenset({S.ACTIVE, S.FROZEN})
_OVER = frozenset({S.CLOSING, S.CLOSED})
_HEARD_TO_THE_END = (ChannelAsked, ChannelEnded, RecordingSealed)


class Session:
    """One live session. `handle` is the only way in; it returns what must now be done, in order."""

    __slots__ = (
        "_active_since", "_box", "_by_hand", "_channels", "_open", "_quiet", "_quiet_said", "_seen", "_untouched",
        "_watcher", "end_reason", "state", "watchers",
    )  # fmt: skip

    def __init__(self) -> None:
        self.state = S.LOBBY
        self.end_reason: EndReason | None = None
        self._box: TimeBox | None = None
        self._channels: frozenset[ChannelKind] = frozenset()
        self._quiet = Quiet()
        self._quiet_said: datetime | None = None  # since when the technician was silent who was warned last
        self._open: dict[int, ChannelKind] = {}
        self._seen: datetime | None = None
        self._active_since: datetime | None = None
        self._by_hand = False
        self._untouched = False  # it began frozen and nobody has thawed it yet
        self._watcher = False
        self.watchers: tuple[str, ...] = ()
        """Who of the hospital follows it."""

    @property
    def frozen_by_hand(self) -> bool:
        return self._by_hand

    @property
    def unwatched(self) -> bool:
        """Somebody must follow it, and nobody does."""
        return self._watcher and not self.watchers

    @property
    def open_channels(self) -> Mapping[int, ChannelKind]:
        return MappingProxyType(self._open)

    @property
    def box(self) -> TimeBox | None:
        return self._box

    def handle(self, event: Event, now: datetime) -> list[Effect]:
        """Take one event at `now`; return the effects, in order. Raises `IllegalTransition`, changing nothing."""
        step(TABLE, self.state, type(event))
        if self.state in _OVER and not isinstance(event, _HEARD_TO_THE_END):
            return []
        return self._HANDLERS[type(event)](self, event, now)

    def _bound(self, event: GrantBound, now: datetime) -> list[Effect]:
        self._box, self._channels, self._quiet, self._seen = event.box, event.channels, Quiet(event.idle), now
        self._watcher = event.watcher
        wake = self._next_wake(now, now)
        first = self._held_first(event.frozen_by)
        if self._watcher:
            self.state = S.FROZEN
            return [*first, *self._unwatched(()), *wake]
        if not first:
            self._go_on(now)
        return [*first, *wake]

    def _held_first(self, by: str) -> list[Effect]:
        """Begin frozen, if somebody agreed on that condition: a terminal may open, with its keys held back."""
        if not by:
            return []
        self.state, self._by_hand, self._untouched = S.FROZEN, True, True
        return [HoldInput(on=True), Say(Notice.FROZEN_FIRST, {"by": by}), Audit("session:frozen", {"by": by})]

    def _go_on(self, now: datetime) -> None:
        self.state, self._active_since = S.ACTIVE, now

    def _asked(self, event: ChannelAsked, now: datetime) -> list[Effect]:
        why = self._objection(event.kind, now)
        facts = {"channel": event.number, "kind": event.kind, "detail": event.detail}
        if why is None:
            self._open[event.number] = event.kind
            return [Audit("channel:opened", facts), OpenChannel(event.number, event.kind, event.detail)]
        refusal: list[Effect] = [Audit("channel:refused", {**facts, "why": why}), RefuseChannel(event.number, why)]
        return [*refusal, *self._close(EndReason.TIME_OVER)] if why is RefusalReason.OUTSIDE_BOX else refusal

    def _channel_ended(self, event: ChannelEnded, _now: datetime) -> list[Effect]:
        kind = self._open.pop(event.number, None)
        if kind is None:
            return []
        return [Audit("channel:closed", {"channel": event.number, "kind": kind, "outcome": event.detail})]

    def _sealed(self, event: RecordingSealed, _now: datetime) -> list[Effect]:
        self.state = S.CLOSED
        return [Audit("session:closed", {"reason": self.end_reason, "digest": event.digest})]

    def _frozen(self, event: Frozen, _now: datetime) -> list[Effect]:
        if self._by_hand:
            return []
        self.state, self._by_hand = S.FROZEN, True
        return [HoldInput(on=True), Say(Notice.FROZEN, {"by": event.by}), Audit("session:frozen", {"by": event.by})]

    def _thawed(self, event: Thawed, now: datetime) -> list[Effect]:
        if not self._by_hand:
            return []
        self._by_hand = self._untouched = False
        thawed = Audit("session:thawed", {"by": event.by})
        if self.unwatched:
            return [Say(Notice.UNWATCHED, {"by": ""}), thawed]
        self._go_on(now)
        return [HoldInput(on=False), Say(Notice.THAWED, {"by": event.by}), thawed]

    def _watchers_changed(self, event: WatchersChanged, now: datetime) -> list[Effect]:
        before, self.watchers = self.watchers, event.names
        if event.names == before or not self._watcher:
            return []
        if not event.names:
            self.state = S.FROZEN
            return self._unwatched(before)
        by = {"by": ", ".join(event.names)}
        noted = Audit("session:watched", by)
        if before or self._by_hand:
            return [HideOutput(on=False), Say(Notice.WATCHERS, by), noted]
        self._go_on(now)
        return [HideOutput(on=False), HoldInput(on=False), Say(Notice.WATCHED, by), noted]

    @staticmethod
    def _unwatched(left: tuple[str, ...]) -> list[Effect]:
        by = {"by": ", ".join(left)}
        return [
            HoldInput(on=True), HideOutput(on=True), Say(Notice.UNWATCHED, by), Audit("session:unwatched", by)
        ]  # fmt: skip

    def _killed(self, event: Killed, _now: datetime) -> list[Effect]:
        return self._close(event.reason, by=event.by, why=event.why)

    def _technician_left(self, _event: TechnicianLeft, _now: datetime) -> list[Effect]:
        return self._close(EndReason.TECHNICIAN_LEFT)

    def _device_lost(self, event: DeviceLost, _now: datetime) -> list[Effect]:
        return self._close(EndReason.DEVICE_LOST, why=event.detail)

    def _recording_failed(self, event: RecordingFailed, _now: datetime) -> list[Effect]:
        return [Audit("recording:failed", {"detail": event.detail}), *self._close(EndReason.RECORDING_FAILED)]

    def _objection(self, kind: ChannelKind, now: datetime) -> RefusalReason | None:
        if self.state is S.LOBBY or self._box is None:
            return RefusalReason.NO_GRANT
        if self.state not in _LIVE:
            return RefusalReason.ENDING
        if not self._box.contains(now):
            return RefusalReason.OUTSIDE_BOX
        if kind not in self._channels:
            return RefusalReason.KIND_NOT_GRANTED
        if self.state is S.FROZEN and self.unwatched:
            return RefusalReason.UNWATCHED
        return RefusalReason.FROZEN if self.state is S.FROZEN and not self._may_wait(kind) else None

    def _may_wait(self, kind: ChannelKind) -> bool:
        """Whoever must wait from the start waits in a terminal; a command or a file would act at once."""
        return self._untouched and kind is ChannelKind.SHELL

    def _time_passed(self, event: TimePassed, now: datetime) -> list[Effect]:
        if self._box is None or self._seen is None:
            return []
        # Silence while he was frozen is not held against him, then or later.
        quiet_since = max(event.quiet_since, self._active_since or event.quiet_since)
        if not self._box.contains(now):
            return self._close(EndReason.TIME_OVER)
        if self.state is S.ACTIVE and self._quiet.over(quiet_since, now):  # whoever is frozen cannot type
            return self._close(EndReason.IDLE)
        effects: list[Effect] = []
        warning = self._box.due_warning(self._seen, now)
        self._seen = max(self._seen, now)
        if warning is not None:
            effects.append(Say(Notice.TIME_LEFT, {"minutes": round(warning.total_seconds() / 60)}))
        if self.state is S.ACTIVE and self._quiet.near(quiet_since, now) and self._quiet_said != quiet_since:
            self._quiet_said = quiet_since
            left = self._quiet.left(quiet_since, now)
            effects.append(Say(Notice.IDLE_SOON, {"seconds": round(left.total_seconds())}))
        return [*effects, *self._next_wake(quiet_since, now)]

    def _box_changed(self, event: BoxChanged, now: datetime) -> list[Effect]:
        box = event.box
        later = self._box is not None and box.end > self._box.end
        self._box = box
        if not box.contains(now):
            return self._close(EndReason.TIME_OVER)
        said: list[Effect] = [Say(Notice.EXTENDED, {"end": box.end})] if later else []
        return [*said, *self._next_wake(now, now)]

    def _next_wake(self, quiet_since: datetime, now: datetime) -> list[Effect]:
        if self._box is None:
            return []
        return [WakeAt(min([self._box.next_wake(now), *self._quiet.moments(quiet_since, now)]))]

    def _close(self, reason: EndReason, by: str = "", why: str = "") -> list[Effect]:
        """Leave for CLOSING: say why, cut every channel, seal what there is. A lobby has nothing to seal."""
        was_live = self.state in _LIVE
        self.state, self.end_reason = S.CLOSING, reason
        said = Say(Notice.ENDED, {"reason": reason, "by": by, "why": why})
        if not was_live:
            self.state = S.CLOSED
            return [said, CloseChannels(reason)]
        ending = Audit("session:ending", {"reason": reason, "by": by, "why": why})
        return [said, CloseChannels(reason), ending, SealRecording()]

    _HANDLERS: ClassVar[Mapping[type, Callable[["Session", Any, datetime], list[Effect]]]] = MappingProxyType(
        {
            GrantBound: _bound,
            ChannelAsked: _asked,
            ChannelEnded: _channel_ended,
            TimePassed: _time_passed,
            BoxChanged: _box_changed,
            Frozen: _frozen,
            Thawed: _thawed,
            WatchersChanged: _watchers_changed,
            Killed: _killed,
            TechnicianLeft: _technician_left,
            DeviceLost: _device_lost,
            RecordingFailed: _recording_failed,
            RecordingSealed: _sealed,
        }
    )
