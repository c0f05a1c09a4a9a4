"""What a technician asks for from his menu while a session of his goes on in another window: more time, or a colleague.

Neither touches the session: it goes on, and is told what the hospital answers (R-35). What he gives back ends at once.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final

from bastion.domain.grant import Grant
from bastion.errors import BastionError
from bastion.proxy.lobby import screens
from bastion.proxy.lobby.desk import Desk
from bastion.proxy.lobby.talk import Talk
from bastion.proxy.notices import plain
from bastion.services.views import Entry, MenuItem

MORE: Final = "+"
HAND_OVER: Final = ">"
GIVE_BACK: Final = "-"
USUAL_MINUTES: Final = 30
HOW_MUCH: Final = "How much longer, e.g. 30 min, 1h (Enter for 30 min): "
HOW_MUCH_AGAIN: Final = "This is not a length of time. How much longer, e.g. 30 min, 1h (Enter for 30 min): "
WHY: Final = "Why: "
WHY_AGAIN: Final = "This cannot be left empty. Why: "
ASKED_FOR_MORE: Final = "The hospital has been asked. Your session goes on; it tells you when more time is agreed to."
NOT_OPEN: Final = "You have no open authorisation for this device."
NOTHING_TO_GIVE_BACK: Final = "You have no authorisation for this device that you could give back."
SURE: Final = "Give back your authorisation for {device}? A session under it ends at once. (yes/no) "
KEPT: Final = "You keep it."
GAVE_BACK: Final = "Given back; the hospital is told."


def more_time() -> Generator[str, str, tuple[int, str]]:
    """Yield what to ask, in English, and take each answer; return minutes and why."""
    said = yield HOW_MUCH
    while (minutes := screens.minutes_of(said) if said else USUAL_MINUTES) is None:
        said = yield HOW_MUCH_AGAIN
    why = yield WHY
    while not why:
        why = yield WHY_AGAIN
    return minutes, why


@dataclass(frozen=True, slots=True)
class Errands:
    desk: Desk
    talk: Talk

    async def run(self, answer: str, items: Sequence[MenuItem]) -> None:
        """Do what `+2`, `>ct-01` or `-1` asks for; without a name, for the only device that is open."""
        if answer.startswith(GIVE_BACK):
            await self._give_back(answer[1:].strip(), items)
            return
        grant = await self._grant(answer[1:].strip(), items)
        if grant is None:
            self.talk.say(NOT_OPEN)
            return
        try:
            await (self._longer(grant) if answer.startswith(MORE) else self._hand_over(grant))
        except BastionError as problem:
            self.talk.tell(problem)

    async def _grant(self, of: str, items: Sequence[MenuItem]) -> Grant | None:
        open_ones = [item for item in items if item.state == "open"]
        code = screens.choice(of, items) if of else open_ones[0].device.code if len(open_ones) == 1 else None
        return (await self.desk.enter(code, "")).grant if code else None

    async def _give_back(self, of: str, items: Sequence[MenuItem]) -> None:
        held = [item for item in items if item.state in {"open", "scheduled"}]
        code = screens.choice(of, items) if of else held[0].device.code if len(held) == 1 else None
        entry = await self.desk.enter(code, "") if code else None
        grant = entry.grant if entry else None
        if entry is not None and entry.device is not None and grant is None:
            grant = await self.desk.coming(entry.device.id)
        if grant is None:
            self.talk.say(NOTHING_TO_GIVE_BACK)
            return
        if not await self.talk.agrees(self.talk.words.say(SURE).format(device=_named(entry))):
            self.talk.say(KEPT)
            return
        try:
            await self.desk.give_back(grant.id, await self.talk.question("Why (Enter to leave it out): "))
        except BastionError as problem:
            self.talk.tell(problem)
        else:
            self.talk.say(GAVE_BACK)

    async def _longer(self, grant: Grant) -> None:
        minutes, reason = await self._answers(more_time())
        await self.desk.extend(grant.id, minutes, reason)
        self.talk.say(ASKED_FOR_MORE)

    async def _answers(self, script: Generator[str, str, tuple[int, str]]) -> tuple[int, str]:
        prompt = next(script)
        while True:
            answer = await self.talk.question(prompt)
            try:
                prompt = script.send(answer)
            except StopIteration as done:
                value: tuple[int, str] = done.value
                return value

    async def _hand_over(self, grant: Grant) -> None:
        login = await self.talk.needed("Login of the colleague who takes over: ")
        await self.desk.hand_over(grant.id, login, await self.talk.needed("Why: "))
        self.talk.say(
            "The hospital has been asked. Your session goes on until it agrees; then your colleague takes over."
        )


def _named(entry: Entry | None) -> str:
    """The device by its code and its name."""
    device = entry.device if entry else None
    return f"{plain(device.code)} ({plain(device.name)})" if device else ""
