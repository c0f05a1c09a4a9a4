"""Facts of one live session on their way into the audit chain: in order, in batches, and never lost by a pause."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

from bastion.domain.session_effects import Audit
from bastion.errors import Unavailable

RETRY: Final = 1.0  # seconds
GATHER: Final = 0.05
"""Seconds a fact waits for company, and up to as many more for the next beat, on which all sessions write: a short
session's facts then cost one transaction, not three, and those of many sessions cost one together.
"""

Note = Callable[[Sequence[Audit]], Awaitable[None]]
Spawn = Callable[[Coroutine[Any, Any, None], str], object]


class Journal:
    """`add` is synchronous and remembers; a task of `spawn` writes what has gathered, all of it in one transaction."""

    def __init__(self, note: Note, spawn: Spawn) -> None:
        self._note = note
        self._spawn = spawn
        self._waiting: list[Audit] = []
        self._turn = asyncio.Lock()
        self._scheduled = False

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def add(self, fact: Audit) -> None:
        self._waiting.append(fact)
        if not self._scheduled:
            self._scheduled = True
            self._spawn(self._flush_soon(), "audit facts of a session")

    async def _flush_soon(self) -> None:
        await asyncio.sleep(2 * GATHER - asyncio.get_running_loop().time() % GATHER)
        await self.flush()

    async def flush(self) -> None:
        """Write everything added so far. While the records are away, keep trying: the order must hold."""
        async with self._turn:
            self._scheduled = False
            while self._waiting:
                batch = tuple(self._waiting)
                try:
                    await self._note(batch)
                except Unavailable:
                    await asyncio.sleep(RETRY)
                else:
                    del self._waiting[: len(batch)]
