"""Many ask the same kind of question at the same moment: it is put once, for all of them.

Two hundred open pages hear of a decision together, and each must know whether its reader may still read. An answer is
never older than its question: who asks while others are being answered is among the next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Ask = Callable[[frozenset[K]], Awaitable[Mapping[K, V]]]


class Together(Generic[K, V]):
    """`ask` answers for many; whoever it does not name has `None` for an answer, and its failure is everybody's."""

    def __init__(self, ask: "Ask[K, V]") -> None:
        self._ask = ask
        self._turn = asyncio.Lock()
        self._gathering: tuple[set[K], asyncio.Task[Mapping[K, V]]] | None = None

    async def of(self, key: K) -> V | None:
        if self._gathering is None:
            keys: set[K] = set()
            task = asyncio.create_task(self._answer(keys), name="ask together")
            task.add_done_callback(_seen)
            self._gathering = keys, task
        keys, task = self._gathering
        keys.add(key)
        return (await asyncio.shield(task)).get(key)

    async def _answer(self, keys: set[K]) -> Mapping[K, V]:
        """One at a time; who comes meanwhile waits in the same line."""
        async with self._turn:
            self._gathering = None
            return await self._ask(frozenset(keys))


class Turns:
    """Work that many open pages ask for at once: the same is done once for all who ask before it has begun, and only
    so much is under way that whoever works meanwhile is served between.

    As with `Together`, an answer is never older than its question.
    """

    def __init__(self, at_once: int) -> None:
        self._room = asyncio.Semaphore(at_once)
        self._waiting: dict[Hashable, asyncio.Task[Any]] = {}

    async def of(self, key: Hashable, work: Callable[[], Awaitable[V]]) -> V:
        """What `work` returns: one's own, or that of somebody whose `key` is equal. A failure is everybody's."""
        task = self._waiting.get(key)
        if task is None:
            task = self._waiting[key] = asyncio.create_task(self._done(key, work), name="turn")
            task.add_done_callback(_seen)
        answer: V = await asyncio.shield(task)
        return answer

    async def _done(self, key: Hashable, work: Callable[[], Awaitable[V]]) -> V:
        async with self._room:
            del self._waiting[key]
            return await work()


def _seen(task: "asyncio.Task[Any]") -> None:
    """Whoever asked has perhaps left; then nobody is there to be told of a failure."""
    if not task.cancelled():
        task.exception()
