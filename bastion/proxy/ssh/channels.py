"""asyncssh's channels as Ends: the technician's (we are the server) and the device's (we are the client)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import asyncssh
from asyncssh import EXTENDED_DATA_STDERR
from asyncssh.channel import SSHChannel

from bastion.errors import BastionError
from bastion.proxy.frames import SIGNALS, Break, Data, Eof, Exit, Frame, Resize, Signal, Sink, Stream
from bastion.proxy.ssh.modes import known
from bastion.proxy.ssh.names import shown

WINDOW: Final = 2 * 1024 * 1024  # bytes a peer may send before we read; larger ones were slower (perf.md)
PACKET: Final = 32 * 1024
_LONGEST_TERM: Final = 64
_MOST_EARLY: Final = 256  # frames; data stops after the first, signals do not


@dataclass(slots=True)
class Asked:
    """What a technician's client asked a session channel to be."""

    pty: bool = False
    term: str = ""
    size: Resize = field(default_factory=lambda: Resize(80, 24))
    modes: Mapping[int, int] = field(default_factory=dict)
    command: str | None = None
    subsystem: str = ""


class _ChannelEnd:
    """What both ends share: frames that come before anybody listens wait; a full channel says so."""

    def __init__(self) -> None:
        self.channel: SSHChannel[bytes] | None = None
        self._sink: Sink | None = None
        self._early: list[Frame] = []
        self._paused = False
        self._full = False
        self._gone: str | None = None

    # -- the End -------------------------------------------------------------------------------------------------------
    def attach(self, sink: Sink) -> None:
        self._sink = sink
        early, self._early = self._early, []
        for frame in early:
            self._emit(frame)
        if self._full:
            sink.hold()
        if self._gone is not None:
            sink.ended(self._gone)
        elif not self._paused and self.channel is not None:
            self.channel.resume_reading()

    def write(self, frame: Frame) -> None:
        """Data for a channel that is closing goes nowhere; the rest asyncssh sends as long as it can."""
        if self.channel is None or self._gone is not None:
            return
        if not (isinstance(frame, Data | Eof) and self.channel.is_closing()):
            self._send(frame)

    def pause(self) -> None:
        self._paused = True
        if self.channel is not None:
            self.channel.pause_reading()

    def resume(self) -> None:
        self._paused = False
        if self.channel is not None and self._gone is None:
            self.channel.resume_reading()

    def close(self) -> None:
        if self.channel is not None and self._gone is None:
            self.channel.close()

    def _send(self, frame: Frame) -> None:
        raise NotImplementedError

    # -- callbacks of asyncssh -----------------------------------------------------------------------------------------
    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._emit(Data(data, Stream.ERR if datatype == EXTENDED_DATA_STDERR else Stream.OUT))

    def eof_received(self) -> bool:
        self._emit(Eof())
        return True  # the other way stays open

    def pause_writing(self) -> None:
        self._full = True
        if self._sink is not None:
            self._sink.hold()

    def resume_writing(self) -> None:
        self._full = False
        if self._sink is not None:
            self._sink.release()

    def _emit(self, frame: Frame) -> None:
        if self._sink is not None:
            self._sink.deliver(frame)
            return
        if isinstance(frame, Resize) and self._early and isinstance(self._early[-1], Resize):
            self._early.pop()  # only the last size counts
        self._early.append(frame)
        if self.channel is not None:
            self.channel.pause_reading()  # what has come is kept, and no more than that
            if len(self._early) > _MOST_EARLY:
                self.channel.abort()

    def _ended(self, why: str) -> None:
        self._gone = why
        if self._sink is not None:
            self._sink.ended(why)


class Host(Protocol):
    """Who serves a technician's channels."""

    def channel_started(self, end: "TechnicianEnd") -> None: ...

    def channel_gone(self, end: "TechnicianEnd") -> None: ...

    def refuse(self, kind: str, detail: str = "", *, remark: bool = True) -> BastionError:
        """Note that something was asked which is not offered."""


