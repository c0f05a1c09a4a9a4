"""Connections that have not proved who they are yet: few enough, and never a reason to turn a newcomer away (T14).

When there are too many the oldest of the busiest source goes, not the one that comes: whoever floods the door from one
address drops his own connections. Somebody who has proved his key is dropped only when nobody else is left.
"""

import ipaddress
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST: Final = 256
MOST_FROM_ONE: Final = 64
MOST_NAMED: Final = 64
"""Sources told apart; when there are more, networks of more and more of them."""
_COARSER: Final = ((32, 128), (24, 64), (16, 48), (8, 32), (0, 0))
"""Bits of an IPv4 and of an IPv6 address that name a source."""


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


class Silent:
    """How many connections of each source were ended because nobody on them proved who he is, until they are told."""

    def __init__(self, most: int = MOST_NAMED) -> None:
        self._most = most
        self._counts: Counter[str] = Counter()
        self._step = 0

    def count(self, source: str) -> bool:
        """Count one; true for the first since the last telling."""
        first = not self._counts
        self._counts[_network(source, self._step)] += 1
        while len(self._counts) > self._most and self._step < len(_COARSER) - 1:
            self._step += 1
            coarser: Counter[str] = Counter()
            for known, count in self._counts.items():
                coarser[_network(known, self._step)] += count
            self._counts = coarser
        return first

    def take(self) -> dict[str, int]:
        """Address or network → how many since the last telling, the busiest first; begin anew."""
        counts, self._counts, self._step = dict(self._counts.most_common()), Counter(), 0
        return counts


def _network(source: str, step: int) -> str:
    """An address as it is, or the network that it, or a smaller network, lies in. What is neither is no address."""
    if step == 0:
        return source
    try:
        network = ipaddress.ip_network(source.partition("%")[0], strict=False)
    except ValueError:
        return ""
    old, new = _COARSER[step]
    if isinstance(network, ipaddress.IPv4Network):
        return str(network.supernet(new_prefix=min(old, network.prefixlen)))
    return str(network.supernet(new_prefix=min(new, network.prefixlen)))
