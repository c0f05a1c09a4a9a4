"""The time a session lives by: a step of the machine's clock neither lengthens a session nor brings one back."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from bastion import clock


class SteadyClock:
    """The later of the wall clock and of what has really passed since the session began.

    Set back, the wall clock is overruled by the elapsed time; set forward, it wins and the session ends early.
    """

    def __init__(
        self, wall: Callable[[], datetime] | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall or _wall
        self._monotonic = monotonic
        self._anchor = self._wall()
        self._since = monotonic()

    def now(self) -> datetime:
        return max(self._wall(), self._anchor + timedelta(seconds=self._monotonic() - self._since))


def _wall() -> datetime:
    return clock.now()
