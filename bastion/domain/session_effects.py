"""What a session's machine wants done: `session` decides, `proxy/live_session.py` carries it out, in order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from bastion.domain.device import ChannelKind

if TYPE_CHECKING:
    from bastion.domain.session_events import EndReason


@dataclass(frozen=True, slots=True)
class OpenChannel:
    number: int
    kind: ChannelKind
    detail: str


class RefusalReason(StrEnum):
    NO_GRANT = "no_grant"
    OUTSIDE_BOX = "outside_box"
    KIND_NOT_GRANTED = "kind_not_granted"
    FROZEN = "frozen"
    UNWATCHED = "unwatched"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class RefuseChannel:
    number: int
    reason: RefusalReason


class Notice(StrEnum):
    """What the technician is told; the edge finds the words in his language."""

    TIME_LEFT = "time_left"
    IDLE_SOON = "idle_soon"
    FROZEN = "frozen"
    FROZEN_FIRST = "frozen_first"
    THAWED = "thawed"
    UNWATCHED = "unwatched"
    WATCHED = "watched"
    WATCHERS = "watchers"
    EXTENDED = "extended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Say:
    notice: Notice
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WakeAt:
    when: datetime


@dataclass(frozen=True, slots=True)
class HoldInput:
    on: bool


@dataclass(frozen=True, slots=True)
class HideOutput:
    """Show the technician nothing of what the device says; it is recorded all the same."""

    on: bool


@dataclass(frozen=True, slots=True)
class CloseChannels:
    reason: "EndReason"


@dataclass(frozen=True, slots=True)
class SealRecording:
    pass


@dataclass(frozen=True, slots=True)
class Audit:
    """A fact for the audit chain; `tag` is one of `domain/events.py`."""

    tag: str
    fields: Mapping[str, object] = field(default_factory=dict)


Effect = (
    OpenChannel | RefuseChannel | Say | WakeAt | HoldInput | HideOutput | CloseChannels | SealRecording | Audit
)  # fmt: skip
