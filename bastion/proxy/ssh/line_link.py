"""The way to a device that speaks telnet or hangs on a serial line: a connection for each terminal, and nothing else.

The bastion answers the device's prompts from the vault before the technician is joined. Files, single commands and
forwards do not exist on such a line; the device's other services are reached beside it.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from bastion.domain.device import Protocol, SecretKind
from bastion.domain.session_effects import Audit
from bastion.errors import (
    AddressRefused,
    BastionError,
    ChannelRefused,
    DeviceLoginFailed,
    DeviceNotReady,
    DeviceUnreachable,
)
from bastion.proxy import serial_line, tcp, telnet
from bastion.proxy.frames import End, Eof, Exit, Frame, Sink
from bastion.proxy.login_script import COMMON, SERIAL, LoginScript
from bastion.proxy.ssh.channels import Asked
from bastion.proxy.ssh.links import KeepTask
from bastion.proxy.ssh.ways import Way
from bastion.proxy.tcp import Networks
from bastion.services.views import DeviceCredential

PATIENCE: Final = 10.0
"""Seconds for the device, or its port server, to answer."""
LOGIN_PATIENCE: Final = 20.0
"""Seconds for it to ask for login and password and let us in: old devices think."""
SHELL_ONLY: Final = (
    "The device {device} has a terminal only: it takes no files and no single commands. Connect with a terminal."
)
NO_KEYS: Final = (
    "The device {device} asks for a password, but the hospital keeps a key for it. Ask the hospital to correct it."
)
IN_USE: Final = "The line of the device {device} is in use already, in another window of yours."
LOST: Final = "device lost"


class LineLink:
    def __init__(self, way: Way, networks: Networks) -> None:
        self.way = way
        self._networks = networks
        self._options = dict(way.options)
        self._task: KeepTask | None = None
        self._note: Callable[[Audit], None] = lambda _fact: None
        self._lost: Callable[[str], None] | None = None
        self._credential: DeviceCredential | None = None
        self._coming: set[asyncio.Task[End]] = set()
        self._ends: set[_LineEnd] = set()
        self._closed = False

    def dial(self, task: KeepTask) -> None:
        """A line has one user, and asks for its login at once: it is dialled when somebody needs it."""
        self._task = task

    def admit(self, credential: DeviceCredential, note: Callable[[Audit], None], lost: Callable[[str], None]) -> None:
        self._credential, self._note, self._lost = credential, note, lost

    async def open_channel(self, asked: Asked) -> End:
        """Connect and log in. Raises `ChannelRefused`, `DeviceNotReady`, `DeviceUnreachable`, `DeviceLoginFailed`."""
        if asked.command is not None or asked.subsystem:
            raise ChannelRefused("shell only", sentence=SHELL_ONLY, device=self.way.device)
        if self.way.protocol is Protocol.SERIAL and (self._ends or self._coming):
            raise ChannelRefused("in use", sentence=IN_USE, device=self.way.device)
        if self._closed or self._task is None or self._credential is None:
            raise DeviceUnreachable("nobody has dialled", device=self.way.device)
        work: asyncio.Task[End] = self._task(self._open(asked, self._credential), f"dial {self.way.device}")
        self._coming.add(work)
        try:
            return await work
        except asyncio.CancelledError:
            if self._closed:
                raise ChannelRefused("closed", sentence="This session has ended.") from None
            raise
        except BastionError as problem:
            raise self._told(problem) from problem
        finally:
            self._coming.discard(work)

    def close(self) -> None:
        self._closed, self._lost = True, None
        for work in list(self._coming):
            work.cancel()
        for end in list(self._ends):
            end.close()

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _open(self, asked: Asked, credential: DeviceCredential) -> End:
        end = await self._connect(asked)
        if self._options.get("login") != "none":
            end = await self._log_in(end, credential)
        line = _LineEnd(end, self._ended)
        self._ends.add(line)
        return line

    async def _connect(self, asked: Asked) -> End:
        way = self.way
        where = (way.host, way.port, self._networks, PATIENCE)
        if way.protocol is Protocol.TELNET:
            return await telnet.dial(*where, device=way.device, term=asked.term, size=asked.size)
        if self._options.get("server") == "tcp":
            return await tcp.dial(*where, device=way.device)
        settings = serial_line.Settings.from_options(self._options, device=way.device)
        return await serial_line.dial(*where, device=way.device, settings=settings)

    async def _log_in(self, end: End, credential: DeviceCredential) -> End:
        try:
            if credential.kind != SecretKind.PASSWORD:
                raise DeviceNotReady("a key", device=self.way.device, sentence=NO_KEYS)
            usual = SERIAL if self.way.protocol is Protocol.SERIAL else COMMON
            prompts = usual.with_options(self._options)
        except BastionError:
            end.close()
            raise
        return await LoginScript(prompts, credential.login, credential.secret, self.way.device).run(end, LOGIN_PATIENCE)

    def _told(self, problem: BastionError) -> BastionError:
        """Note what went wrong. Beside a terminal that works, a second one that does not is no reason to end it."""
        device = self.way.device
        if isinstance(problem, DeviceLoginFailed):
            self._note(Audit("device:login_failed", {"device": device, "account": self.way.login}))
        elif isinstance(problem, DeviceUnreachable | AddressRefused):
            self._note(Audit("device:unreachable", {"device": device, "why": problem.detail[:200]}))
        if self._ends:
            return ChannelRefused(problem.detail, field=problem.field, sentence=problem.msgid, **problem.params)
        return problem

    def _ended(self, end: "_LineEnd", why: str) -> None:
        self._ends.discard(end)
        if why.startswith(LOST) and self._lost is not None and not self._ends:
            self._lost(why)


class _LineEnd:
    """A line as an SSH channel would have it: who logs out leaves with status 0, who is cut off leaves without one."""

    def __init__(self, end: End, ended: "Callable[[_LineEnd, str], None]") -> None:
        self._end = end
        self._ended = ended
        self._sink: Sink | None = None

    # -- the End -------------------------------------------------------------------------------------------------------
    def attach(self, sink: Sink) -> None:
        self._sink = sink
        self._end.attach(self)

    def write(self, frame: Frame) -> None:
        self._end.write(frame)

    def pause(self) -> None:
        self._end.pause()

    def resume(self) -> None:
        self._end.resume()

    def close(self) -> None:
        self._end.close()

    # -- the line's Sink -----------------------------------------------------------------------------------------------
    def deliver(self, frame: Frame) -> None:
        if isinstance(frame, Eof):  # half a line is none
            self._end.close()
        elif self._sink is not None:
            self._sink.deliver(frame)

    def ended(self, why: str) -> None:
        self._ended(self, why)
        if self._sink is not None:
            if not why.startswith(LOST):
                self._sink.deliver(Exit(0))
            self._sink.ended(why)

    def hold(self) -> None:
        if self._sink is not None:
            self._sink.hold()

    def release(self) -> None:
        if self._sink is not None:
            self._sink.release()
