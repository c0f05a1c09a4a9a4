"""Which lines a person typed on a terminal, told by the keys and by the echo: what a device does not echo is a secret.

A line is handed over only when the device showed it, at most a few lines after it was sent. A password is typed without
echo: of such a line nothing but that it was typed is handed over, and nothing stays here. Keys whose effect is not
known from here (history, cursor, search) make a line one that is not read; a program that takes the whole screen is
not looked into.
"""

import codecs
import re
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Final

COMPLETED: Final = "\ufffc"
"""Stands in a line where a key completed a word."""
LONGEST_LINE: Final = 2048
LONGEST_ECHO: Final = 4096
"""Characters of what is shown that are kept while a line waits for its echo."""
PATIENCE: Final = 4
"""So many line ends may be shown after a line was sent, before its echo."""
MOST_WAITING: Final = 64
"""Lines that are sent and not echoed yet; a paste may be longer than that, and is then read in part."""
MOST_LOOKS: Final = 5_000
"""How often the echo is looked through on one channel: two or three seconds of a processor, at the very worst."""


class Fate(StrEnum):
    READ = "read"
    UNREAD = "unread"  # recalled, completed or edited with keys whose effect is not known
    HIDDEN = "hidden"  # the device did not show it, as with a password


Take = Callable[[Fate, str, float], None]
"""What is given a line and when its first key was struck; the text is empty unless it is read."""

_SWITCH: Final = re.compile(rb"\x1b\[\?(?:1049|1047|47)(?P<how>[hl])")
_LONGEST_SWITCH: Final = 8
_ESCAPES: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-OQ-WYZ\\`-~])"
)
_STRUCK: Final = re.compile(r"[^\x08]\x08|\x08")
_BLANK: Final = re.compile(r"[\x00-\x20\x7f-\xa0]+")
_PASTE: Final = frozenset({"[200~", "[201~"})
_CSI_LONGEST: Final = 32


class _Line:
    """A line being typed, or waiting for its echo."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.text: list[str] = []
        self.known = True
        self.ends = 0

    @property
    def empty(self) -> bool:
        return self.known and not "".join(self.text).strip()

    def parts(self) -> list[str]:
        return [part for part in (_BLANK.sub("", one) for one in "".join(self.text).split(COMPLETED)) if part]


def _after(parts: list[str], shown: str) -> int:
    """Where the last of these parts ends, if all of them are shown in order; else -1."""
    place = 0
    for part in parts:
        found = shown.find(part, place)
        if found < 0:
            return -1
        place = found + len(part)
    return place


class TypedLines:
    """Feed it what is typed and what is shown, in the order in which it passed; it hands lines to `take`."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._keys = codecs.getincrementaldecoder("utf-8")("replace")
        self._screen = codecs.getincrementaldecoder("utf-8")("replace")
        self._escape = ""
        self._line: _Line | None = None
        self._sent: deque[_Line] = deque()
        self._echo = ""
        self._tail = b""
        self._looks = MOST_LOOKS
        self.whole_screens = 0
        self._whole = False

    @property
    def tired(self) -> bool:
        """Whether it has stopped reading: too much was made of it."""
        return self._looks <= 0

    def typed(self, data: bytes, at: float) -> None:
        if self._whole or self.tired:
            return
        for key in self._keys.decode(data):
            if self._escape:
                self._escaped(key, at)
            elif key == "\x1b":
                self._escape = key
            elif key in "\r\n":
                self._send()
            else:
                self._key(key, at)

    def shown(self, data: bytes) -> None:
        self._switched(data)
        if (self._line is None and not self._sent) or self.tired:
            return
        self._echo = (self._echo + self._screen.decode(data))[-LONGEST_ECHO:]
        if self._sent and (b"\n" in data or b"\r" in data):
            self._settle(data.count(b"\n"))

    def end(self) -> None:
        """Nothing more comes: what was sent and never echoed is hidden."""
        self._settle(PATIENCE + 1)
        self._line = None
        self._echo = ""

    # -- keys ----------------------------------------------------------------------------------------------------------
    def _key(self, key: str, at: float) -> None:
        line = self._line = self._line or _Line(at)
        if key in "\x7f\b":
            del line.text[-1:]
        elif key == "\t":
            line.text.append(COMPLETED)
        elif key == "\x03":  # given up
            self._line = None
        elif key == "\x15":
            line.text.clear()
            line.known = True
        elif key == "\x17":
            kept = "".join(line.text).rstrip()
            line.text[:] = kept[: kept.rfind(" ") + 1]
        elif key.isprintable() and len(line.text) < LONGEST_LINE:
            line.text.append(key)
        elif key not in "\x05\x0c\x11\x13":  # to its end, draw anew, flow control: they change nothing
            line.known = False

    def _escaped(self, key: str, at: float) -> None:
        """Take one more of a key that is sent as a sequence."""
        self._escape += key
        inside = self._escape[1:]
        if inside[0] in "[O" and (len(inside) == 1 or not "@" <= key <= "~") and len(inside) < _CSI_LONGEST:
            return
        self._escape = ""
        if inside not in _PASTE:
            self._line = self._line or _Line(at)
            self._line.known = False

    def _send(self) -> None:
        line, self._line = self._line, None
        if line is None or line.empty:
            return
        if line.known and len(self._sent) < MOST_WAITING:
            self._sent.append(line)
        else:
            self._take(Fate.UNREAD, "", line.at)

    # -- the echo ------------------------------------------------------------------------------------------------------
    def _settle(self, ends: int) -> None:
        """Hand over what is echoed by now. An echo comes in order: what was sent before one that is echoed was not."""
        self._looks -= 1
        shown = _BLANK.sub("", _STRUCK.sub("", _ESCAPES.sub("", self._echo)))
        waiting, self._sent = self._sent, deque()
        for line in waiting:
            line.ends += ends
            place = _after(line.parts(), shown)
            if place < 0:
                self._sent.append(line)
                continue
            while self._sent:
                self._take(Fate.HIDDEN, "", self._sent.popleft().at)
            shown = self._echo = shown[place:]
            self._take(Fate.READ, "".join(line.text), line.at)
        while self._sent and self._sent[0].ends > PATIENCE:
            self._take(Fate.HIDDEN, "", self._sent.popleft().at)
        if not self._sent and self._line is None:
            self._echo = ""

    def _switched(self, data: bytes) -> None:
        """Follow whether a program has the whole screen."""
        seen = self._tail + data
        self._tail = seen[-_LONGEST_SWITCH:]
        if b"\x1b[?" not in seen:
            return
        for switch in _SWITCH.finditer(seen):
            if switch.end() <= len(seen) - len(data):
                continue  # it stood in what came before
            whole = switch["how"] == b"h"
            self.whole_screens += whole and not self._whole
            self._whole = whole
            if whole:
                self._line = None
