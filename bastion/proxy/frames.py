"""What travels between a technician and a device, and the two ends it travels between.

An `End` pushes, as asyncio's transports do: a stream read by a task costs 65–200 µs for each keystroke.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

SIGNALS: Final = frozenset(
    {"ABRT", "ALRM", "FPE", "HUP", "ILL", "INT", "KILL", "PIPE", "QUIT", "SEGV", "TERM", "USR1", "USR2"}
)
"""The signals RFC 4254, 6.10 names. Any other name would be free text on its way to the device."""


class Stream(IntEnum):
    OUT = 0
    ERR = 1


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes as they were sent. From the technician there is one stream; a device has two."""

    data: bytes | memoryview
    stream: Stream = Stream.OUT


@dataclass(frozen=True, slots=True)
class Resize:
    """The technician's window in characters. Its size in pixels stays here: no device needs it to be serviced."""

    cols: int
    rows: int


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal by its name without `SIG`, one of `SIGNALS`."""

    name: str


@dataclass(frozen=True, slots=True)
class Break:
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Eof:
    """Nothing more comes from this side; the other way stays open."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How the command on the device ended: by a status, or by a signal when `signal` is not empty."""

    status: int = 0
    signal: str = ""
    core_dumped: bool = False
    message: str = ""
    language: str = ""

    @property
    def outcome(self) -> str:
        return f"signal {self.signal}" if self.signal else f"status {self.status}"


Frame = Data | Resize | Signal | Break | Eof | Exit


class ChannelFault(Exception):
    """What passes in one channel makes no sense: that channel ends before a wrong byte passes, the session goes on."""


class Sink(Protocol):
    """Who listens to an End. Every call is synchronous and none may raise."""

    def deliver(self, frame: Frame) -> None:
        """A frame has come from the End's peer."""

    def ended(self, why: str) -> None:
        """The End is gone; nothing more comes and nothing more can be written. Called once."""

    def hold(self) -> None:
        """The End cannot take more at the moment: stop whatever fills it."""

    def release(self) -> None:
        """The End takes more again."""


class End(Protocol):
    """One side of a channel."""

    def attach(self, sink: Sink) -> None:
        """Send everything to `sink` from now on, what came earlier first."""

    def write(self, frame: Frame) -> None:
        """Send a frame to the peer. A frame for a peer that is gone is dropped."""

    def pause(self) -> None:
        """Deliver nothing until `resume`; the peer is slowed down by its own window."""

    def resume(self) -> None: ...

    def close(self) -> None:
        """End this side now. Synchronous: a cut never waits for the network."""
