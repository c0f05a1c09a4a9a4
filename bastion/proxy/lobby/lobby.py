"""Leads a technician from his arrival to an open, acknowledged authorisation, or says why there is none."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.own_words import recognised
from bastion.domain.remark import open_questions
from bastion.domain.undertaking import Undertaking, accepts
from bastion.errors import Conflict, GrantRevoked, Invalid, NoGrant, Unavailable
from bastion.i18n import yes
from bastion.proxy.lobby import errands, owed, pasted, screens
from bastion.proxy.lobby.asking import Asking
from bastion.proxy.lobby.desk import Desk
from bastion.proxy.lobby.talk import Left, Talk
from bastion.proxy.lobby.terminal import HungUp, Terminal
from bastion.proxy.notices import Words
from bastion.proxy.pulse import Pulse
from bastion.services.views import Entry, MenuItem

SOON: Final = timedelta(hours=2)
"""Who comes no earlier than that before planned work waits for it; before, he may ask for something else."""
LOOK_AGAIN: Final = 2.0
"""Seconds after which a waiting lobby reads the rows even without a hint."""
WHICH: Final = "Number or name of the device (Enter shows the list as it is now, ? commands, Ctrl-C leaves): "
ACCEPT: Final = "Type “accept” to accept this in your own name, or “no” to leave: "


class Lobby:
    def __init__(self, terminal: Terminal, desk: Desk, words: Words, news: Pulse) -> None:
        self._terminal = terminal
        self._desk = desk
        self._talk = Talk(terminal, words)
        self._news = news
        self._heard: set[str] = set()
        self._asked = False
        self._stuck = self._warned = ""
        self._awaited: Grant | None = None
        self._silent: NoGrant | None = None

    async def run(self, device: str = "", account: str = "") -> Grant:
        """Return an open grant whose recording notice is accepted; raise `Left`, or what stands in the way."""
        try:
            self._talk.show(await self._owed())
            code = device or await self._choose()
            entry = await self._desk.enter(code, account)
            if entry.device is not None and entry.facility is not None:
                self._talk.words = replace(self._talk.words, zone=entry.facility.timezone)
                self._talk.show(screens.heading(entry.device, entry.facility.name, self._talk.cols))
            self._urgent(entry)
            await self._undertake(entry.undertaking, code, account)
            grant = entry.grant
            if grant is None:
                grant = await self._obtain(entry, code, account)
                await self._undertake((await self._desk.enter(code, account)).undertaking, code, account)
            if grant.acknowledged_at is None:
                await self._talk.accept_notice()
                await self._desk.acknowledge(grant.id)
        except HungUp:
            raise Left from None
        return grant

    async def _owed(self) -> str:
        found = await self._desk.owed()
        return owed.told(self._talk.words, found, self._desk.address.portal, clock.now(), self._talk.cols)

    # -- which device --------------------------------------------------------------------------------------------------
    async def _choose(self) -> str:
        return await self._chosen(await self._menu())

    async def _menu(self) -> Sequence[MenuItem]:
        """Show his devices, and how far he is with each now."""
        items = (await self._desk.enter("", "")).menu
        self._talk.show(screens.menu(self._talk.words, items, self._talk.cols))
        self._talk.show(screens.errands(self._talk.words, items, self._talk.cols))
        if not items:
            raise Left
        return items

    async def _chosen(self, items: Sequence[MenuItem]) -> str:
        while True:
            answer = await self._talk.question(WHICH)
            code = screens.choice(answer, items)
            if not answer:
                items = await self._menu()
            elif answer.startswith("?"):
                await self._commands(answer[1:].strip(), items)
            elif answer.startswith((errands.MORE, errands.HAND_OVER, errands.GIVE_BACK)):
                await errands.Errands(self._desk, self._talk).run(answer, (await self._desk.enter("", "")).menu)
            elif code is not None:
                return code
            else:
                self._talk.say("There is no such device in the list.")

    async def _commands(self, of: str, items: Sequence[MenuItem]) -> None:
        """Show what may be pasted for a device: the one that was named, the only one, or the one he says now."""
        only = items[0].device.code if len(items) == 1 else ""
        code = screens.choice(of or only or await self._talk.question("Commands for which device? "), items)
        if code is None:
            self._talk.say("There is no such device in the list.")
            return
        try:
            found = await self._desk.commands(code)
        except Unavailable as problem:
            self._talk.tell(problem)
            return
        self._talk.show(pasted.sheet(self._talk.words, code, found, self._desk.address))

    # -- asking for access ---------------------------------------------------------------------------------------------
    async def _obtain(self, entry: Entry, code: str, account: str) -> Grant:
        request = entry.pending if entry.pending and _soon(entry.pending.begins) else None
        device_id = entry.device.id if entry.device else ""
        coming = None if request else await self._desk.coming(device_id)
        coming = coming if coming and _soon(coming.start) and await self._comes(coming) else None
        if coming is not None:
            self._awaited = coming
            self._talk.write(screens.later(self._talk.words, coming.start))
        elif request is None:
            if entry.over is not None and entry.over.status(clock.now()) is GrantStatus.REVOKED:
                self._talk.tell(GrantRevoked(entry.over.id, why=recognised(entry.over.revoke_reason)))
            if entry.unanswered is not None:
                self._talk.tell(entry.unanswered)
            request = await Asking(self._talk, self._desk, code, account).ask()
            entry = await self._desk.enter(code, account)
            self._urgent(entry)
        if request is not None:
            self._talk.show(screens.waiting(self._talk.words, request, entry.approvers, self._talk.cols))
        return await self._wait(code, account, request)

    def _urgent(self, entry: Entry) -> None:
        if entry.emergency is not None:
            self._talk.show(screens.urgent(self._talk.words, entry.emergency, self._talk.cols))

    # -- waiting -------------------------------------------------------------------------------------------------------
    async def _wait(self, code: str, account: str, request: AccessRequest | None) -> Grant:
        """Look at the rows at each hint until there is an open grant. Keys are read meanwhile."""
        key = asyncio.create_task(self._terminal.line())
        beat = self._news.coming()
        try:
            while (grant := await self._look(code, account)) is None:
                if request is not None:
                    request = await self._progress(request)
                    self._warn()
                elif not await self._anything_comes():
                    raise Left
                key = await self._hint_or_key(key, request, beat)
                beat = self._news.coming()
        finally:
            key.cancel()
            await asyncio.gather(key, return_exceptions=True)
        return grant

    async def _look(self, code: str, account: str) -> Grant | None:
        try:
            entry = await self._desk.enter(code, account)
        except Unavailable:
            return None  # the rows are away; whoever waits goes on waiting
        self._stuck, self._silent = entry.stuck, entry.unanswered
        return entry.grant

    async def _anything_comes(self) -> bool:
        """Whether there is still something to wait for, once all is agreed; why not is said."""
        if self._awaited is not None:
            return await self._comes(self._awaited)
        if self._silent is not None:
            self._talk.tell(self._silent)
        return self._silent is None

    async def _comes(self, grant: Grant) -> bool:
        """Whether this opens by itself when its time has come, as all stands now; why not is said."""
        try:
            await self._desk.still_coming(grant.id)
        except Unavailable:
            return True  # the rows are away; whoever waits goes on waiting
        except NoGrant as problem:
            self._talk.tell(problem)
            return False
        return True

    def _warn(self) -> None:
        """Say once that he would wait for nobody, and again when that has changed meanwhile."""
        if self._stuck and self._stuck != self._warned:
            self._talk.say(self._stuck)
        self._warned = self._stuck

    async def _progress(self, before: AccessRequest) -> AccessRequest | None:
        """Say what has happened to the request; `None` once it is agreed and only the time must come."""
        try:
            request = await self._desk.request(before.id)
        except Unavailable:
            return before
        match request.state(clock.now()):
            case RequestState.PENDING:
                await self._hear(request)
                if len(request.approvals) > len(before.approvals):
                    self._talk.write(screens.agreed_so_far(self._talk.words, request))
                return request
            case RequestState.APPROVED:
                await self._agreed(request)
                return None
            case state:
                self._talk.show("\n")
                self._talk.write(screens.not_agreed(self._talk.words, request, state))
                if screens.said_no(request, state):
                    self._talk.say(screens.AFTER_NO)
        raise Left

    async def _hear(self, request: AccessRequest) -> None:
        """Show what the hospital asks; the next line he types answers it."""
        try:
            asked = open_questions(await self._desk.thread(request.id))
        except Unavailable:
            return  # at the next hint
        for remark in asked:
            if remark.id not in self._heard:
                self._talk.show(screens.question(self._talk.words, remark, self._talk.cols))
        self._heard |= {remark.id for remark in asked}
        self._asked = bool(asked)

    async def _answer(self, request: AccessRequest, text: str) -> None:
        try:
            await self._desk.answer(request.id, text)
        except (Conflict, Invalid, Unavailable) as problem:
            self._talk.tell(problem)
        else:
            self._asked = False
            self._talk.say("Your answer is with the hospital.")

    async def _agreed(self, request: AccessRequest) -> None:
        coming = await self._desk.coming(request.device_id)
        if coming is not None and coming.request_id == request.id:
            if not await self._comes(coming):
                raise Left
            self._awaited = coming
            self._talk.write(screens.later(self._talk.words, coming.start))

    async def _hint_or_key(
        self, key: asyncio.Task[str], request: AccessRequest | None, beat: asyncio.Event
    ) -> asyncio.Task[str]:
        hint = asyncio.create_task(self._news.wait(LOOK_AGAIN, beat))
        try:
            await asyncio.wait({key, hint}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hint.cancel()
        if not key.done():
            return key
        await self._heed(key, request)
        return asyncio.create_task(self._terminal.line())

    async def _heed(self, key: asyncio.Task[str], request: AccessRequest | None) -> None:
        """Do what a line asks for; what is none is told where one was waited for."""
        try:
            said = key.result()
        except Invalid as problem:
            if self._asked:
                self._talk.tell(problem)
            return
        if screens.withdraws(said) and request is not None:
            await self._desk.withdraw(request.id)
        elif said and request is not None and self._asked:
            await self._answer(request, said)

    # -- the undertaking (R-47) ----------------------------------------------------------------------------------------
    async def _undertake(self, text: Undertaking | None, code: str, account: str) -> None:
        """Show what he has to accept in person, until he has accepted what is in force."""
        while text is not None:
            self._talk.show(screens.undertaking(self._talk.words, text, self._talk.cols))
            answer = await self._talk.question(ACCEPT)
            if yes(answer) is False:
                self._talk.say("Without the undertaking nothing can be opened.")
                raise Left
            if not accepts(answer):
                self._talk.say("Nothing is accepted yet.")
                continue
            try:
                await self._desk.undertake(text.version)
            except Conflict as problem:
                self._talk.tell(problem)
            text = (await self._desk.enter(code, account)).undertaking


def _soon(begins: datetime | None) -> bool:
    """Whether somebody who is there now may wait for it; `None`: as soon as it is agreed."""
    return begins is None or begins - clock.now() <= SOON
