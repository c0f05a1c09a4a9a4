"""Leads a technician from his arrival to an open, acknowledged authorisation, or says why there is none."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.emergency import Call
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.remark import open_questions
from bastion.domain.undertaking import Undertaking, accepts
from bastion.errors import BastionError, Conflict, GrantRevoked, Invalid, PolicyRefused, Unavailable
from bastion.i18n import sentence
from bastion.proxy.lobby import errands, pasted, screens
from bastion.proxy.lobby.desk import Desk
from bastion.proxy.lobby.plan import Choice, PlanQuestions, chosen
from bastion.proxy.lobby.terminal import HungUp, Terminal
from bastion.proxy.lobby.timing import TimeQuestion, Timing
from bastion.proxy.lobby.usual import Keeping, Usual, offered, procedure
from bastion.proxy.notices import Words
from bastion.proxy.pulse import Pulse
from bastion.services.access import RequestDraft
from bastion.services.views import Entry, MenuItem

PATIENCE: Final = 600.0
"""Seconds an unanswered question stays on the screen."""
LOOK_AGAIN: Final = 2.0
"""Seconds after which a waiting lobby reads the rows even without a hint."""
USUAL_MINUTES: Final = 60
USUAL_KIND: Final = "2"
ORDER: Final = "Work order or ticket (Enter for none): "
ORDER_AGAIN: Final = "Work order or ticket (- for none): "
CALL_BACK: Final = "Telephone number to call back (Enter for none): "
CALL_BACK_AGAIN: Final = "Telephone number to call back (- for none): "
ACCEPT: Final = "Type “accept” to accept this in your own name, or “no” to leave: "


class Left(Exception):
    """The technician goes without a session. What there was to say has been said."""


class Lobby:
    def __init__(self, terminal: Terminal, desk: Desk, words: Words, news: Pulse) -> None:
        self._terminal = terminal
        self._desk = desk
        self._words = words
        self._news = news
        self._heard: set[str] = set()
        self._asked = False

    async def run(self, device: str = "", account: str = "") -> Grant:
        """Return an open grant whose recording notice is accepted; raise `Left`, or what stands in the way."""
        try:
            code = device or await self._choose()
            entry = await self._desk.enter(code, account)
            if entry.device is not None and entry.facility is not None:
                self._words = replace(self._words, zone=entry.facility.timezone)
                self._show(screens.heading(entry.device, entry.facility.name, self._terminal.cols))
            await self._undertake(entry.undertaking, code, account)
            grant = entry.grant
            if grant is None:
                grant = await self._obtain(entry, code, account)
                await self._undertake((await self._desk.enter(code, account)).undertaking, code, account)
            if grant.acknowledged_at is None:
                await self._accept_notice()
                await self._desk.acknowledge(grant.id)
        except HungUp:
            raise Left from None
        return grant

    # -- which device --------------------------------------------------------------------------------------------------
    async def _choose(self) -> str:
        items = (await self._desk.enter("", "")).menu
        self._show(screens.menu(self._words, items, self._terminal.cols))
        self._show(screens.errands(self._words, items, self._terminal.cols))
        if not items:
            raise Left
        return await self._chosen(items)

    async def _chosen(self, items: Sequence[MenuItem]) -> str:
        while True:
            answer = await self._question("Number or name of the device (? shows commands, Ctrl-C leaves): ")
            code = screens.choice(answer, items)
            if answer.startswith("?"):
                await self._commands(answer[1:].strip(), items)
            elif answer.startswith((errands.MORE, errands.HAND_OVER)):
                await errands.Errands(self._desk, self._question, self._needed, self._say, self._tell).run(
                    answer, (await self._desk.enter("", "")).menu
                )
            elif code is not None:
                return code
            else:
                self._say("There is no such device in the list.")

    async def _commands(self, of: str, items: Sequence[MenuItem]) -> None:
        """Show what may be pasted for a device: the one that was named, the only one, or the one he says now."""
        only = items[0].device.code if len(items) == 1 else ""
        code = screens.choice(of or only or await self._question("Commands for which device? "), items)
        if code is None:
            self._say("There is no such device in the list.")
            return
        try:
            found = await self._desk.commands(code)
        except Unavailable as problem:
            self._tell(problem)
            return
        self._show(pasted.sheet(self._words, code, found, self._desk.address))

    # -- asking for access ---------------------------------------------------------------------------------------------
    async def _obtain(self, entry: Entry, code: str, account: str) -> Grant:
        request = entry.pending
        device_id = entry.device.id if entry.device else ""
        coming = None if request else await self._desk.coming(device_id)
        if coming is not None:
            self._show(screens.later(self._words, coming.start) + "\n")
        elif request is None:
            if entry.over is not None and entry.over.revoked_at is not None:
                self._tell(GrantRevoked(entry.over.id, why=entry.over.revoke_reason))
            request = await self._ask(code, account)
            entry = await self._desk.enter(code, account)
        if request is not None:
            self._show(screens.waiting(self._words, request, entry.approvers, self._terminal.cols))
        return await self._wait(code, account, request)

    async def _ask(self, code: str, account: str) -> AccessRequest:
        self._say("You have no open authorisation for this device. Ask for one:")
        usual = await self._usual(code)
        while True:
            draft = await self._draft(code, account, usual)
            try:
                return await self._desk.ask(draft)
            except (Invalid, PolicyRefused, Conflict) as problem:
                self._tell(problem)
                if not await self._agrees("Change the request and send it again? (yes/no) "):
                    raise Left from None
                usual = Usual.again(draft)

    async def _draft(self, code: str, account: str, usual: Usual) -> RequestDraft:
        keeping = Keeping(usual, self._question, self._say, self._show, self._words, self._terminal.cols)
        reason = await keeping.needed("Reason (what is to be done): ", "reason")
        self._show(screens.kinds(self._words, self._terminal.cols))
        choice = await self._kind(usual)
        call = await self._call(keeping) if choice.urgent else None
        plan = usual.plan(await PlanQuestions(self._question, keeping, self._say).plan(choice, clock.now()))
        order = await keeping.optional(ORDER, ORDER_AGAIN, "work_order")
        draft = RequestDraft(
            code, choice.kind, reason, usual.minutes or USUAL_MINUTES, work_order=order, account=account,
            notice_accepted=True, plan=plan, emergency=call, template=usual.ident,
        )  # fmt: skip
        times = TimeQuestion(self._words, self._terminal.cols, self._question, self._show)
        asked = await times.timing(
            Timing(draft.minutes, usual.start), await self._desk.longest(draft), now=call is not None
        )
        if not usual.his:
            await self._accept_notice()
        return replace(draft, minutes=asked.minutes, start=asked.start)

    async def _call(self, keeping: Keeping) -> Call:
        caller = await keeping.needed("Who of the hospital called you about it (name): ", "caller")
        return Call(caller, call_back=await keeping.optional(CALL_BACK, CALL_BACK_AGAIN, "call_back"))

    async def _needed(self, prompt: str) -> str:
        while not (answer := await self._question(prompt)):
            self._say("This cannot be left empty.")
        return answer

    async def _usual(self, code: str) -> Usual:
        """Let him start from what is usual on this model, where anything is."""
        templates = await self._desk.usual(code)
        if not templates:
            return Usual()
        self._show(offered(self._words, templates, self._terminal.cols))
        while answer := await self._question("Number to start from one of them (Enter for none): "):
            if answer.isdecimal() and 1 <= int(answer) <= len(templates):
                chosen_one = templates[int(answer) - 1]
                self._show(procedure(self._words, chosen_one, self._terminal.cols))
                return Usual.of(chosen_one)
            self._say("There is no such number in the list.")
        return Usual()

    async def _kind(self, usual: Usual) -> Choice:
        prompt = self._words.say("Number (Enter for {number}): ").format(number=usual.kind or USUAL_KIND)
        while (choice := chosen(await self._question(prompt) or usual.kind)) is None:
            self._say("Please answer 1, 2, 3 or 4.")
        return choice

    # -- waiting -------------------------------------------------------------------------------------------------------
    async def _wait(self, code: str, account: str, request: AccessRequest | None) -> Grant:
        """Look at the rows at each hint until there is an open grant. Keys are read meanwhile."""
        key = asyncio.create_task(self._terminal.line())
        beat = self._news.coming()
        try:
            while (grant := await self._look(code, account)) is None:
                if request is not None:
                    request = await self._progress(request)
                key = await self._hint_or_key(key, request, beat)
                beat = self._news.coming()
        finally:
            key.cancel()
            await asyncio.gather(key, return_exceptions=True)
        return grant

    async def _look(self, code: str, account: str) -> Grant | None:
        try:
            return (await self._desk.enter(code, account)).grant
        except Unavailable:
            return None  # the rows are away; whoever waits goes on waiting

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
                    self._show(screens.agreed_so_far(self._words, request) + "\n")
                return request
            case RequestState.APPROVED:
                await self._agreed(request)
                return None
            case state:
                self._show("\n" + screens.not_agreed(self._words, request, state) + "\n")
        raise Left

    async def _hear(self, request: AccessRequest) -> None:
        """Show what the hospital asks; the next line he types answers it."""
        try:
            asked = open_questions(await self._desk.thread(request.id))
        except Unavailable:
            return  # at the next hint
        for remark in asked:
            if remark.id not in self._heard:
                self._show(screens.question(self._words, remark, self._terminal.cols))
        self._heard |= {remark.id for remark in asked}
        self._asked = bool(asked)

    async def _answer(self, request: AccessRequest, text: str) -> None:
        try:
            await self._desk.answer(request.id, text)
        except (Conflict, Invalid, Unavailable) as problem:
            self._tell(problem)
        else:
            self._asked = False
            self._say("Your answer is with the hospital.")

    async def _agreed(self, request: AccessRequest) -> None:
        coming = await self._desk.coming(request.device_id)
        if coming is not None and coming.status(clock.now()) is GrantStatus.SCHEDULED:
            self._show(screens.later(self._words, coming.start) + "\n")

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
        if screens.withdraws(key.result()) and request is not None:
            await self._desk.withdraw(request.id)
        elif key.result() and request is not None and self._asked:
            await self._answer(request, key.result())
        return asyncio.create_task(self._terminal.line())

    # -- the undertaking (R-47) ----------------------------------------------------------------------------------------
    async def _undertake(self, text: Undertaking | None, code: str, account: str) -> None:
        """Show what he has to accept in person, until he has accepted what is in force."""
        while text is not None:
            self._show(screens.undertaking(self._words, text, self._terminal.cols))
            answer = await self._question(ACCEPT)
            if screens.yes(answer) is False:
                self._say("Without the undertaking nothing can be opened.")
                raise Left
            if not accepts(answer):
                self._say("Nothing is accepted yet.")
                continue
            try:
                await self._desk.undertake(text.version)
            except Conflict as problem:
                self._tell(problem)
            text = (await self._desk.enter(code, account)).undertaking

    # -- the recording notice ------------------------------------------------------------------------------------------
    async def _accept_notice(self) -> None:
        self._show(screens.notice(self._words, self._terminal.cols))
        if not await self._agrees("Do you accept? (yes/no) "):
            self._say("Without your agreement no session can be opened.")
            raise Left

    async def _agrees(self, prompt: str) -> bool:
        while (answer := screens.yes(await self._question(prompt))) is None:
            self._say("Please answer yes or no.")
        return answer

    # -- words ---------------------------------------------------------------------------------------------------------
    async def _question(self, prompt: str) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._terminal.line(self._words.say(prompt))
        except TimeoutError:
            self._show("\n")
            self._say("Nobody has answered for a while. Good-bye.")
            raise Left from None

    def _say(self, english: str) -> None:
        self._show(self._words.say(english) + "\n")

    def _tell(self, problem: BastionError) -> None:
        self._show(screens.wrap(sentence(problem, self._words.language), self._terminal.cols) + "\n")

    def _show(self, text: str) -> None:
        self._terminal.write(text)