class TechnicianEnd(_ChannelEnd, asyncssh.SSHServerSession[bytes]):
    """A session channel of the technician's client: shell, exec, or a subsystem to be refused."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.asked = Asked()
        self.exit_due = False
        """The device has said its last, but not yet how it ended."""
        self._host = host

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self.channel = chan

    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Mapping[int, int]
    ) -> bool:
        self.asked.pty = True
        self.asked.term = "".join(c for c in term_type[:_LONGEST_TERM] if c.isalnum() or c in "-_.+")
        self.asked.size = Resize(*term_size[:2])
        self.asked.modes = known(term_modes)
        return True

    def shell_requested(self) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        self.asked.command = command
        return True

    def subsystem_requested(self, subsystem: str) -> bool:
        self.asked.subsystem = subsystem
        return True

    def session_started(self) -> None:
        self._host.channel_started(self)

    def terminal_size_changed(self, width: int, height: int, _pixwidth: int, _pixheight: int) -> None:
        self.asked.size = Resize(width, height)
        self._emit(self.asked.size)

    def signal_received(self, signal: str) -> None:
        """Pass on what RFC 4254 names; what else a client makes up is refused and noted."""
        if signal in SIGNALS:
            self._emit(Signal(signal))
        else:
            self._host.refuse("signal", shown(signal), remark=False)

    def break_received(self, msec: int) -> bool:
        self._emit(Break(msec))
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended("technician left" if exc is None else f"technician left: {type(exc).__name__}")
        self._host.channel_gone(self)

    def refuse(self, text: str, status: int) -> None:
        """Say why on stderr, end with `status`."""
        newline = "\r\n" if self.asked.pty else "\n"
        self.write(Data(f"{text}{newline}".encode(), Stream.ERR))
        self.write(Exit(status))

    def _send(self, frame: Frame) -> None:
        channel: Any = self.channel  # asyncssh.SSHServerChannel
        match frame:
            case Data(data, Stream.ERR):
                channel.write_stderr(data)
            case Data(data):
                channel.write(data)
            case Eof():
                self.exit_due = True
                channel.write_eof()
            case Exit(status, ""):
                self.exit_due = False
                channel.exit(status)
            case Exit(_, signal, core_dumped, message, language):
                self.exit_due = False
                channel.exit_with_signal(signal, core_dumped, message, language)
            case _:
                raise TypeError(f"{type(frame).__name__} does not go to a technician")


class TunnelEnd(_ChannelEnd, asyncssh.SSHTCPSession[bytes]):
    """A tunnel of the technician's client: bytes both ways, and no words of ours in between.

    It is joined before the client is told that it stands; what the device says first waits until then.
    """

    def __init__(self, gone: "Callable[[TunnelEnd], None]") -> None:
        super().__init__()
        self._host_gone = gone
        self._waiting: list[Frame] = []
        self._closed = False

    def attach(self, sink: Sink) -> None:
        super().attach(sink)
        if self.channel is None:
            sink.hold()

    def write(self, frame: Frame) -> None:
        if self.channel is None:
            self._waiting.append(frame)
        else:
            super().write(frame)

    def close(self) -> None:
        self._closed = True
        super().close()

    def connection_made(self, chan: asyncssh.SSHTCPChannel[bytes]) -> None:
        self.channel = chan
        if self._closed:
            chan.close()

    def session_started(self) -> None:
        waiting, self._waiting = self._waiting, []
        for frame in waiting:
            self.write(frame)
        if self._sink is not None and not self._full:
            self._sink.release()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended("technician left" if exc is None else f"technician left: {type(exc).__name__}")
        self._host_gone(self)

    def _send(self, frame: Frame) -> None:
        channel: Any = self.channel  # asyncssh.SSHTCPChannel
        match frame:
            case Data(data, Stream.OUT):
                channel.write(data)
            case Eof():
                channel.write_eof()


class DeviceEnd(_ChannelEnd, asyncssh.SSHClientSession[bytes]):
    """A session channel on the device."""

    def __init__(self, lost: Callable[[str], None]) -> None:
        super().__init__()
        self._exit: Exit | None = None
        self._lost = lost

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self.channel = chan

    def exit_status_received(self, status: int) -> None:
        self._exit = Exit(status)

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        self._exit = Exit(0, signal, core_dumped, msg, lang)

    def connection_lost(self, exc: Exception | None) -> None:
        """The outcome comes last, whenever the device told it: everything it said stands before it.

        If the whole connection went, the session is told first: it has words for that, a closed channel has none.
        """
        if self._exit is not None:
            self._emit(self._exit)
        elif self.channel is not None and self.channel.get_connection()._transport is None:  # noqa: SLF001 - no public way
            self._lost(type(exc).__name__ if exc else "closed by the device")
        self._ended("closed by the device" if exc is None else f"device lost: {type(exc).__name__}")

    def _send(self, frame: Frame) -> None:
        channel: Any = self.channel  # asyncssh.SSHClientChannel
        match frame:
            case Data(data):
                channel.write(data)
            case Eof():
                channel.write_eof()
            case Resize(cols, rows):
                channel.change_terminal_size(cols, rows)
            case Signal(name):
                channel.send_signal(name)
            case Break(milliseconds):
                channel.send_break(milliseconds)
            case _:
                raise TypeError(f"{type(frame).__name__} does not go to a device")
