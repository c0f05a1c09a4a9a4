"""A question that takes several lines, typed or pasted: an empty line ends, and of each bad one it is said why."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, TypeVar

from bastion.errors import Invalid
from bastion.i18n import sentence
from bastion.proxy.lobby.talk import Talk
from bastion.proxy.notices import plain

T = TypeVar("T")
Reader = Callable[[str, Sequence[T]], Iterable[T]]
"""Makes of a line what is added to what was read before. `Invalid` says why it is none."""
NOTED: Final = "Noted ({count}): {what}"
MISSING: Final = "Lines not taken: {count}. Type them again, or press Enter to go on without them."
BAD: Final = "“{line}”: {why}"
NOTHING: Final = "-"
MOST_TOLD: Final = 20
"""Bad lines that are told one by one; of a longer paste it is said how many there are."""
NAMED: Final = 5
SHOWN: Final = 24
"""Characters of a bad line by which its writer knows it."""


class ListQuestion(Generic[T]):
    """`shown` is what one of them is called when they are read back."""

    def __init__(self, talk: Talk, read: Reader[T], shown: Callable[[T], str]) -> None:
        self._talk = talk
        self._read = read
        self._shown = shown
        self._found: list[T] = []

    async def ask(self, prompt: str, kept: tuple[T, ...]) -> tuple[T, ...]:
        """Return what was read; `kept` if the first line is empty, nothing if it is a single `-`."""
        self._talk.say(prompt)
        first, bad, noted = True, 0, 0
        while True:
            line = ""
            try:
                line = await self._talk.line()
                if first and line in {"", NOTHING}:
                    return () if line else kept
                if line:
                    self._found += self._read(line, tuple(self._found))
                else:
                    noted = self._note(noted)
                    if not bad:
                        return tuple(self._found) or kept
                    self._talk.write(self._talk.words.say(MISSING).format(count=bad))
                    bad = 0  # he may still mend them; the next empty line ends
            except Invalid as problem:
                bad += 1
                if bad <= MOST_TOLD:
                    self._tell(line or str(problem.params.get("begin", "")), problem)
            first = False

    def _note(self, noted: int) -> int:
        """Read back what was taken, where it is more than was read back before; return how many there are."""
        if len(self._found) > noted:
            said = self._talk.words.say(NOTED)
            self._talk.write(said.format(count=len(self._found), what=named([self._shown(one) for one in self._found])))
        return len(self._found)

    def _tell(self, line: str, problem: Invalid) -> None:
        why, begin = sentence(problem, self._talk.words.language), plain(line)
        begin = begin if len(begin) <= SHOWN else begin[:SHOWN] + "…"
        self._talk.write(self._talk.words.say(BAD).format(line=begin, why=why) if begin else why)


def named(things: Sequence[str]) -> str:
    """Name the first of them."""
    first = ", ".join(plain(one) for one in things[:NAMED])
    return f"{first}…" if len(things) > NAMED else first
