"""A line of input from a terminal in raw mode, and nothing else: no history, no cursor keys, no surprises."""

import asyncio
import codecs
import unicodedata
from typing import Final

from bastion.errors import Invalid
from bastion.proxy.frames import Data, End, Eof, Frame, Resize

LONGEST: Final = 500  # characters in one line
TOO_LONG: Final = "This line is too long: {limit} characters at most. Nothing of it was taken."
NO_TEXT: Final = "This line holds bytes that are no text (your terminal must be set to UTF-8). Nothing of it was taken."
_ERASE: Final = "\b \b"
_KEYS: Final = frozenset("ABCDEFHPQRSZIO~")
"""How what a cursor or function key sends ends, and what stands around a paste; any other sequence steers a screen."""
_STRINGS: Final = frozenset("]PX^_\\")
"""What begins or ends a string for a screen, such as its title."""
_NO_CHARACTER: Final = "\ufffd"

Line = str | Invalid | None
"""What was finished: a line, why it is none, or `None` for a wish to leave."""


class HungUp(Exception):
    """The technician went away, or asked to: Ctrl-C, Ctrl-D on an empty line, or the connection closed."""


class LineEditor:
    """Pure: keys in, echo and finished lines out. Cursor keys are swallowed whole.

    A line of which something cannot be kept (it is too long, or no text) is none: half of what was pasted is not what
    was meant.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line: list[str] = []
        self._escape = ""
        self._after_return = False
        self._long = self._spoilt = False

    def feed(self, data: bytes) -> tuple[str, list[Line]]:
        """Return what to echo and what was finished."""
        done: list[Line] = []
        keys = (char for char in self._decoder.decode(data) if not self._in_escape(char))
        return "".join([self._key(char, done) for char in keys]), done

    def _in_escape(self, char: str) -> bool:
        """Swallow `ESC x`, `ESC [ … letter` and `ESC O x`. Return and Ctrl-C are heard in any case."""
        if not self._escape:
            self._escape = char if char == "\x1b" else ""
            return bool(self._escape)
        first = len(self._escape) == 1
        if char in "\r\n\x03":
            self._escape, self._spoilt = "", self._spoilt or not first
            return False
        if (first and char not in "[O") or (not first and "@" <= char <= "~"):
            self._spoilt |= char in _STRINGS if first else char not in _KEYS
            self._escape = ""
        else:
            self._escape = f"\x1b{char}" if first else self._escape
        return True

    def _key(self, char: str, done: list[Line]) -> str:
        after_return, self._after_return = self._after_return, char == "\r"
        if char == "\n" and after_return:
            return ""
        match char:
            case "\r" | "\n":
                return self._finish(self._made(), "\r\n", done)
            case "\x03" | "\x04" if char == "\x03" or not self._line:  # Ctrl-C; Ctrl-D on an empty line
                return self._finish(None, "\r\n", done)
            case "\x7f" | "\b":
                return self._rub_out(1)
            case "\x15":  # Ctrl-U
                return self._rub_out(len(self._line))
            case _:
                return self._printable(char)

    def _made(self) -> Line:
        """The line; or why it is none, and as `begin` what could be read of it."""
        text = "".join(self._line)
        if self._long:
            return Invalid("line", sentence=TOO_LONG, limit=LONGEST, begin=text)
        return Invalid("line", sentence=NO_TEXT, begin=text) if self._spoilt else text

    def _finish(self, line: Line, echo: str, done: list[Line]) -> str:
        done.append(line)
        self._line.clear()
        self._long = self._spoilt = False
        return echo

    def _printable(self, char: str) -> str:
        kind = unicodedata.category(char)
        if kind == "Cf" or char == "\x04":  # unseen, as a soft hyphen, or what turns the writing round
            return ""
        if char == "\t" or kind == "Zs":  # a tab, or the blanks that French sets before a colon
            char = " "
        if not char.isprintable() or char == _NO_CHARACTER:
            self._spoilt = True
            return ""
        if len(self._line) >= LONGEST:
            self._long = True
            return ""
        self._line.append(char)
        return char

    def _rub_out(self, count: int) -> str:
        """What did not fit was never seen, so rubbing out begins with what was."""
        count = min(count, len(self._line))
        del self._line[len(self._line) - count :]
        self._long, self._spoilt = False, self._spoilt and bool(self._line)
        return _ERASE * count


class Terminal:
    """The Sink of a technician's End while he is in the lobby. Without `echo` nothing shows what he types."""

    def __init__(self, end: End, cols: int = 80, *, echo: bool = True) -> None:
        self.cols = cols
        self._echo = echo
        self._end = end
        self._editor = LineEditor()
        self._lines: asyncio.Queue[Line] = asyncio.Queue()
        end.attach(self)

    # -- for the lobby -------------------------------------------------------------------------------------------------
    def write(self, text: str) -> None:
        self._end.write(Data(text.replace("\n", "\r\n").encode()))

    async def line(self, prompt: str = "") -> str:
        """Ask for a line. `HungUp`: the technician leaves; `Invalid` says why what he typed is none."""
        if prompt:
            self.write(prompt)
        line = await self._lines.get()
        if line is None:
            raise HungUp
        if isinstance(line, Invalid):
            raise line
        return line.strip()

    # -- as a Sink -----------------------------------------------------------------------------------------------------
    def deliver(self, frame: Frame) -> None:
        match frame:
            case Data(data):
                self._typed(bytes(data))
            case Eof():
                self._lines.put_nowait(None)
            case Resize(cols):
                self.cols = cols

    def ended(self, _why: str) -> None:
        self._lines.put_nowait(None)

    def hold(self) -> None:
        """A screen of text never fills a channel."""

    def release(self) -> None:
        """See `hold`."""

    def _typed(self, data: bytes) -> None:
        echo, done = self._editor.feed(data)
        if echo and self._echo:
            self._end.write(Data(echo.encode()))
        for line in done:
            if self._lines.qsize() < LONGEST:
                self._lines.put_nowait(line)
