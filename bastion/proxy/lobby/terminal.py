"""A line of input from a terminal in raw mode, and nothing else: no history, no cursor keys, no surprises."""

import asyncio
import codecs
from typing import Final

from bastion.proxy.frames import Data, End, Eof, Frame, Resize

LONGEST: Final = 500  # characters in one line
_ERASE: Final = "\b \b"


class HungUp(Exception):
    """The technician went away, or asked to: Ctrl-C, Ctrl-D on an empty line, or the connection closed."""


class LineEditor:
    """Pure: keys in, echo and finished lines out. Escape sequences are swallowed whole."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line: list[str] = []
        self._escape = ""
        self._after_return = False

    def feed(self, data: bytes) -> tuple[str, list[str | None]]:
        """Return what to echo and what was finished: lines, or `None` for a wish to leave."""
        done: list[str | None] = []
        keys = (char for char in self._decoder.decode(data) if not self._in_escape(char))
        return "".join([self._key(char, done) for char in keys]), done

    def _in_escape(self, char: str) -> bool:
        """Swallow `ESC x`, `ESC [ … letter` and `ESC O x`: cursor and function keys."""
        if not self._escape:
            self._escape = char if char == "\x1b" else ""
            return bool(self._escape)
        first = len(self._escape) == 1
        self._escape += char
        if (first and char not in "[O") or (not first and "@" <= char <= "~"):
            self._escape = ""
        return True

    def _key(self, char: str, done: list[str | None]) -> str:
        after_return, self._after_return = self._after_return, char == "\r"
        if char == "\n" and after_return:
            return ""
        match char:
            case "\r" | "\n":
                return self._finish("".join(self._line), "\r\n", done)
            case "\x03" | "\x04" if char == "\x03" or not self._line:  # Ctrl-C; Ctrl-D on an empty line
                return self._finish(None, "\r\n", done)
            case "\x7f" | "\b":
                return self._rub_out(1)
            case "\x15":  # Ctrl-U
                return self._rub_out(len(self._line))
            case _:
                return self._printable(char)

    def _finish(self, line: str | None, echo: str, done: list[str | None]) -> str:
        done.append(line)
        self._line.clear()
        return echo

    def _printable(self, char: str) -> str:
        if not char.isprintable() or len(self._line) >= LONGEST:
            return ""
        self._line.append(char)
        return char

    def _rub_out(self, count: int) -> str:
        count = min(count, len(self._line))
        del self._line[len(self._line) - count :]
        return _ERASE * count


class Terminal:
    """The Sink of a technician's End while he is in the lobby. Without `echo` nothing shows what he types."""

    def __init__(self, end: End, cols: int = 80, *, echo: bool = True) -> None:
        self.cols = cols
        self._echo = echo
        self._end = end
        self._editor = LineEditor()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        end.attach(self)

    # -- for the lobby -------------------------------------------------------------------------------------------------
    def write(self, text: str) -> None:
        self._end.write(Data(text.replace("\n", "\r\n").encode()))

    async def line(self, prompt: str = "") -> str:
        """Ask for a line; raise `HungUp` when the technician leaves."""
        if prompt:
            self.write(prompt)
        line = await self._lines.get()
        if line is None:
            raise HungUp
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
