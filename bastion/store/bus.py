"""Wake-up hints: "row KEY of TOPIC changed, read it again". A hint carries no state and may be lost or repeated.

One interface, two carriers: inside the process (SQLite, here) or PostgreSQL LISTEN/NOTIFY (`postgres_bus`). Every
subscription starts with RESYNC: read everything again. So does every restart of one whose connection broke.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bastion.errors import Unavailable
from bastion.store.transaction import Change

_POLL = 0.2  # seconds between looks for commits of another process
_LONGEST = 1000  # hints that wait for one slow listener before they become one RESYNC


@dataclass(frozen=True, slots=True)
class Hint:
    topic: str
    key: str


RESYNC = Hint("*", "")


class Bus(Protocol):
    def staged(self, hints: Sequence[Hint]) -> list[Change]:
        """What must be written in the transaction itself, just before its commit."""
        ...

    def deliver(self, hints: Sequence[Hint]) -> None:
        """Just after a commit that succeeded."""
        ...

    def listen(self) -> AsyncIterator[Hint]: ...

    async def close(self) -> None: ...


class Queues:
    """One queue per listener; a listener that does not keep up is told to read everything again."""

    def __init__(self) -> None:
        self.all: set[asyncio.Queue[Hint]] = set()

    def put(self, hint: Hint) -> None:
        for queue in self.all:
            if queue.qsize() >= _LONGEST:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(RESYNC)
            queue.put_nowait(hint)


class LocalBus:
    """`foreign_commits` returns a number that changes when another process (the `bastion` command) has committed."""

    def __init__(self, foreign_commits: Callable[[], Awaitable[int]], poll: float = _POLL) -> None:
        self._foreign_commits, self._poll = foreign_commits, poll
        self._queues = Queues()
        self._watcher: asyncio.Task[None] | None = None

    def staged(self, hints: Sequence[Hint]) -> list[Change]:  # noqa: ARG002 - the other carrier needs them
        """Return nothing: another process finds out by looking."""
        return []

    def deliver(self, hints: Sequence[Hint]) -> None:
        for hint in hints:
            self._queues.put(hint)

    async def listen(self) -> AsyncIterator[Hint]:
        queue: asyncio.Queue[Hint] = asyncio.Queue()
        self._queues.all.add(queue)
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch(), name="store-foreign-commits")
        try:
            yield RESYNC
            while True:
                yield await queue.get()
        finally:
            self._queues.all.discard(queue)

    async def close(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])

    async def _watch(self) -> None:
        """Look five times a second; after an outage everybody reads everything again."""
        seen: int | None = None
        while self._queues.all:
            try:
                now: int | None = await self._foreign_commits()
            except Unavailable:
                now = None
            if now is not None and now != seen:
                if seen is not None:
                    self._queues.put(RESYNC)
                seen = now
            await asyncio.sleep(self._poll)
