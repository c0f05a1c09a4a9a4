"""One technician's connection, from being let in to good-bye: each channel and tunnel it asks for."""

import asyncio
from contextlib import suppress
from typing import Final

import asyncssh

from bastion.domain.device import ChannelKind
from bastion.domain.parties import Actor
from bastion.domain.session_effects import Audit
from bastion.domain.session_events import DeviceLost, EndReason
from bastion.errors import (
    BastionError,
    ChannelRefused,
    DeviceLoginFailed,
    DeviceNotReady,
    DeviceUnreachable,
    HostKeyChanged,
    NotFound,
    Phrase,
)
from bastion.i18n import sentence, translator
from bastion.proxy.frames import Data, Stream
from bastion.proxy.live_session import LiveSession
from bastion.proxy.lobby import pasted, screens
from bastion.proxy.lobby.talk import Left
from bastion.proxy.lobby.terminal import HungUp, Terminal
from bastion.proxy.notices import USUAL_WIDTH, WAITS_FOR_WATCHER, Words, on_screen
from bastion.proxy.ssh.admission import Admission
from bastion.proxy.ssh.carriage import SFTP, Carriage
from bastion.proxy.ssh.channels import TechnicianEnd, TunnelEnd
from bastion.proxy.ssh.errors import TEMPORARY, answer, in_ascii
from bastion.proxy.ssh.names import LoginName
from bastion.proxy.ssh.roads import Roads, Standing
from bastion.services.opening import Connection

MOST_CHANNELS: Final = 16
MOST_REFUSALS: Final = 50

_DEVICE_TROUBLES: Final = (DeviceUnreachable, HostKeyChanged, DeviceLoginFailed, DeviceNotReady)


