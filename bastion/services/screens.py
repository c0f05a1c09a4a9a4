"""Looks at terminals as a recording is sealed: were there data of patients on the screen (R-39, R-44), and which kinds
of commands were typed (R-60)?

What is found marks the recording; the findings name kinds and counts and never repeat the data, nor a line. The look
costs about 30 CPU seconds for each GiB of text, so it ends where nobody reads on: a person reads no 32 MiB from a
screen, and output without a terminal is mostly a file on its way, which the rules for files are there for.
"""

from collections import Counter
from typing import Final

from bastion.domain.act import Act, Seen
from bastion.domain.command_line import LONGEST, acts_of, reads_commands
from policies.guards.terminal import WHERE, TextGuard
from policies.guards.typed import COMPLETED, Fate, TypedLines
from policies.guards.verdict import Finding, FindingKind
from recordings.model import TrackHead, TrackKind

ON_A_TERMINAL: Final = 32 << 20
WITHOUT: Final = 4 << 20
"""Bytes of one channel's output that are looked at."""
TYPED: Final = 256 << 10
"""Bytes of what was typed on one channel that are read: far more than a person types in a day."""


class ScreenGuard:
    """One channel's input and output; a `recordings.sealing.Screen`."""

    def __init__(self, head: TrackHead, began: float = 0.0) -> None:
        self._guard = TextGuard()
        self._most = self._left = ON_A_TERMINAL if head.pty else WITHOUT
        self._more = False
        self._reader = CommandReader(head, began)

    def feed(self, data: bytes) -> None:
        if self._left:
            self._guard.feed(data[: self._left])
            self._reader.shown(data[: self._left])
        self._more = self._more or len(data) > self._left
        self._left = max(0, self._left - len(data))

    def typed(self, data: bytes, at: float) -> None:
        self._reader.typed(data, at)

    def findings(self) -> tuple[str, ...]:
        found = list(self._guard.verdict().findings)
        if self._more:
            looked_at = f"the first {self._most >> 20} MiB were looked at"
            found.append(Finding(FindingKind.TOO_LARGE, WHERE, 1, looked_at))
        return tuple(one.line for one in found)

    def acts(self) -> tuple[str, ...]:
        return self._reader.acts()


class CommandReader:
    """Counts what the command lines of one channel do, by kind. No line outlives the call it came by.

    `began` and `at` are seconds since the recording began.
    """

    def __init__(self, head: TrackHead, began: float) -> None:
        self._head = head
        self._counts: Counter[Act] = Counter()
        self._first: dict[Act, int] = {}
        self._left = TYPED
        self._lines = TypedLines(self._take)
        self._rest = bytearray()
        self._reads = head.kind is TrackKind.SHELL or reads_commands(head.command)
        self._at = began
        if head.kind is TrackKind.EXEC and head.command:
            self._take(Fate.READ, head.command, began)

    def typed(self, data: bytes, at: float) -> None:
        self._at = at
        if len(data) > self._left or self._lines.tired:
            self._note(Act.CUT_SHORT, at)
        data, self._left = data[: self._left], max(0, self._left - len(data))
        if self._head.pty:
            self._lines.typed(data, at)
        elif self._reads:
            self._plain(data, at)
        elif data:
            self._note(Act.PIPED, at)

    def shown(self, data: bytes) -> None:
        if not self._head.pty:
            return
        before = self._lines.whole_screens
        self._lines.shown(data)
        if more := self._lines.whole_screens - before:
            self._note(Act.FULLSCREEN, self._at, more)

    def acts(self) -> tuple[str, ...]:
        """What was seen by now; ask once, at the end."""
        self._lines.end()
        if self._rest:
            self._plain(b"\n", self._at)
        return tuple(
            Seen(act, self._counts[act], self._head.number, self._first[act]).line for act in Act if self._counts[act]
        )

    def _plain(self, data: bytes, at: float) -> None:
        """What a shell without a terminal reads: nothing is echoed there, and nothing asked for in secret."""
        *lines, rest = (bytes(self._rest) + data).split(b"\n")
        self._rest[:] = rest[: 4 * LONGEST]
        for line in lines:
            if line.strip():
                self._take(Fate.READ, line.decode("utf-8", "replace"), at)

    def _take(self, fate: Fate, line: str, at: float) -> None:
        if fate is not Fate.READ:
            self._note(Act(fate.value), at)
            return
        found = acts_of(line)
        self._note(Act.UNREAD if COMPLETED in line and not found else Act.LINES, at)
        for act in found:
            self._note(act, at)

    def _note(self, act: Act, at: float, count: int = 1) -> None:
        self._counts[act] += count
        self._first.setdefault(act, int(at))
