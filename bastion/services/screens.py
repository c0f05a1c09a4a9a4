"""Looks at what terminals showed, as a recording is sealed: were there data of patients on the screen (R-39, R-44)?

What is found marks the recording as health data; the findings name kinds and counts and never repeat the data. The
look costs about 30 CPU seconds for each GiB of text, so it ends where nobody reads on: a person reads no 32 MiB from a
screen, and output without a terminal is mostly a file on its way, which the rules for files are there for.
"""

from typing import Final

from policies.guards.terminal import WHERE, TextGuard
from policies.guards.verdict import Finding, FindingKind
from recordings.model import TrackHead

ON_A_TERMINAL: Final = 32 << 20
WITHOUT: Final = 4 << 20
"""Bytes of one channel's output that are looked at."""


class ScreenGuard:
    """One channel's output; a `recordings.sealing.Screen`."""

    def __init__(self, head: TrackHead) -> None:
        self._guard = TextGuard()
        self._most = self._left = ON_A_TERMINAL if head.pty else WITHOUT
        self._more = False

    def feed(self, data: bytes) -> None:
        if self._left:
            self._guard.feed(data[: self._left])
        self._more = self._more or len(data) > self._left
        self._left = max(0, self._left - len(data))

    def findings(self) -> tuple[str, ...]:
        found = list(self._guard.verdict().findings)
        if self._more:
            looked_at = f"the first {self._most >> 20} MiB were looked at"
            found.append(Finding(FindingKind.TOO_LARGE, WHERE, 1, looked_at))
        return tuple(one.line for one in found)
