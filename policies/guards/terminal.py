"""The same detectors on what a terminal shows.

Escape sequences are taken out, so that colours in the midst of a number do not hide it; a cursor that steps forward
counts as a blank, one that goes elsewhere as a new line. A character that is struck over is gone.
"""

import copy
import re

from policies.guards.scanner import OVERLAP, Scanner
from policies.guards.verdict import Tally, Verdict

WHERE = "terminal"
_BATCH = 4096
_SCANNED_AT_ONCE = 4 * OVERLAP
_LONGEST_SEQUENCE = 4096  # a title or a clipboard that is longer is taken for text

_SEQUENCE = re.compile(
    rb"\x1b(?:"
    rb"\[[0-?]*[ -/]*(?P<control>[@-~])"
    rb"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"
    rb"|[ -/]+[0-~]"
    rb"|[0-OQ-WYZ\\`-~]"
    rb")"
)
_BEGUN = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)\Z")
_STRUCK = re.compile(rb"[^\x08]\x08|\x08")
_STEPS, _JUMPS = frozenset({b"C", b"G", b"a", b"`"}), frozenset({b"A", b"B", b"E", b"F", b"H", b"d", b"e", b"f"})


class TextGuard:
    """Feed it what the device sends, in pieces of any size; ask for the verdict at any time."""

    def __init__(self) -> None:
        self._scanner = Scanner(window=_SCANNED_AT_ONCE, wide=False)
        self._waiting = bytearray()
        self._last = b""  # the last character: it may still be struck over

    def feed(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) >= _BATCH:
            raw = bytes(self._waiting)
            begun = _BEGUN.search(raw, max(0, len(raw) - _LONGEST_SEQUENCE))
            end = begun.start() if begun else len(raw)
            text = self._last + _plain(raw[:end])
            text = _STRUCK.sub(b"", text)
            self._scanner.feed(text[:-1])
            self._last = text[-1:]
            del self._waiting[:end]

    def verdict(self) -> Verdict:
        """Return what was shown so far, the latest included."""
        scanner = copy.deepcopy(self._scanner)
        scanner.feed(_STRUCK.sub(b"", self._last + _plain(bytes(self._waiting))))
        tally = Tally(WHERE)
        for sight in scanner.finish():
            tally.add(WHERE, sight)
        return tally.verdict()


def _plain(data: bytes) -> bytes:
    return _SEQUENCE.sub(_stands_for, data) if b"\x1b" in data else data


def _stands_for(sequence: re.Match[bytes]) -> bytes:
    control = sequence["control"]
    return b" " if control in _STEPS else b"\n" if control in _JUMPS else b""
