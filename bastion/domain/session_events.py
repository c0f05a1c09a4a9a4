"""What may happen to a session: the events its machine takes (`domain/session.py`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bastion.domain.device import ChannelKind
from bastion.domain.timebox import TimeBox


class EndReason(StrEnum):
    TECHNICIAN_LEFT = "technician_left"
    TIME_OVER = "time_over"
    IDLE = "idle"
    CUT = "cut"
    LOCKED = "locked"
    REVOKED = "revoked"
    DEVICE_LOST = "device_lost"
    RECORDING_FAILED = "recording_failed"
    RECORDS_LOST = "records_lost"  # no database for longer than the lock view may age
    SHUTDOWN = "shutdown"
    CRASHED = "crashed"  # written by the next start for a session whose node died


@dataclass(frozen=True, slots=True)
class GrantBound:
    box: TimeBox
    channels: frozenset[ChannelKind]
    idle: timedelta
    watcher: bool = False
    """Somebody of the hospital must follow the session."""
    frozen_by: str = ""
    """Who demanded that the session begins frozen; empty if nobody did."""


@dataclass(frozen=True, slots=True)
class ChannelAsked:
    number: int
    kind: ChannelKind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ChannelEnded:
    number: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """`quiet_since` is when the technician last sent anything."""

    quiet_since: datetime


@dataclass(frozen=True, slots=True)
class BoxChanged:
    box: TimeBox


@dataclass(frozen=True, slots=True)
class Frozen:
    by: str


@dataclass(frozen=True, slots=True)
class Thawed:
    by: str


@dataclass(frozen=True, slots=True)
class WatchersChanged:
    """Who of the hospital follows the session from now on; nobody when empty."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Killed:
    """Somebody or something ends the session: `reason` says which door, `by` and `why` are for people."""

    reason: EndReason
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class TechnicianLeft:
    pass


@dataclass(frozen=True, slots=True)
class DeviceLost:
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    detail: str


@dataclass(frozen=True, slots=True)
class RecordingSealed:
    digest: str


Event = (
    GrantBound | ChannelAsked | ChannelEnded | TimePassed | BoxChanged | Frozen | Thawed | WatchersChanged | Killed
    | TechnicianLeft | DeviceLost | RecordingFailed | RecordingSealed
)  # fmt: skip
