"""Who writes when, and who shares a commit with whom: while one commit is on its way to the disk, others queue.

A commit costs an fsync and two changes of threads, more than the opening of a session itself. Those who queue with
short transactions therefore go one after another within one transaction, each behind a savepoint of its own, and its
one commit answers all of them: a convoy. Nobody is told that his changes are kept before they are on the disk.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from bastion.errors import Unavailable

LONGEST: Final = 16
"""Transactions in a convoy: the first of them waits for the last, and so does another process that wants to write."""


@dataclass(eq=False, slots=True)
class _Waiting:
    joins: bool
    called: "asyncio.Future[Convoy]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Writing:
    """The right to write, in the order in which it was asked for. `commit` commits what a convoy has kept."""

    def __init__(self, commit: Callable[[], Awaitable[None]]) -> None:
        self._commit = commit
        self._line: deque[_Waiting] = deque()
        self._taken = False
        self._committing: asyncio.Task[None] | None = None

    def now(self) -> "Convoy | None":
        """The right to write, if nobody has it."""
        if self._taken:
            return None
        self._taken = True
        return Convoy(self)

    async def turn(self, *, joins: bool) -> "Convoy":
        """Wait for the right to write, which somebody has: alone, or for who `joins`, behind others in their convoy."""
        waiting = _Waiting(joins)
        self._line.append(waiting)
        try:
            return await waiting.called
        except asyncio.CancelledError:
            if not waiting.called.cancelled():  # called and cancelled in the same moment
                self.pass_on(waiting.called.result())
            raise

    def pass_on(self, convoy: "Convoy") -> None:
        """Whoever had the right to write is through, within `convoy`."""
        while self._line and self._line[0].called.cancelled():
            self._line.popleft()
        following = self._line[0] if self._line else None
        if convoy.length and not (following and following.joins and convoy.length < LONGEST):
            self._committing = asyncio.get_running_loop().create_task(self._settle(convoy), name="store-convoy")
        elif following:
            self._line.popleft().called.set_result(convoy)
        else:
            self._taken = False

    async def _settle(self, convoy: "Convoy") -> None:
        problem: BaseException | None = None
        try:
            await self._commit()
        except BaseException as error:  # handed to everybody who waits for this commit
            problem = error
            if not isinstance(error, Exception):
                raise
        finally:
            convoy.settle(problem)
            self.pass_on(convoy)


class Convoy:
    """Transactions that share one commit; most often there is one."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._kept: list[asyncio.Future[None]] = []

    @property
    def length(self) -> int:
        """How many have kept something and wait for the commit."""
        return len(self._kept)

    def leave(self) -> None:
        """Go without keeping anything."""
        self._writing.pass_on(self)

    async def committed(self) -> None:
        """Keep what was done, let the next one write, and return when it is on the disk. Raises `Unavailable`."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._kept.append(kept)
        self._writing.pass_on(self)
        await kept

    def settle(self, problem: BaseException | None) -> None:
        kept, self._kept = self._kept, []
        for one in kept:
            if one.done():  # whoever waited has gone
                continue
            if problem is None:
                one.set_result(None)
            else:
                one.set_exception(Unavailable(f"database: {problem}"))
