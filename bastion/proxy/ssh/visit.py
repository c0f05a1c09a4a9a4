"""One technician's connection, from being let in to good-bye: lobby, session, channels."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Final

import asyncssh
import structlog

from bastion import clock
from bastion.domain.device import ChannelKind
from bastion.domain.grant import Grant
from bastion.domain.parties import Actor
from bastion.domain.session import DeviceLost, EndReason, TechnicianLeft
from bastion.domain.session_effects import Audit
from bastion.errors import (
    BastionError,
    ChannelRefused,
    DeviceLoginFailed,
    DeviceNotReady,
    DeviceUnreachable,
    HostKeyChanged,
    NoGrant,
    Phrase,
    Unavailable,
    UndertakingOwed,
)
from bastion.i18n import SOURCE_LANGUAGE, sentence
from bastion.proxy.frames import Data, Stream
from bastion.proxy.live_session import LiveSession
from bastion.proxy.lobby import pasted, screens
from bastion.proxy.lobby.aside import Aside
from bastion.proxy.lobby.desk import ServiceDesk
from bastion.proxy.lobby.lobby import Lobby
from bastion.proxy.lobby.talk import Left
from bastion.proxy.lobby.terminal import HungUp, Terminal
from bastion.proxy.notices import USUAL_WIDTH, WAITS_FOR_WATCHER, Words, on_screen
from bastion.proxy.ssh.carriage import SFTP, Carriage, services_of
from bastion.proxy.ssh.channels import TechnicianEnd, TunnelEnd
from bastion.proxy.ssh.connector import DeviceLink
from bastion.proxy.ssh.desk_channel import DeskChannels
from bastion.proxy.ssh.errors import TEMPORARY, answer, in_ascii, plain_ascii
from bastion.proxy.ssh.links import Link
from bastion.proxy.ssh.names import LoginName
from bastion.proxy.ssh.roads import Roads, Standing
from bastion.proxy.ssh.ways import Way
from bastion.services.opening import Connection, check_grant
from bastion.services.views import Entry, Opened

MOST_CHANNELS: Final = 16
MOST_REFUSALS: Final = 50
GOODBYE: Final = 1.0
"""Seconds a client has to close by itself once its session has ended; then we do."""

ASK_FIRST: Final = "You have no open authorisation for this device. Connect with a terminal to ask for one."
STILL_WAITING: Final = "Your request {ref} for this device still waits for the hospital. Try again once it is agreed."
WHICH_DEVICE: Final = "Say which device: log in as {login}+device, or connect with a terminal to see the list."

_DEVICE_TROUBLES: Final = (DeviceUnreachable, HostKeyChanged, DeviceLoginFailed, DeviceNotReady)
_log = structlog.get_logger(__name__)


class Visit:
    """What an authenticated connection may do. `connection` is told to go when the session is over."""

    def __init__(
        self, connection: asyncssh.SSHServerConnection, actor: Actor, name: LoginName, facts: Connection,
        roads: Roads, standing: Standing | None = None,
    ) -> None:  # fmt: skip
        self._connection = connection
        self._actor = actor
        self._name = name
        self._facts = facts
        self._roads = roads
        self._supervisor = roads.supervisor
        self._desk = ServiceDesk(roads.supervisor.services, actor, roads.address)
        self._ends: set[TechnicianEnd] = set()
        self._tunnels: set[TunnelEnd] = set()
        self._remarks: list[str] = []
        self._refusals = 0
        self._live: LiveSession | None = None
        self._carriage: Carriage | None = None
        self._files: DeskChannels | None = None
        self._link = standing.link if standing else None
        self._grant_id = standing.grant_id if standing else ""
        self._opening: asyncio.Task[LiveSession] | None = None
        self._gone = False
        self._met = False
        self._arrival = self._supervisor.task(self._arrive(), f"arrival of {actor.login}")

    # -- coming and going ----------------------------------------------------------------------------------------------
    async def _arrive(self) -> Entry | None:
        """If all is agreed and acknowledged open the session now: the device answers while the client still asks.

        A standing proof names the grant it stands for; opening checks everything, so there is nothing to look up first.
        """
        if not self._name.device:
            return None
        if self._grant_id:
            grant_id, self._grant_id = self._grant_id, ""
            with suppress(NoGrant, UndertakingOwed):  # it has ended since; what else there is, the entry tells
                await self._session(grant_id)
                return None
        entry = await self._enter()
        if entry.grant is not None and entry.ready:
            await self._session(entry.grant.id)
        return entry

    def gone(self) -> None:
        """The technician's connection is lost, or closed."""
        self._gone = True
        if self._live is not None:
            self._live.feed(TechnicianLeft())
        elif self._opening is None:
            self._let_go()
            if self._facts.new and self._arrival.done():
                came_in = self._supervisor.services.authentication.came_in(self._actor, self._facts.sign_in)
                self._supervisor.spawn(came_in, f"sign-in of {self._actor.login}")

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
        await asyncio.wait([self._arrival])
        if self._live is None:
            await self._supervisor.services.sessions.refused(self._actor, self._name.device, problem)
        else:
            facts = {"channel": 0, "kind": kind, "why": "not offered", "detail": detail}
            self._live.note(Audit("channel:refused", facts))

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
                live = await self._session_for(end)
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
        ways = self._ways(live)
        if self._files is not None and self._files.takes(end):
            await self._files.serve(end)
            return
        if end.asked.subsystem:
            await self._straight(ways, end, live)
            return
        if end.asked.pty and end.asked.command is None:
            await self._say_what_was_agreed(end, live)
        await self._ways(live).terminal(end)

    async def _straight(self, ways: Carriage, end: TechnicianEnd, live: LiveSession) -> None:
        """Files beside the gate; a device without an SFTP server is spoken to in the old SCP protocol instead."""
        try:
            await ways.files(end)
        except ChannelRefused:
            if self._files is None or ChannelKind.SFTP not in live.grant.channels or not live.live:
                raise
            await self._files.serve(end)

    # -- one tunnel ----------------------------------------------------------------------------------------------------
    async def tunnel(self, host: str, port: int) -> TunnelEnd:
        """Join a tunnel to a service of the device; `ChannelOpenError` with the sentence when it may not be."""
        self._need_room()
        end = TunnelEnd(self._tunnels.discard)
        self._tunnels.add(end)
        try:
            live = await self._session_without_screen()
            await live.followed()
            await self._ways(live).tunnel(end, host, port)
        except BaseException as problem:
            self._tunnels.discard(end)
            if not isinstance(problem, BastionError):
                raise
            self._refusals += 1
            raise asyncssh.ChannelOpenError(answer(problem).channel, in_ascii(problem)) from problem
        return end

    async def _session_without_screen(self) -> LiveSession:
        """The session of this connection, for a channel on which nothing can be asked."""
        entry = await self._arrived()
        if self._opening is not None:
            return await asyncio.shield(self._opening)
        return await self._unasked(await self._holding(entry, has_terminal=False))

    def _remark(self, end: TechnicianEnd) -> None:
        """Say what was refused before there was anywhere to say it."""
        remarks, self._remarks = self._remarks, []
        newline = "\r\n" if end.asked.pty else "\n"
        for text in remarks:
            end.write(Data(f"{text}{newline}".encode(), Stream.ERR))

    async def _say_what_was_agreed(self, end: TechnicianEnd, live: LiveSession) -> None:
        """Until when, and what the approver had to say: read before anything else. The device is dialled meanwhile."""
        request = await self._roads.ways.agreed(live, self._desk.request)
        cols, paste = end.asked.size.cols, self._ways(live).commands(self._roads.address, self._actor.login)
        text = screens.agreed(live.words, request, live.end, cols) + pasted.brief(live.words, paste, cols)
        end.write(Data(text.replace("\n", "\r\n").encode()))

    async def _holding(self, entry: Entry | None, *, has_terminal: bool) -> Grant:
        """The authorisation of whom nothing can be asked; who is turned away for want of one stands in the trail."""
        if entry is None:
            await self._enter()  # whether he may come in at all is said before what he should have asked for
        try:
            return _nobody_to_ask(self._name, entry, has_terminal=has_terminal)
        except BastionError as problem:
            await self._supervisor.services.sessions.refused(self._actor, self._name.device, problem)
            raise

    async def _unasked(self, grant: Grant) -> LiveSession:
        """The session for a channel on which nobody can accept the notice: the undertaking, accepted in person before,
        says that all is recorded, and stands for it (R-56).
        """
        if grant.acknowledged_at is None:
            await self._supervisor.services.sessions.acknowledge(self._actor, grant.id, "undertaking")
        return await self._session(grant.id)

    def _turn_away(self, end: TechnicianEnd, problem: BastionError) -> None:
        ended = self._live.last_words() if self._live is not None else ""
        text = ended or sentence(problem, self._actor.language)
        if end.asked.pty:
            text = screens.wrap(text, end.asked.size.cols or USUAL_WIDTH).replace("\n", "\r\n")
        end.refuse(text, answer(problem).exit_status)
        if self._live is not None and isinstance(problem, _DEVICE_TROUBLES):
            self._live.feed(DeviceLost(problem.code))

    # -- which session -------------------------------------------------------------------------------------------------
    async def _session_for(self, end: TechnicianEnd) -> LiveSession:
        """The session of this connection; when there is none yet, whatever leads to one."""
        entry = await self._arrived()
        if self._opening is not None:
            return await asyncio.shield(self._opening)
        if not (end.asked.pty and end.asked.command is None):
            grant = await self._holding(entry, has_terminal=end.asked.pty)
            if not end.asked.pty:
                return await self._unasked(grant)
        terminal = Terminal(end, end.asked.size.cols)
        lobby = Lobby(terminal, self._desk, Words(self._actor.language), self._supervisor.news)
        grant = await lobby.run(self._name.device, self._name.account)
        return await self._session(grant.id)

    async def _arrived(self) -> Entry | None:
        """What he found when he came; for a channel that comes later, what he finds now."""
        if self._met:
            return await self._arrive()
        self._met = True
        return await asyncio.shield(self._arrival)

    # -- the session ---------------------------------------------------------------------------------------------------
    async def _session(self, grant_id: str) -> LiveSession:
        """Open the session once, however many channels ask for it at the same time."""
        if self._opening is None:
            self._opening = self._supervisor.task(self._open(grant_id), f"open {grant_id}")
        try:
            return await asyncio.shield(self._opening)
        except BastionError:
            self._opening = None
            raise

    async def _open(self, grant_id: str) -> LiveSession:
        try:
            opened = await self._open_records(grant_id)
            self._live = live = await self._supervisor.begin(opened, self._actor.language)
        except BaseException:
            self._let_go()
            raise
        live.warned = Aside(live, self._desk, self._supervisor.news, self._supervisor.spawn).offer
        if self._gone:
            self._let_go()
            live.feed(TechnicianLeft())
            return live
        link = self._connect(live, opened)
        self._supervisor.spawn(self._watch_end(live, link), f"good-bye of {live.id}")
        return live

    async def _open_records(self, grant_id: str) -> Opened:
        """His coming in is kept once, with the session or with its refusal; not while the records are away."""
        try:
            opened = await self._supervisor.services.sessions.open(self._actor, grant_id, self._facts)
        except Unavailable:
            raise
        except BastionError:
            self._facts = replace(self._facts, new=False)
            raise
        self._facts = replace(self._facts, new=False)
        return opened

    def _connect(self, live: LiveSession, opened: Opened) -> Link:
        """Log in on the connection that is on its way, if it goes to the right place, or on a new one."""
        way = Way.of(opened)
        if self._link is not None and self._link.way != way:
            self._let_go()
        if self._link is None:
            self._link = self._roads.dial(way)
        self._link.admit(opened.credential, live.note, lambda why: _device_lost(live, why))
        self._roads.ways.learn(live, way)
        self._carriage = Carriage(live, self._link, opened.device, services_of(opened.endpoints), self._roads.networks)
        if isinstance(self._link, DeviceLink):  # other lines carry no files
            self._files = DeskChannels(live, self._link, self._supervisor.services, self._supervisor.task)
            self._supervisor.spawn(self._files.deliver(self._tell), f"deliveries of {live.id}")
        return self._link

    def _tell(self, text: str) -> None:
        """Put a sentence before the technician, on whatever he has open."""
        for end in list(self._ends):
            shown = on_screen(text, end.asked.size.cols) if end.asked.pty else f"{text}\n".encode()
            end.write(Data(shown, Stream.ERR))

    def _ways(self, live: LiveSession) -> Carriage:
        if self._carriage is None or self._carriage.live is not live:
            raise NoGrant("the session has no device")
        return self._carriage

    def _let_go(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    async def _watch_end(self, live: LiveSession, link: Link) -> None:
        await live.ended.wait()
        link.close()
        self._roads.ways.forget(live)
        await asyncio.sleep(GOODBYE)
        self._connection.disconnect(asyncssh.DISC_BY_APPLICATION, plain_ascii(live.last_words(SOURCE_LANGUAGE)))

    async def _enter(self) -> Entry:
        return await self._desk.enter(self._name.device, self._name.account)


async def _until_left(terminal: Terminal) -> None:
    """Swallow what is typed; return when the technician leaves."""
    with suppress(HungUp):
        while True:
            await terminal.line()


def _nobody_to_ask(name: LoginName, entry: Entry | None, *, has_terminal: bool) -> Grant:
    """Without a shell on a terminal there is no waiting: return what is open, or raise what says why not."""
    if entry is None:
        raise NoGrant("no device", sentence=WHICH_DEVICE, login=name.technician)
    if entry.grant is None:
        if entry.pending is not None:
            raise NoGrant("pending", sentence=STILL_WAITING, ref=entry.pending.ref)
        if entry.over is not None:
            check_grant(entry.over, clock.now())
        raise NoGrant("nothing asked", sentence=ASK_FIRST)
    if not has_terminal and entry.undertaking is not None:
        raise UndertakingOwed(name.technician)
    return entry.grant


def _device_lost(live: LiveSession, why: str) -> None:
    if live.live:
        live.feed(DeviceLost(why))
