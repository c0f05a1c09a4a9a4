"""Telnet as the last hop to old devices (RFC 854, 855, 856, 857, 858, 1073, 1091), on top of a TCP stream.

Only what a person at a terminal needs, and everything bounded: a device decides neither how much is kept for it nor how
often it is answered. A terminal starts no negotiation of its own; it agrees to what it knows and refuses the rest.
`TelnetLine` is shared with the serial server (`serial_line`), which is a telnet option.
"""

import struct
import time
from collections.abc import Callable
from typing import Final

from bastion.proxy import tcp
from bastion.proxy.frames import Break, Data, End, Eof, Exit, Frame, Resize, Signal, Sink, Stream
from bastion.proxy.outlet import Outlet
from bastion.proxy.tcp import Networks

IAC, DONT, DO, WONT, WILL, SB, INTERRUPT, BREAK, ABORT, SE = 255, 254, 253, 252, 251, 250, 244, 243, 238, 240
BINARY, ECHO, SGA, TTYPE, NAWS = 0, 1, 3, 24, 31
IS, SEND = 0, 1

_LONGEST_SUB: Final = 1024
_MOST_QUESTIONS: Final = 200
_QUESTIONS_A_SECOND: Final = 10.0
_ANSWER: Final = {WILL: (DONT, DO), WONT: (DONT, DONT), DO: (WONT, WILL), DONT: (WONT, WONT)}  # no, yes
_SIGNALS: Final = {"INT": INTERRUPT, "QUIT": ABORT}


class TelnetBroken(Exception):
    """What the device sends is not telnet as anybody means it."""


class Decoder:
    """Takes telnet apart, wherever the chunks are cut. Keeps at most one sub-negotiation of bounded length."""

    def __init__(self, option: Callable[[int, int], None], told: Callable[[int, bytes], None]) -> None:
        """`option` is called with a verb and an option, `told` with the option and the text of a sub-negotiation."""
        self.binary = False
        self._option = option
        self._told = told
        self._next: Callable[[bytes, int, bytearray], int] = self._text
        self._verb = 0
        self._sub = bytearray()
        self._after_cr = False

    def feed(self, data: bytes) -> bytes:
        """Return what the device said in `data`, without telnet's own signs."""
        said = bytearray()
        at = 0
        while at < len(data):
            at = self._next(data, at, said)
        return bytes(said)

    # Each state takes what it can from `at` on and returns where it stopped.
    def _text(self, data: bytes, at: int, said: bytearray) -> int:
        end = data.find(IAC, at)
        run = data[at:] if end < 0 else data[at:end]
        said += run if self.binary else self._unpadded(run)
        if end < 0:
            return len(data)
        self._next = self._command
        return end + 1

    def _unpadded(self, run: bytes) -> bytes:
        """A carriage return alone is sent as CR NUL (RFC 854)."""
        if not run:
            return run
        start = 1 if self._after_cr and run[0] == 0 else 0
        self._after_cr = run[-1] == 13
        return run[start:].replace(b"\r\0", b"\r")

    def _command(self, data: bytes, at: int, said: bytearray) -> int:
        code = data[at]
        self._next = self._text
        if code == IAC:
            said.append(IAC)
            self._after_cr = False
        elif code in _ANSWER:
            self._verb, self._next = code, self._named
        elif code == SB:
            self._sub.clear()
            self._next = self._within
        return at + 1  # anything else (go ahead, no-op, data mark…) has no meaning for a terminal

    def _named(self, data: bytes, at: int, _said: bytearray) -> int:
        self._next = self._text
        self._option(self._verb, data[at])
        return at + 1

    def _within(self, data: bytes, at: int, _said: bytearray) -> int:
        end = data.find(IAC, at)
        self._sub += data[at:] if end < 0 else data[at:end]
        if len(self._sub) > _LONGEST_SUB:
            self._sub.clear()
            raise TelnetBroken("a sub-negotiation without end")
        if end < 0:
            return len(data)
        self._next = self._within_command
        return end + 1

    def _within_command(self, data: bytes, at: int, said: bytearray) -> int:
        if data[at] == IAC:
            self._sub.append(IAC)
            self._next = self._within
            return at + 1
        self._next = self._text
        if self._sub:
            self._told(self._sub[0], bytes(self._sub[1:]))
        return at + 1 if data[at] == SE else self._command(data, at, said)


def encoded(data: bytes, *, binary: bool) -> bytes:
    """What is typed, as telnet wants it. Each CR stands for itself, wherever a chunk ends: CR NUL (RFC 854)."""
    data = data.replace(b"\xff", b"\xff\xff")
    return data if binary else data.replace(b"\r", b"\r\0")


