"""Connections that have not proved who they are yet: few enough, and never a reason to turn a newcomer away (T14).

When there are too many the oldest of the busiest source goes, not the one that comes: whoever floods the door from one
address drops his own connections. Somebody who has proved his key is dropped only when nobody else is left.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST: Final = 256
MOST_FROM_ONE: Final = 64


@dataclass(slots=True)
class Arrival:
    """One connection on its way in. `drop` ends it at once."""

    source: str
    drop: Callable[[], None]
    key_proved: bool = False


class HalfOpen:
    def __init__(self, most: int = MOST, most_from_one: int = MOST_FROM_ONE) -> None:
        self._most = most
        self._most_from_one = most_from_one
        self._arrivals: dict[int, Arrival] = {}  # in order of arrival
        self._sources: Counter[str] = Counter()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._arrivals)

    def came(self, arrival: Arrival) -> None:
        self._arrivals[id(arrival)] = arrival
        self._sources[arrival.source] += 1
        if self._sources[arrival.source] > self._most_from_one:
            self._drop_one(arrival.source, arrival)
        elif len(self._arrivals) > self._most:
            self._drop_one(self._sources.most_common(1)[0][0], arrival)

    def left(self, arrival: Arrival) -> None:
        """Gone, or let in. Idempotent."""
        if self._arrivals.pop(id(arrival), None) is not None:
            self._sources[arrival.source] -= 1
            self._sources += Counter()  # forget sources with nobody left

    def _drop_one(self, source: str, newcomer: Arrival) -> None:
        waiting = [c for c in self._arrivals.values() if c.source == source and c is not newcomer]
        victim = min(waiting, key=lambda c: c.key_proved, default=newcomer)  # min keeps the oldest of equals
        self.left(victim)
        self.dropped += 1
        victim.drop()


class Complaints:
    """How many failures of one source are worth a line each in the audit chain: a flood must not fill it."""

    def __init__(self, a_minute: int = 30, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._a_minute = a_minute
        self._monotonic = monotonic
        self._minute = 0
        self._counts: Counter[str] = Counter()

    def heard(self, source: str) -> bool:
        """Count one failure; true while it is still to be written down."""
        minute = int(self._monotonic() // 60)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
        self._counts[source] += 1
        return self._counts[source] <= self._a_minute
