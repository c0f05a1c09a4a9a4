"""What every question at the terminal has in common: it is asked until there is an answer, and not for ever."""

import asyncio
from typing import Final

from bastion.errors import BastionError, Invalid
from bastion.i18n import sentence, yes
from bastion.proxy.lobby import screens
from bastion.proxy.lobby.terminal import Terminal
from bastion.proxy.notices import UNBROKEN, Words

HELP: Final = "?"
"""Asks what is asked for."""
PATIENCE: Final = 600.0
"""Seconds an unanswered question stays on the screen."""


class Left(Exception):
    """The technician goes without a session. What there was to say has been said."""


class Talk:
    """With one technician, in his `words`. Everything that asks may raise `Left`, and `HungUp` when he goes."""

    def __init__(self, terminal: Terminal, words: Words) -> None:
        self.words = words
        self._terminal = terminal

    @property
    def cols(self) -> int:
        return self._terminal.cols

    # -- asking --------------------------------------------------------------------------------------------------------
    async def line(self, prompt: str = "") -> str:
        """Return a line as it was typed, which may be empty; `Invalid` says why it is none."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._terminal.line(self._fitted(prompt))
        except TimeoutError:
            self.show("\n")
            self.say("Nobody has answered for a while. Good-bye.")
            raise Left from None

    async def question(self, prompt: str) -> str:
        """Ask until what is typed is a line; it may be empty."""
        while True:
            try:
                return await self.line(prompt)
            except Invalid as problem:
                self.tell(problem)

    async def needed(self, prompt: str) -> str:
        while not (answer := await self.question(prompt)):
            self.say("This cannot be left empty.")
        return answer

    async def agrees(self, prompt: str) -> bool:
        while (answer := yes(await self.question(prompt))) is None:
            self.say("Please answer yes or no.")
        return answer

    async def accept_notice(self) -> None:
        self.show(screens.notice(self.words, self.cols))
        if not await self.agrees("Do you accept? (yes/no) "):
            self.say("Without your agreement no session can be opened.")
            raise Left

    # -- telling -------------------------------------------------------------------------------------------------------
    def say(self, english: str) -> None:
        self.write(self.words.say(english))

    def tell(self, problem: BastionError) -> None:
        self.write(sentence(problem, self.words.language))

    def write(self, text: str) -> None:
        """Show a line of text, broken to the screen."""
        self.show(screens.wrap(text, self.cols) + "\n")

    def show(self, text: str) -> None:
        self._terminal.write(text)

    def _fitted(self, prompt: str) -> str:
        """A question, in his language; one that is longer than the screen is broken between words."""
        text = self.words.say(prompt) if prompt else ""
        return text.replace(UNBROKEN, " ") if len(text) < self.cols else screens.wrap(text.rstrip(), self.cols) + " "