class Visit:
    """What an authenticated connection may do; how it comes by its session is `Admission`'s."""

    def __init__(
        self, connection: asyncssh.SSHServerConnection, actor: Actor, name: LoginName, facts: Connection,
        roads: Roads, standing: Standing | None = None,
    ) -> None:  # fmt: skip
        self._connection = connection
        self._actor = actor
        self._name = name
        self._roads = roads
        self._supervisor = roads.supervisor
        self._ends: set[TechnicianEnd] = set()
        self._tunnels: set[TunnelEnd] = set()
        self._remarks: list[str] = []
        self._refusals = 0
        self._admission = Admission(connection, actor, name, facts, roads, standing, self._tell)

    def gone(self) -> None:
        """The technician's connection is lost, or closed."""
        self._admission.gone()

    # -- for the front -------------------------------------------------------------------------------------------------
    def new_channel(self) -> TechnicianEnd:
        self._need_room()
        end = TechnicianEnd(self)
        self._ends.add(end)
        return end

    def _need_room(self) -> None:
        """For one more channel or tunnel; a client that goes on asking for what it does not get is shown out."""
        if len(self._ends) + len(self._tunnels) >= MOST_CHANNELS:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, "Too many channels at once.")
        if self._refusals >= MOST_REFUSALS:
            self._connection.abort()
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, "Too many refusals.")

    def refuse(self, kind: str, detail: str = "", *, remark: bool = True) -> ChannelRefused:
        """Refuse a channel or request of a kind that is not offered: an audit event, and what is to be said."""
        problem = ChannelRefused(detail, kind=Phrase(kind.replace("{", "{{").replace("}", "}}")))  # it may be anything
        if self._may_refuse_more():
            self._supervisor.spawn(self._note_refusal(problem, kind, detail), "refused channel")
        if remark:
            self._remarks.append(sentence(problem, self._actor.language))
        return problem

    def _may_refuse_more(self) -> bool:
        """Count a refusal; a client that goes on asking for what it does not get is shown out."""
        self._refusals += 1
        if self._refusals > MOST_REFUSALS:
            self._connection.abort()
        return self._refusals <= MOST_REFUSALS

    async def _note_refusal(self, problem: ChannelRefused, kind: str, detail: str) -> None:
        """Put it down to the session, if there is one or one is being opened."""
        await self._admission.settled()
        if self._admission.live is None:
            await self._supervisor.services.sessions.refused(self._actor, self._name.device, problem)
        else:
            facts = {"channel": 0, "kind": kind, "why": "not offered", "detail": detail}
            self._admission.live.note(Audit("channel:refused", facts))

    # -- one channel ---------------------------------------------------------------------------------------------------
    def channel_started(self, end: TechnicianEnd) -> None:
        self._supervisor.spawn(self._serve(end), f"channel of {self._actor.login}")

    def channel_gone(self, end: TechnicianEnd) -> None:
        self._ends.discard(end)

    async def _serve(self, end: TechnicianEnd) -> None:
        self._remark(end)
        try:
            if end.asked.subsystem not in {"", SFTP}:
                problem = self.refuse(f"subsystem {end.asked.subsystem[:40]}", remark=False)
                end.refuse(sentence(problem, self._actor.language), answer(problem).exit_status)
            else:
                live = await self._admission.for_channel(end)
                if _is_shell(end):
                    await self._say_what_was_agreed(end, live)
                await self._followed(end, live)
                await self._carry(end, live)
        except Left:
            end.close()
        except BastionError as problem:
            self._refusals += 1
            self._turn_away(end, problem)
        except asyncio.CancelledError:
            end.refuse(Words(self._actor.language).ending(EndReason.SHUTDOWN), TEMPORARY)
            raise
        except Exception:
            self._turn_away(end, BastionError("fault"))
            raise

    async def _followed(self, end: TechnicianEnd, live: LiveSession) -> None:
        """Wait for somebody of the hospital to follow, if somebody must (R-34). Keys typed meanwhile go nowhere."""
        if not live.unwatched:
            return
        said = live.words.say(WAITS_FOR_WATCHER)
        if not end.asked.pty:
            end.write(Data(f"{said}\n".encode(), Stream.ERR))
            await live.followed()
            return
        terminal = Terminal(end, end.asked.size.cols, echo=False)
        terminal.write(screens.wrap(said, terminal.cols) + "\n")
        leaving = self._supervisor.task(_until_left(terminal), f"waiting of {self._actor.login}")
        following = self._supervisor.task(live.followed(), f"watch over {live.id}")
        try:
            await asyncio.wait({leaving, following}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                raise Left
            await following
        finally:
            leaving.cancel()
            following.cancel()

    async def _carry(self, end: TechnicianEnd, live: LiveSession) -> None:
        ways = self._admission.ways(live)
        files = self._admission.files
        if files is not None and files.takes(end):
            await files.serve(end)
            return
        if end.asked.subsystem:
            await self._straight(ways, end, live)
            return
        await ways.terminal(end)

    async def _straight(self, ways: Carriage, end: TechnicianEnd, live: LiveSession) -> None:
        """Files beside the gate; a device without an SFTP server is spoken to in the old SCP protocol instead."""
        try:
            await ways.files(end)
        except ChannelRefused:
            files = self._admission.files
            if files is None or ChannelKind.SFTP not in live.grant.channels or not live.live:
                raise
            await files.serve(end)

    # -- one tunnel ----------------------------------------------------------------------------------------------------
    async def tunnel(self, host: str, port: int) -> TunnelEnd:
        """Join a tunnel to a service of the device; `ChannelOpenError` with the sentence when it may not be."""
        self._need_room()
        end = TunnelEnd(self._tunnels.discard)
        self._tunnels.add(end)
        try:
            live = await self._admission.without_screen()
            await live.followed()
            await self._admission.ways(live).tunnel(end, host, port)
        except BaseException as problem:
            self._tunnels.discard(end)
            if not isinstance(problem, BastionError):
                raise
            self._refusals += 1
            raise asyncssh.ChannelOpenError(answer(problem).channel, in_ascii(problem)) from problem
        return end

    def _remark(self, end: TechnicianEnd) -> None:
        """Say what was refused before there was anywhere to say it."""
        remarks, self._remarks = self._remarks, []
        newline = "\r\n" if end.asked.pty else "\n"
        for text in remarks:
            end.write(Data(f"{text}{newline}".encode(), Stream.ERR))

    async def _say_what_was_agreed(self, end: TechnicianEnd, live: LiveSession) -> None:
        """Until when, and what the approver had to say: read before anything else, and before what is still missing:
        his time runs. The device is dialled meanwhile.
        """
        request = await self._roads.ways.agreed(live, self._admission.desk.request)
        cols, paste = end.asked.size.cols, self._admission.ways(live).commands(self._roads.address, self._actor.login)
        text = screens.agreed(live.words, request, live.end, cols) + pasted.brief(live.words, paste, cols)
        end.write(Data(text.replace("\n", "\r\n").encode()))

    def _turn_away(self, end: TechnicianEnd, problem: BastionError) -> None:
        live = self._admission.live
        ended = live.last_words() if live is not None else ""
        text = ended or sentence(problem, self._actor.language)
        if isinstance(problem, NotFound) and not ended:
            text = f"{text} {self._where_his_are()}"
        if end.asked.pty:
            text = screens.wrap(text, end.asked.size.cols or USUAL_WIDTH).replace("\n", "\r\n")
        end.refuse(text, answer(problem).exit_status)
        if live is not None and isinstance(problem, _DEVICE_TROUBLES):
            live.feed(DeviceLost(problem.code))

    def _where_his_are(self) -> str:
        address = self._roads.address
        said = translator(self._actor.language)(
            "Your devices are listed without a name behind yours: ssh {login}@{host}"
        )
        return said.format(login=self._actor.login, host=address.host)

    def _tell(self, text: str) -> None:
        """Put a sentence before the technician, on whatever he has open."""
        for end in list(self._ends):
            shown = on_screen(text, end.asked.size.cols) if end.asked.pty else f"{text}\n".encode()
            end.write(Data(shown, Stream.ERR))


def _is_shell(end: TechnicianEnd) -> bool:
    """Whether somebody reads there, and nothing else does."""
    return end.asked.pty and end.asked.command is None and not end.asked.subsystem


async def _until_left(terminal: Terminal) -> None:
    """Swallow what is typed; return when the technician leaves."""
    with suppress(HungUp):
        while True:
            await terminal.line()
