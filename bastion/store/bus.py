"""Wake-up hints: "row KEY of TOPIC changed, read it again". A hint carries no state and may be lost or repeated.

One interface, two carriers: inside the process (SQLite, here) or PostgreSQL LISTEN/NOTIFY (`postgres_bus`). Every
subscription starts with RESYNC: read everything again. So does every restart of one whose connection broke.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
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

    def listen(self, topics: frozenset[str] | None = None) -> AsyncIterator[Hint]:
        """What changes, of these `topics` or of all; RESYNC whichever were asked for."""
        ...

    async def close(self) -> None: ...


class Queues:
    """One queue per listener; a listener that does not keep up is told to read everything again.

    Most hints concern few of the listeners (every live session waits for files of its own), so they stand by topic.
    """

    def __init__(self) -> None:
        self._of: dict[asyncio.Queue[Hint], frozenset[str] | None] = {}
        self._by_topic: dict[str | None, set[asyncio.Queue[Hint]]] = {}

    def __bool__(self) -> bool:
        return bool(self._of)

    def open(self, topics: frozenset[str] | None) -> "asyncio.Queue[Hint]":
        queue: asyncio.Queue[Hint] = asyncio.Queue()
        self._of[queue] = topics
        for topic in _places(topics):
            self._by_topic.setdefault(topic, set()).add(queue)
        return queue

    def close(self, queue: "asyncio.Queue[Hint]") -> None:
        for topic in _places(self._of.pop(queue)):
            self._by_topic[topic].discard(queue)

    def put(self, hint: Hint) -> None:
        for queue in self._concerned(hint):
            if queue.qsize() >= _LONGEST:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(RESYNC)
            queue.put_nowait(hint)

    def _concerned(self, hint: Hint) -> "Iterable[asyncio.Queue[Hint]]":
        if hint == RESYNC:
            return self._of
        return chain(self._by_topic.get(hint.topic, ()), self._by_topic.get(None, ()))


def _places(topics: frozenset[str] | None) -> tuple[str | None, ...]:
    """Where a queue stands; `None` is every topic."""
    return (None,) if topics is None else tuple(topics)


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

    async def listen(self, topics: frozenset[str] | None = None) -> AsyncIterator[Hint]:
        queue = self._queues.open(topics)
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch(), name="store-foreign-commits")
        try:
            yield RESYNC
            while True:
                yield await queue.get()
        finally:
            self._queues.close(queue)

    async def close(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])

    async def _watch(self) -> None:
        """Look five times a second; after an outage everybody reads everything again."""
        seen: int | None = None
        while self._queues:
            try:
                now: int | None = await self._foreign_commits()
            except Unavailable:
                now = None
            if now is not None and now != seen:
                if seen is not None:
                    self._queues.put(RESYNC)
                seen = now
            await asyncio.sleep(self._poll)
