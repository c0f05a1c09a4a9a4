"""Which file the bytes of a channel belong to, and what became of each operation: lines, and one audit event a file.

Whatever changes the device, and every transfer, has a line with the outcome "begun" before the device hears of it: if
the process dies in between, the recording still says what was asked.
"""

import time
from collections.abc import Callable
from typing import Final

from bastion.domain.session_effects import Audit
from bastion.proxy.files.rights import Refusal
from bastion.proxy.files.run import Run, Window
from recordings.files import BEGUN, BROKEN_OFF, DONE, FileLine

MOST_REFUSALS: Final = 1000
"""Refusals of one channel that stand in the audit trail one by one; the rest are counted, for a flood must cost us no
more than it costs its sender."""

IN, OUT = "in", "out"
_UNTRACED = frozenset({"setstat", "list"})  # every client does these for each file; the lines have them
_SILENT = frozenset({"list"})  # changes nothing, so it needs no line beforehand


class Entry:
    """One operation on a name, asked and not yet answered."""

    __slots__ = ("_began", "_ledger", "op", "path", "target")

    def __init__(self, ledger: "Ledger", op: str, path: str, target: str) -> None:
        self._ledger = ledger
        self._began = ledger.monotonic()
        self.op, self.path, self.target = op, path, target
        if op not in _SILENT:
            ledger.line(FileLine(op, path=path, target=target, outcome=BEGUN))

    def end(self, outcome: str, why: str = "") -> None:
        if self._ledger.forget(self):
            seconds = self._ledger.monotonic() - self._began
            line = FileLine(self.op, path=self.path, target=self.target, seconds=seconds, outcome=outcome)
            self._ledger.line(line)
            if self.op not in _UNTRACED:
                self._ledger.passed(line, why)

    def broken_off(self, why: str) -> None:
        self.end(BROKEN_OFF, why)


class OpenFile:
    """A file from the request to open it to the answer to its closing."""

    __slots__ = ("_began", "_ledger", "closing", "path", "pending", "read", "written")

    def __init__(self, ledger: "Ledger", path: str, window: Window, *, reads: bool, writes: bool) -> None:
        self._ledger = ledger
        self._began = ledger.monotonic()
        self.closing = False  # the device has answered the closing
        self.path = path
        self.pending = 0  # reads and writes the device has not answered
        self.written = Run(window, writes=True) if writes else None
        self.read = Run(window, writes=False) if reads else None
        for op, direction, _ in self._runs():
            ledger.line(FileLine(op, direction, path, outcome=BEGUN))

    def _runs(self) -> list[tuple[str, str, Run]]:
        ways = (("put", IN, self.written), ("get", OUT, self.read))
        return [(op, direction, run) for op, direction, run in ways if run is not None]

    def failed(self, why: str) -> None:
        """The device did not open it."""
        if self._ledger.forget(self):
            for op, direction, _ in self._runs():
                self._end(op, direction, None, f"failed: {why}")

    def closed(self, why: str = "") -> None:
        """The device has answered the closing, with `why` if it failed."""
        self.closing = True
        if why and self.written is not None:
            self.written.trouble = self.written.trouble or why
        self.settle()

    def settle(self) -> None:
        """End the file once it is closed and nothing is outstanding."""
        if self.closing and not self.pending and self._ledger.forget(self):
            for op, direction, run in self._runs():
                self._end(op, direction, run, f"failed: {run.trouble}" if run.trouble else DONE)

    def broken_off(self, why: str) -> None:
        """Nothing more comes. What was fetched to its very end is whole: some clients (lftp) leave without closing."""
        if self._ledger.forget(self):
            for op, direction, run in self._runs():
                if run is self.read and run.whole and not run.trouble:
                    self._end(op, direction, run, DONE)
                else:
                    self._end(op, direction, run, BROKEN_OFF, why)

    def _end(self, op: str, direction: str, run: Run | None, outcome: str, why: str = "") -> None:
        digest, pieces = run.summary() if run is not None else ("", "")
        size = run.size if run is not None else 0
        seconds = self._ledger.monotonic() - self._began
        line = FileLine(op, direction, self.path, "", size, digest, pieces, seconds, outcome)
        self._ledger.line(line)
        if op == "put" or size or self.written is None:  # one event for a file opened for both and only written
            self._ledger.passed(line, why)


class Ledger:
    """`write` must have the line safe when it returns; what it raises stops the channel before the bytes pass."""

    def __init__(
        self, write: Callable[[FileLine], None], audit: Callable[[Audit], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.line = write
        self.monotonic = monotonic
        self._audit = audit
        self._window = Window()
        self._unfinished: dict[Entry | OpenFile, None] = {}
        self._refusals = 0

    def open(self, path: str, *, reads: bool, writes: bool) -> OpenFile:
        file = OpenFile(self, path, self._window, reads=reads, writes=writes)
        self._unfinished[file] = None
        return file

    def begin(self, op: str, path: str, target: str = "") -> Entry:
        entry = Entry(self, op, path, target)
        self._unfinished[entry] = None
        return entry

    def refused(self, refusal: Refusal, op: str, path: str, target: str = "", direction: str = "") -> None:
        self.line(FileLine(op, direction, path, target, outcome=f"refused: {refusal.sentence}"))
        self.turned_away(refusal, op, path, target)

    def turned_away(self, refusal: Refusal, op: str, path: str, target: str = "") -> None:
        """Note a refusal in the audit trail only: what was asked is no operation on a name."""
        self._refusals += 1
        if self._refusals <= MOST_REFUSALS:
            self._audit(Audit("file:refused", {"op": op, "path": path, "target": target, "why": refusal.why}))

    def passed(self, line: FileLine, why: str) -> None:
        facts = {
            "op": line.op, "direction": line.direction, "path": line.path, "target": line.target, "size": line.size,
            "sha256": line.sha256, "pieces": line.pieces, "seconds": round(line.seconds, 3),
        }  # fmt: skip
        outcome, _, said = line.outcome.partition(": ")
        self._audit(Audit("file:passed", {**facts, "outcome": outcome, "detail": said or why}))

    def forget(self, what: Entry | OpenFile) -> bool:
        """Strike it from what is unfinished; False when it was no longer there."""
        return self._unfinished.pop(what, self) is None

    def broken_off(self, why: str) -> None:
        """Nothing more comes: end everything that is unfinished, in the order in which it began."""
        for what in list(self._unfinished):
            what.broken_off(why)
        if self._refusals > MOST_REFUSALS:
            facts = {"count": self._refusals - MOST_REFUSALS, "why": "too_many_requests"}
            self._audit(Audit("file:refused", facts))
            self._refusals = 0
