"""Many ask the same kind of question at the same moment: it is put once, for all of them.

Two hundred open pages hear of a decision together, and each must know whether its reader may still read. An answer is
never older than its question: who asks while others are being answered is among the next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Generic, TypeVar

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


def _seen(task: "asyncio.Task[Mapping[K, V]]") -> None:
    """Whoever asked has perhaps left; then nobody is there to be told of a failure."""
    if not task.cancelled():
        task.exception()
