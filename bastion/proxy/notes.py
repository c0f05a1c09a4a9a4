"""Facts of all sessions of a node on their way into the audit chain: those of one moment in one transaction.

A transaction costs a commit on the disk. When fifty sessions begin in a second, the facts of each would cost one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from bastion.domain.session_effects import Audit
from bastion.domain.session_record import SessionRecord
from bastion.errors import Unavailable

Noted = tuple[SessionRecord, Sequence[Audit]]
WriteAll = Callable[[Sequence[Noted]], Awaitable[None]]
Spawn = Callable[[Coroutine[Any, Any, None], str], object]


@dataclass(frozen=True, slots=True)
class _Waiting:
    noted: Noted
    written: "asyncio.Future[None]"


class Notes:
    """`write` returns when the facts are written, or raises what kept them from it. `write_all` is one transaction."""

    def __init__(self, write_all: WriteAll, spawn: Spawn) -> None:
        self._write_all = write_all
        self._spawn = spawn
        self._waiting: list[_Waiting] = []
        self._writing = False

    async def write(self, record: SessionRecord, facts: Sequence[Audit]) -> None:
        waiting = _Waiting((record, facts), asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if not self._writing:
            self._writing = True
            self._spawn(self._run(), "audit facts of sessions")
        await waiting.written

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._settle(batch)
        finally:
            self._writing = False
            for left in self._waiting:  # only when we are stopped: nobody will come for them
                left.written.cancel()

    async def _settle(self, batch: list[_Waiting]) -> None:
        """Together, or all are told that the records are away. A fault in the facts of one is no other's trouble."""
        try:
            await self._write_all([one.noted for one in batch])
        except Exception as problem:  # noqa: BLE001 - handed to whoever waits
            if isinstance(problem, Unavailable) or len(batch) == 1:
                _tell(batch, problem)
            else:
                for one in batch:
                    await self._settle([one])
        except BaseException:
            _tell(batch, asyncio.CancelledError())
            raise
        else:
            _tell(batch, None)


def _tell(batch: list[_Waiting], problem: BaseException | None) -> None:
    for one in batch:
        if one.written.done():  # whoever waited has gone; the facts are written all the same
            continue
        if isinstance(problem, asyncio.CancelledError):
            one.written.cancel()
        elif problem is not None:
            one.written.set_exception(problem)
        else:
            one.written.set_result(None)
