"""The watch over an intervention: who of the hospital follows it, and whether he is there at this moment (R-34).

A watch is of one person in one browser over one grant: whatever the technician opens under that grant is followed. The
open page says every quarter of a second that it is still there; that is counted, and whoever carries a session looks
whether the count moves. A page that is closed, a person who signed out or lost the duty, a network that is gone: the
count stands still, and the technician is held within a second (T10), whatever else fails.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

BEAT: Final = 0.25
"""Seconds between two signs of life."""
LOOK: Final = 0.15
"""Seconds between two looks at the counts."""
SILENCE: Final = 0.7
"""Seconds without a new sign of life, as seen by who looks, after which nobody is there; with `LOOK` below a second."""
LAPSE: Final = 30.0
"""Seconds of silence after which the watch is over: to follow again one takes it anew, with a code."""


class Left(StrEnum):
    """Why a watch ended."""

    BY_HAND = "by_hand"
    SILENT = "silent"
    NOT_ALLOWED = "not_allowed"
    SESSION_OVER = "session_over"


@dataclass(frozen=True, slots=True)
class Watch:
    """`holder` names the browser or token that gave the code; another one of the same person gives its own (T11).

    `present` is what the node that carries the session has last seen.
    """

    id: str
    grant_id: str
    session_id: str
    staff_id: str
    staff_name: str
    holder: str
    taken_at: datetime
    beats: int = 0
    present: bool = False
    left_at: datetime | None = None
    left_why: Left | None = None


@dataclass(slots=True)
class _Pulse:
    beats: int
    moved_at: float
    alive: bool = False


class Presence:
    """Judges from counts alone which watchers are there; clocks of other machines are not asked.

    A watch that is seen for the first time is not believed: its count must move first. So a page that closed before we
    began to look counts for nothing.
    """

    def __init__(self) -> None:
        self._pulses: dict[str, _Pulse] = {}

    def look(self, watches: Iterable[Watch], now: float) -> None:
        """Take the open watches as they are in the records at `now` (monotonic seconds)."""
        known, self._pulses = self._pulses, {}
        for watch in watches:
            pulse = known.get(watch.id) or _Pulse(watch.beats, now)
            if watch.beats != pulse.beats:
                pulse = _Pulse(watch.beats, now, alive=True)
            self._pulses[watch.id] = pulse

    def there(self, watch_id: str, now: float) -> bool:
        pulse = self._pulses.get(watch_id)
        return pulse is not None and pulse.alive and now - pulse.moved_at <= SILENCE

    def lapsed(self, watch_id: str, now: float) -> bool:
        pulse = self._pulses.get(watch_id)
        return pulse is not None and now - pulse.moved_at > LAPSE