class TelnetLine:
    """A telnet connection as an End. What is agreed to is said by the kinds of lines below."""

    ours: frozenset[int] = frozenset()
    """Options we turn on when the device asks."""
    theirs: frozenset[int] = frozenset()
    """Options the device may turn on."""

    def __init__(self, stream: End) -> None:
        self._stream = stream
        self._outlet = Outlet(self._let_read)
        self._decoder = Decoder(self._asked, self._spent_told)
        self._on: set[tuple[int, int]] = set()  # (WILL, option) is on with us, (DO, option) on with the device
        self._open: set[tuple[int, int]] = set()  # what we have asked ourselves
        self._questions = float(_MOST_QUESTIONS)
        self._questions_at = time.monotonic()
        self._over = False
        stream.attach(self)

    # -- the End -------------------------------------------------------------------------------------------------------
    def attach(self, sink: Sink) -> None:
        self._outlet.attach(sink)

    def write(self, frame: Frame) -> None:
        """Data is dressed for telnet; for the rest each kind of line has its own words, or none."""
        if isinstance(frame, Data):
            self._stream.write(Data(encoded(bytes(frame.data), binary=(WILL, BINARY) in self._on)))
        else:
            self._send(frame)

    def pause(self) -> None:
        self._outlet.pause()

    def resume(self) -> None:
        self._outlet.resume()

    def close(self) -> None:
        self._stream.close()

    # -- the stream's Sink ---------------------------------------------------------------------------------------------
    def deliver(self, frame: Frame) -> None:
        if self._over:
            return
        if isinstance(frame, Eof):
            self._end("closed by the device")
        elif isinstance(frame, Data):
            try:
                said = self._decoder.feed(bytes(frame.data))
            except TelnetBroken as error:
                self._end(f"telnet: {error}")
            else:
                if said:
                    self._outlet.put(Data(said, Stream.OUT))

    def ended(self, why: str) -> None:
        self._outlet.ended(why)

    def hold(self) -> None:
        self._outlet.full(full=True)

    def release(self) -> None:
        self._outlet.full(full=False)

    # -- options -------------------------------------------------------------------------------------------------------
    def _ask(self, verb: int, option: int) -> None:
        if (verb, option) not in self._on:
            self._open.add((verb, option))
            self._say(verb, option)

    def _asked(self, verb: int, option: int) -> None:
        """The device asks for an option, or answers; an answer is not answered, nor what is so already (RFC 854)."""
        self._spend()
        side = WILL if verb in {DO, DONT} else DO
        known = option in (self.ours if side == WILL else self.theirs)
        agreed = verb in {DO, WILL} and known
        answered = (side, option) in self._open
        self._open.discard((side, option))
        if verb in {DO, WILL} and not known:
            self._say(_ANSWER[verb][False], option)
        elif agreed != ((side, option) in self._on):
            (self._on.add if agreed else self._on.remove)((side, option))
            if not answered:
                self._say(_ANSWER[verb][agreed], option)
        self._decoder.binary = (DO, BINARY) in self._on
        self._settled(side, option, on=agreed)

    def _spent_told(self, option: int, text: bytes) -> None:
        self._spend()
        self._told(option, text)

    def _spend(self) -> None:
        """Each question may cost an answer; a device that asks without end is not answered without end."""
        now = time.monotonic()
        self._questions = min(_MOST_QUESTIONS, self._questions + (now - self._questions_at) * _QUESTIONS_A_SECOND) - 1
        self._questions_at = now
        if self._questions < 0:
            raise TelnetBroken("more option requests than any device has")

    # -- what the kinds of lines add -----------------------------------------------------------------------------------
    def _send(self, frame: Frame) -> None:
        """Send what is not data."""

    def _settled(self, side: int, option: int, *, on: bool) -> None:
        """The device has agreed to an option, or has not."""

    def _told(self, option: int, text: bytes) -> None:
        """A sub-negotiation has come."""

    # -- parts ---------------------------------------------------------------------------------------------------------
    def _say(self, *codes: int) -> None:
        self._stream.write(Data(bytes((IAC, *codes))))

    def _say_sub(self, option: int, text: bytes) -> None:
        body = text.replace(b"\xff", b"\xff\xff")
        self._stream.write(Data(bytes((IAC, SB, option)) + body + bytes((IAC, SE))))

    def _let_read(self, on: bool) -> None:
        self._stream.resume() if on else self._stream.pause()

    def _end(self, why: str) -> None:
        self._over = True
        self._outlet.ended(why)
        self._stream.close()


class TelnetEnd(TelnetLine):
    """A terminal on a device."""

    ours = frozenset({BINARY, SGA, TTYPE, NAWS})
    theirs = frozenset({BINARY, ECHO, SGA})

    def __init__(self, stream: End, term: str = "", size: Resize | None = None) -> None:
        self._term = "".join(c for c in term[:40] if c.isascii() and (c.isalnum() or c in "-_.+")).upper() or "UNKNOWN"
        self._size = size or Resize(80, 24)
        super().__init__(stream)

    def _send(self, frame: Frame) -> None:
        match frame:
            case Resize():
                self._size = frame
                if (WILL, NAWS) in self._on:
                    self._say_size()
            case Signal(name):
                if name in _SIGNALS:  # telnet has no word for the others
                    self._say(_SIGNALS[name])
            case Break():
                self._say(BREAK)
            case Eof():
                self._stream.write(frame)
            case Exit() | Data():
                raise TypeError(f"{type(frame).__name__} does not go to a device")

    def _settled(self, side: int, option: int, *, on: bool) -> None:
        if (side, option) == (WILL, NAWS) and on:
            self._say_size()

    def _told(self, option: int, text: bytes) -> None:
        if option == TTYPE and text[:1] == bytes((SEND,)) and (WILL, TTYPE) in self._on:
            self._say_sub(TTYPE, bytes((IS,)) + self._term.encode("ascii"))

    def _say_size(self) -> None:
        cols, rows = (max(0, min(length, 0xFFFF)) for length in (self._size.cols, self._size.rows))
        self._say_sub(NAWS, struct.pack(">HH", cols, rows))


async def dial(
    host: str,
    port: int,
    networks: Networks,
    patience: float,
    *,
    device: str,
    term: str = "",
    size: Resize | None = None,
) -> TelnetEnd:
    """Connect within `patience` seconds. Raises what `tcp.dial` does."""
    return TelnetEnd(await tcp.dial(host, port, networks, patience, device=device), term, size)
