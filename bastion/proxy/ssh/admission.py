"""How one connection comes by its session: what stands open already, or whatever leads to one, opened once."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

import asyncssh

from bastion import clock
from bastion.domain.grant import Grant
from bastion.domain.parties import Actor
from bastion.domain.session_events import DeviceLost, TechnicianLeft
from bastion.errors import BastionError, NoGrant, Unavailable, UndertakingOwed
from bastion.i18n import SOURCE_LANGUAGE
from bastion.proxy.live_session import LiveSession
from bastion.proxy.lobby.aside import Aside
from bastion.proxy.lobby.desk import ServiceDesk
from bastion.proxy.lobby.lobby import Lobby
from bastion.proxy.lobby.terminal import Terminal
from bastion.proxy.notices import Words
from bastion.proxy.ssh.carriage import Carriage, services_of
from bastion.proxy.ssh.channels import TechnicianEnd
from bastion.proxy.ssh.connector import DeviceLink
from bastion.proxy.ssh.desk_channel import DeskChannels
from bastion.proxy.ssh.errors import plain_ascii
from bastion.proxy.ssh.links import Link
from bastion.proxy.ssh.names import LoginName
from bastion.proxy.ssh.roads import Roads, Standing
from bastion.proxy.ssh.ways import Way
from bastion.services.opening import Connection, check_grant
from bastion.services.views import Entry, Opened

GOODBYE: Final = 1.0
"""Seconds a client has to close by itself once its session has ended; then we do."""

ASK_FIRST: Final = "You have no open authorisation for this device. Connect with a terminal to ask for one."
STILL_WAITING: Final = "Your request {ref} for this device still waits for the hospital. Try again once it is agreed."
WHICH_DEVICE: Final = "Say which device: log in as {login}+device, or connect with a terminal to see the list."


class Admission:
    """The one session of a connection. `connection` is told to go when it is over; `tell` puts a sentence before him.

    Until somebody asks for a channel nothing is waited for: what he finds when he comes is looked up meanwhile, and an
    open and acknowledged authorisation is opened at once, so that the device answers while the client still asks.
    """

    def __init__(
        self, connection: asyncssh.SSHServerConnection, actor: Actor, name: LoginName, facts: Connection,
        roads: Roads, standing: Standing | None, tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.desk = ServiceDesk(roads.supervisor.services, actor, roads.address)
        self.live: LiveSession | None = None
        self.files: DeskChannels | None = None
        """Where files are handled, if the device takes any; made with the session."""
        self._connection = connection
        self._actor = actor
        self._name = name
        self._facts = facts
        self._roads = roads
        self._supervisor = roads.supervisor
        self._tell = tell
        self._carriage: Carriage | None = None
        self._link = standing.link if standing else None
        self._grant_id = standing.grant_id if standing else ""
        self._opening: asyncio.Task[LiveSession] | None = None
        self._gone = False
        self._met = False
        self._arrival = self._supervisor.task(self._arrive(), f"arrival of {actor.login}")

    # -- for the visit -------------------------------------------------------------------------------------------------
    async def for_channel(self, end: TechnicianEnd) -> LiveSession:
        """The session of this connection; when there is none yet, whatever leads to one. Raises what refuses it."""
        entry = await self._arrived()
        if self._opening is not None:
            return await asyncio.shield(self._opening)
        if not (end.asked.pty and end.asked.command is None):
            grant = await self._holding(entry, has_terminal=end.asked.pty)
            if not end.asked.pty:
                return await self._unasked(grant)
        terminal = Terminal(end, end.asked.size.cols)
        lobby = Lobby(terminal, self.desk, Words(self._actor.language), self._supervisor.news)
        grant = await lobby.run(self._name.device, self._name.account)
        return await self._session(grant.id)

    async def without_screen(self) -> LiveSession:
        """The session of this connection, for a channel on which nothing can be asked. Raises what refuses it."""
        entry = await self._arrived()
        if self._opening is not None:
            return await asyncio.shield(self._opening)
        return await self._unasked(await self._holding(entry, has_terminal=False))

    def ways(self, live: LiveSession) -> Carriage:
        """How channels reach the device of `live`."""
        if self._carriage is None or self._carriage.live is not live:
            raise NoGrant("the session has no device")
        return self._carriage

    async def settled(self) -> None:
        """Wait until it is known whether a session was open to him as he came."""
        await asyncio.wait([self._arrival])

    def gone(self) -> None:
        """The technician's connection is lost, or closed."""
        self._gone = True
        if self.live is not None:
            self.live.feed(TechnicianLeft())
        elif self._opening is None:
            self._let_go()
            if self._facts.new and self._arrival.done():
                came_in = self._supervisor.services.authentication.came_in(self._actor, self._facts.sign_in)
                self._supervisor.spawn(came_in, f"sign-in of {self._actor.login}")

    # -- what he finds -------------------------------------------------------------------------------------------------
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

    async def _arrived(self) -> Entry | None:
        """What he found when he came; for a channel that comes later, what he finds now."""
        if self._met:
            return await self._arrive()
        self._met = True
        return await asyncio.shield(self._arrival)

    async def _enter(self) -> Entry:
        return await self.desk.enter(self._name.device, self._name.account)

    async def _holding(self, entry: Entry | None, *, has_terminal: bool) -> Grant:
        """The authorisation of whom nothing can be asked; who is turned away for want of one stands in the trail."""
        if entry is None:
            await self._enter()  # whether he may come in at all is said before what he should have asked for
        try:
            return nobody_to_ask(self._name, entry, has_terminal=has_terminal)
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
            self.live = live = await self._supervisor.begin(opened, self._actor.language)
        except BaseException:
            self._let_go()
            raise
        aside = Aside(live, self.desk, self._supervisor.news, self._supervisor.spawn)
        live.warned, live.more_asked = aside.offer, aside.follow
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
            self.files = DeskChannels(live, self._link, self._supervisor.services, self._supervisor.task)
            self._supervisor.spawn(self.files.deliver(self._tell), f"deliveries of {live.id}")
        return self._link

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


def nobody_to_ask(name: LoginName, entry: Entry | None, *, has_terminal: bool) -> Grant:
    """Without a shell on a terminal there is no waiting: return what is open, or raise what says why not."""
    if entry is None:
        raise NoGrant("no device", sentence=WHICH_DEVICE, login=name.technician)
    if entry.grant is None:
        if entry.pending is not None:
            raise NoGrant("pending", sentence=STILL_WAITING, ref=entry.pending.ref)
        if entry.unanswered is not None:
            raise entry.unanswered
        if entry.over is not None:
            check_grant(entry.over, clock.now())
        raise NoGrant("nothing asked", sentence=ASK_FIRST)
    if not has_terminal and entry.undertaking is not None:
        raise UndertakingOwed(name.technician)
    return entry.grant


def _device_lost(live: LiveSession, why: str) -> None:
    if live.live:
        live.feed(DeviceLost(why))
