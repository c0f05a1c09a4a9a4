"""Two at once that do meet: each transaction that has done its work waits for the other before it commits.

Without it who comes second finds, nine times in ten, that the first is done already, and a race between them is seen
once in ten runs.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from typing import Final

from bastion.store.unit_of_work import UnitOfWork

PATIENCE: Final = 0.15
"""Seconds. Whoever is held up by the first's locks does not come before it has committed."""

Write = Callable[..., AbstractAsyncContextManager[UnitOfWork]]


class Meeting:
    def __init__(self) -> None:
        self._expected, self._here = 1, 0
        self._together = asyncio.Event()

    @contextmanager
    def of(self, several: int) -> Iterator[None]:
        """Within, as many wait for each other."""
        self._expected = several
        try:
            yield
        finally:
            self._expected = 1

    def before_the_commit(self, write: Write) -> Write:
        @asynccontextmanager
        async def met(*, quick: bool = False) -> AsyncIterator[UnitOfWork]:
            async with write(quick=quick) as uow:
                yield uow
                await self._meet()

        return met

    async def _meet(self) -> None:
        """Go on together: whoever went on alone would be ahead of the other in his next transaction too."""
        self._here += 1
        if self._here >= self._expected:
            self._together.set()
            self._together, self._here = asyncio.Event(), 0
            return
        waited_for = self._together
        with suppress(TimeoutError):
            await asyncio.wait_for(waited_for.wait(), PATIENCE)
        if not waited_for.is_set():
            self._here -= 1
