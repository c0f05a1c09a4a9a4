"""What few requests say and every other way of asking takes: further devices, people, files, steps (R-25, R-42).

It is asked for by a `+` behind the kind of work, so that everybody else is asked nothing more.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bastion.domain import announced_file, batch, work_plan
from bastion.domain.announced_file import AnnouncedFile
from bastion.errors import Invalid
from bastion.proxy.lobby import screens
from bastion.proxy.lobby.lists import ListQuestion, T, named
from bastion.proxy.lobby.talk import Talk
from bastion.services.drafts import ONE_DEVICE
from bastion.services.views import MenuItem

QUESTIONS: Final = ("others", "people", "announced", "procedure")
"""By the names of what they answer."""
HOW: Final = "What else there is to say, a line each. An empty line ends each answer, or leaves it out."
DEVICES: Final = "The same on other devices (? lists them):"
PEOPLE: Final = "Who takes part besides you:"
FILES: Final = "Files you will bring, as sha256sum prints them:"
STEPS: Final = "What you will do, step by step:"
KEEP: Final = "Enter keeps what is usual: “{usual}”"
KEEP_HIS: Final = "Enter keeps what you said: “{usual}”"
EMPTIES: Final = "A single - leaves it out."
NO_SUCH: Final = "There is no such device in the list."
_BETWEEN: Final = re.compile(r"[,;\s]+")


@dataclass(frozen=True, slots=True)
class More:
    """`others`: codes of further devices. `steps`: the lines of the procedure."""

    others: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    files: tuple[AnnouncedFile, ...] = ()
    steps: tuple[str, ...] = ()


class MoreQuestions:
    """`kept` is what Enter keeps; `his` is whether he said it himself a moment ago; what is `settled` stays unasked."""

    def __init__(self, talk: Talk, kept: More, settled: Callable[[str], bool], *, his: bool) -> None:
        self._talk = talk
        self._kept = kept
        self._settled = settled
        self._his = his

    async def more(self, device: str, account: str, menu: Sequence[MenuItem]) -> More:
        """Ask for all of it. `menu` are his own devices: no other exists (T33)."""
        if not all(self._settled(name) for name in QUESTIONS):
            self._talk.say(HOW)
        kept = self._kept
        return More(
            kept.others if self._settled("others") else await self._others(device, account, menu),
            await self._asked("people", PEOPLE, ListQuestion(self._talk, _people, str), kept.people, str),
            await self._asked("announced", FILES, ListQuestion(self._talk, _file, _name), kept.files, _name),
            await self._asked("procedure", STEPS, ListQuestion(self._talk, _step, str), kept.steps, str),
        )

    async def _others(self, device: str, account: str, menu: Sequence[MenuItem]) -> tuple[str, ...]:
        """Nobody is asked who has no other device, or named an account: the accounts of another are others."""
        items = [item for item in menu if item.device.code.casefold() != device.casefold()]
        if items and account:
            self._talk.say(ONE_DEVICE)
        if not items or account:
            return ()
        read = _Devices(self._talk, device, items)
        return await self._asked("others", DEVICES, ListQuestion(self._talk, read, str), self._kept.others, str)

    async def _asked(
        self, name: str, prompt: str, question: ListQuestion[T], kept: tuple[T, ...], shown: Callable[[T], str]
    ) -> tuple[T, ...]:  # fmt: skip
        if self._settled(name):
            return kept
        if kept:
            said = self._talk.words.say(KEEP_HIS if self._his else KEEP).format(
                usual=named([shown(one) for one in kept])
            )
            self._talk.write(f"{said}. {self._talk.words.say(EMPTIES)}")
        return await question.ask(prompt, kept)


@dataclass(frozen=True, slots=True)
class _Devices:
    """Reads codes, or numbers of the list that `?` shows."""

    talk: Talk
    own: str
    items: Sequence[MenuItem]

    def __call__(self, line: str, before: Sequence[str]) -> Sequence[str]:
        if line == "?":
            self.talk.show(screens.menu(self.talk.words, self.items, self.talk.cols))
            return ()
        found = [self._code(word) for word in _BETWEEN.split(line) if word]
        return batch.codes((self.own, *before, *found))[1 + len(before) :]

    def _code(self, word: str) -> str:
        """One that is not his is answered as one that does not exist."""
        code = self.own if word.casefold() == self.own.casefold() else screens.choice(word, self.items)
        if code is None:
            raise Invalid("device", field="others", sentence=NO_SUCH)
        return code


def _people(line: str, before: Sequence[str]) -> Sequence[str]:
    return work_plan.people((*before, *line.split(";")))[len(before) :]


def _file(line: str, before: Sequence[AnnouncedFile]) -> Sequence[AnnouncedFile]:
    return announced_file.checked((*before, announced_file.read(line)))[len(before) :]


def _name(file: AnnouncedFile) -> str:
    return file.name


def _step(line: str, before: Sequence[str]) -> Sequence[str]:
    work_plan.bounded("\n".join((*before, line)), "procedure", work_plan.LONGEST)
    return (line,)
