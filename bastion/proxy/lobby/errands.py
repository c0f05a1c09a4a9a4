"""What a technician asks for from his menu while a session of his goes on in another window: more time, or a colleague,
who may also take over what is planned. Neither touches the session: it goes on, and is told what the hospital answers
(R-35). What he gives back ends at once.
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
OPEN: Final = frozenset({"open"})
USUAL_MINUTES: Final = 30
HOW_MUCH: Final = "How much longer, e.g. 30 min, 1h (Enter for 30 min): "
HOW_MUCH_AGAIN: Final = "This is not a length of time. How much longer, e.g. 30 min, 1h (Enter for 30 min): "
WHY: Final = "Why: "
WHY_AGAIN: Final = "This cannot be left empty. Why: "
ASKED_FOR_MORE: Final = "The hospital has been asked. Your session goes on; what the hospital answers appears in it."
ASKED_FOR_A_COLLEAGUE: Final = (
    "The hospital has been asked. Your session goes on until it agrees; then your colleague takes over."
)
ASKED_FOR_WHAT_IS_PLANNED: Final = (
    "The hospital has been asked. What is planned stays yours until it agrees; then your colleague takes over."
)
NOTHING_TO_HAND_OVER: Final = "You have no authorisation for this device that a colleague could take over."
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
        """Do what `+2`, `>ct-01` or `-1` asks for; without a name, for the only device of which that can be asked."""
        errand = {MORE: self._longer, HAND_OVER: self._hand_over, GIVE_BACK: self._give_back}[answer[0]]
        states = OPEN if answer.startswith(MORE) else screens.HELD
        try:
            await errand(await self._entry(answer[1:].strip(), items, states))
        except BastionError as problem:
            self.talk.tell(problem)

    async def _entry(self, of: str, items: Sequence[MenuItem], states: frozenset[str]) -> Entry | None:
        able = [item for item in items if item.state in states]
        code = screens.choice(of, items) if of else able[0].device.code if len(able) == 1 else None
        return await self.desk.enter(code, "") if code else None

    async def _held(self, entry: Entry | None) -> Grant | None:
        """His authorisation for a device that is open, else the next that is planned."""
        if entry is None or entry.grant is not None or entry.device is None:
            return entry.grant if entry else None
        return await self.desk.coming(entry.device.id)

    async def _give_back(self, entry: Entry | None) -> None:
        grant = await self._held(entry)
        if grant is None:
            self.talk.say(NOTHING_TO_GIVE_BACK)
            return
        if not await self.talk.agrees(self.talk.words.say(SURE).format(device=_named(entry))):
            self.talk.say(KEPT)
            return
        await self.desk.give_back(grant.id, await self.talk.question("Why (Enter to leave it out): "))
        self.talk.say(GAVE_BACK)

    async def _longer(self, entry: Entry | None) -> None:
        grant = entry.grant if entry else None
        if grant is None:
            self.talk.say(NOT_OPEN)
            return
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

    async def _hand_over(self, entry: Entry | None) -> None:
        grant = await self._held(entry)
        if grant is None:
            self.talk.say(NOTHING_TO_HAND_OVER)
            return
        login = await self.talk.needed("Login of the colleague who takes over: ")
        await self.desk.hand_over(grant.id, login, await self.talk.needed("Why: "))
        self.talk.say(ASKED_FOR_A_COLLEAGUE if entry and entry.grant else ASKED_FOR_WHAT_IS_PLANNED)


def _named(entry: Entry | None) -> str:
    """The device by its code and its name."""
    device = entry.device if entry else None
    return f"{plain(device.code)} ({plain(device.name)})" if device else ""
