"""Hints through PostgreSQL, to every node. Loaded only where the database is one: asyncpg takes its time.

One connection listens for the whole process, however many pages are open and sessions live: a connection each would
use up the server's before the first hundred.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import asyncpg
import sqlalchemy as sa

from bastion.store.bus import RESYNC, Hint, Queues
from bastion.store.transaction import Change

CHANNEL = "bastion"
_RETRY = 0.2  # seconds between attempts to reach PostgreSQL
_HEARTBEAT = 5.0  # seconds after which the listening connection is tested; a partition breaks nothing by itself
_NOTIFY = sa.select(sa.func.pg_notify(CHANNEL, sa.bindparam("payload", type_=sa.String)))
_TROUBLES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


class PostgresBus:
    """The hint is part of the transaction: PostgreSQL sends it to every node when, and only when, it commits."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._queues = Queues()
        self._hearing = False
        self._ear: asyncio.Task[None] | None = None

    def staged(self, hints: Sequence[Hint]) -> list[Change]:
        return [(_NOTIFY, {"payload": f"{hint.topic} {hint.key}"}) for hint in dict.fromkeys(hints)]

    def deliver(self, hints: Sequence[Hint]) -> None:
        """Nothing to do: the server delivers."""

    async def listen(self, topics: frozenset[str] | None = None) -> AsyncIterator[Hint]:
        queue = self._queues.open(topics)
        if self._ear is None or self._ear.done():
            self._ear = asyncio.create_task(self._hear(), name="store-hints")
        if self._hearing:
            queue.put_nowait(RESYNC)
        try:
            while True:
                yield await queue.get()
        finally:
            self._queues.close(queue)
            if not self._queues:
                await asyncio.shield(self.close())

    async def close(self) -> None:
        ear, self._ear = self._ear, None
        if ear is not None:
            ear.cancel()
            await asyncio.wait([ear])

    async def _hear(self) -> None:
        """Hear for all listeners until cancelled; whenever hearing begins, everybody reads everything again."""
        while True:
            try:
                connection = await asyncpg.connect(self._dsn, timeout=2)
            except _TROUBLES:
                await asyncio.sleep(_RETRY)
                continue
            try:
                await self._hear_on(connection)
            finally:
                self._hearing = False
                with contextlib.suppress(*_TROUBLES):
                    await connection.close(timeout=1)  # best effort: the next one is another connection

    async def _hear_on(self, connection: asyncpg.Connection) -> None:
        """Pass hints on until the connection breaks."""
        broken = asyncio.Event()

        def hear(_connection: object, _pid: int, _channel: str, payload: str) -> None:
            topic, _, key = payload.partition(" ")
            self._queues.put(Hint(topic, key))

        connection.add_termination_listener(lambda _: broken.set())
        try:
            await connection.add_listener(CHANNEL, hear)
            self._hearing = True
            self._queues.put(RESYNC)
            while not broken.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(broken.wait(), _HEARTBEAT)
                if not broken.is_set():
                    await connection.execute("select 1", timeout=2)
        except (*_TROUBLES, TimeoutError):
            return
