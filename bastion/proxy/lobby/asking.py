"""Asking for access at the terminal: the questions from the reason to the length, until the hospital was asked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.emergency import Call
from bastion.errors import BastionError, Conflict, DeviceNotReady, Invalid, Locked, NotFound, PolicyRefused, Unavailable
from bastion.i18n import everything, yes
from bastion.proxy.lobby import screens
from bastion.proxy.lobby.desk import Desk
from bastion.proxy.lobby.more import More, MoreQuestions
from bastion.proxy.lobby.plan import MORE, NO_NUMBER, Choice, PlanQuestions, chosen
from bastion.proxy.lobby.talk import HELP, Left, Talk
from bastion.proxy.lobby.timing import TimeQuestion, Timing
from bastion.proxy.lobby.usual import Keeping, Usual, offered, procedure
from bastion.services.drafts import RequestDraft, work_said

USUAL_MINUTES: Final = 60
USUAL_KIND: Final = "2"
ORDER: Final = "Work order or ticket (Enter for none): "
ORDER_AGAIN: Final = "Work order or ticket (- for none): "
CALLEE: Final = "Whom they spoke to (Enter for yourself): "
CALLEE_AGAIN: Final = "Whom they spoke to (- for yourself): "
CALL_BACK: Final = "Telephone number to call back (Enter for none): "
CALL_BACK_AGAIN: Final = "Telephone number to call back (- for none): "
CHANGE: Final = "Change the request and send it again? (yes/no) "
CHANGE_ONE: Final = "Answer this anew and send the request again? (yes/no, “all” to go through every answer) "
SEND_AGAIN: Final = "Send the request again as it is? (yes/no, “all” to go through every answer) "
CHANGEABLE: Final = (Invalid, PolicyRefused, Conflict, Unavailable)
"""What may be asked for otherwise, or once more."""
OF_OTHERS: Final = (DeviceNotReady, Locked, NotFound)
"""What may be asked for without the device that it is about."""


class Asking:
    """For one device, named as he named it."""

    def __init__(self, talk: Talk, desk: Desk, code: str, account: str) -> None:
        self._talk = talk
        self._desk = desk
        self._code = code
        self._account = account

    async def ask(self) -> AccessRequest:
        """Return what the hospital was asked; raise `Left` when he gives up, or what stands in the way."""
        self._talk.say("You have no open authorisation for this device. Ask for one:")
        usual = await self._usual()
        while True:
            draft, others = await self._draft(usual)
            try:
                return await self._desk.ask(draft, others)
            except BastionError as problem:
                if not isinstance(problem, (*CHANGEABLE, *OF_OTHERS) if others else CHANGEABLE):
                    raise
                self._talk.tell(problem)
                usual = await self._otherwise(Usual.again(draft, others).after(problem))

    async def _otherwise(self, usual: Usual) -> Usual:
        """Let him say whether, and how much of it, he answers anew."""
        prompt = CHANGE if usual.about is None else CHANGE_ONE if usual.about else SEND_AGAIN
        while (said := yes(answer := await self._talk.question(prompt))) is None:
            if everything(answer):
                return replace(usual, about=None)
            self._talk.say("Please answer yes or no.")
        if not said:
            raise Left
        return usual

    async def _draft(self, usual: Usual) -> tuple[RequestDraft, tuple[str, ...]]:
        """What is asked for, and the codes of the other devices on which the same is."""
        keeping = Keeping(usual, self._talk)
        reason = await keeping.needed("Reason (what is to be done): ", "reason", work_said)
        choice = await self._kind(usual)
        call = await self._call(keeping, more=choice.more) if choice.urgent else None
        listed = partial(self._desk.professionals, self._code)
        plan = await PlanQuestions(self._talk, keeping, listed).plan(choice, clock.now())
        more = await self._more(usual) if choice.more or usual.says_more else None
        order = await keeping.optional(ORDER, ORDER_AGAIN, "work_order")
        draft = RequestDraft(
            self._code, choice.kind, reason, usual.minutes or USUAL_MINUTES, work_order=order, account=self._account,
            notice_accepted=True, announced=more.files if more else (), plan=usual.plan(plan, more), emergency=call,
            template=usual.ident,
        )  # fmt: skip
        others = more.others if more else ()
        asked = await TimeQuestion(self._talk).timing(
            Timing(draft.minutes, usual.start), await self._longest(draft, others), now=call is not None,
            settled=usual.settled("time"),
        )  # fmt: skip
        if not usual.his:
            await self._talk.accept_notice()
        return replace(draft, minutes=asked.minutes, start=asked.start), others

    async def _call(self, keeping: Keeping, *, more: bool) -> Call:
        caller = await keeping.needed("Who of the hospital called you about it (name): ", "caller", _called)
        callee = await keeping.optional(CALLEE, CALLEE_AGAIN, "callee") if more else ""
        return Call(caller, callee, await keeping.optional(CALL_BACK, CALL_BACK_AGAIN, "call_back"))

    async def _more(self, usual: Usual) -> More:
        menu = (await self._desk.enter("", "")).menu
        questions = MoreQuestions(self._talk, usual.more, usual.settled, his=usual.his)
        return await questions.more(self._code, self._account, menu)

    async def _longest(self, draft: RequestDraft, others: Sequence[str]) -> timedelta | None:
        """How long the rules let it last on every device; what stands in the way of another is said when it is sent."""
        known = [await self._desk.longest(draft)]
        for code in others:
            try:
                known.append(await self._desk.longest(replace(draft, device_code=code)))
            except OF_OTHERS:
                continue
        return min((one for one in known if one is not None), default=None)

    async def _usual(self) -> Usual:
        """Let him start from what is usual on this model, where anything is."""
        templates = await self._desk.usual(self._code)
        if not templates:
            return Usual()
        self._talk.show(offered(self._talk.words, templates, self._talk.cols))
        while answer := await self._talk.question("Number to start from one of them (Enter for none): "):
            if answer.isdecimal() and 1 <= int(answer) <= len(templates):
                chosen_one = templates[int(answer) - 1]
                self._talk.show(procedure(self._talk.words, chosen_one, self._talk.cols))
                return Usual.of(chosen_one)
            self._talk.say(NO_NUMBER)
        return Usual()

    async def _kind(self, usual: Usual) -> Choice:
        """A `+` alone says more about the kind that Enter would choose."""
        otherwise = usual.kind or USUAL_KIND
        if usual.settled("kind") and (said := chosen(otherwise)):
            return said
        self._talk.show(screens.kinds(self._talk.words, self._talk.cols))
        prompt = self._talk.words.say("Number (Enter for {number}): ").format(number=otherwise)
        while True:
            answer = await self._talk.question(prompt)
            choice = chosen(otherwise + answer if answer in {"", MORE} else answer)
            if choice is not None:
                return choice
            if answer == HELP:
                self._talk.show(screens.kinds(self._talk.words, self._talk.cols))
            else:
                self._talk.say("Please answer 1, 2, 3 or 4.")


def _called(caller: str) -> None:
    Call(caller).checked()
