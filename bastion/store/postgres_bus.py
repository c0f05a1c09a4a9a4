"""Hints through PostgreSQL, to every node. Loaded only where the database is one: asyncpg takes its time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import asyncpg
import sqlalchemy as sa

from bastion.store.bus import RESYNC, Hint, Queues
from bastion.store.transaction import Change

CHANNEL = "bastion"
_RETRY = 0.2  # seconds between attempts to reach PostgreSQL
_HEARTBEAT = 5.0  # seconds of silence after which the listening connection is tested
_NOTIFY = sa.select(sa.func.pg_notify(CHANNEL, sa.bindparam("payload", type_=sa.String)))


class PostgresBus:
    """The hint is part of the transaction: PostgreSQL sends it to every node when, and only when, it commits."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def staged(self, hints: Sequence[Hint]) -> list[Change]:
        return [(_NOTIFY, {"payload": f"{hint.topic} {hint.key}"}) for hint in dict.fromkeys(hints)]

    def deliver(self, hints: Sequence[Hint]) -> None:
        """Nothing to do: the server delivers."""

    async def close(self) -> None:
        """Nothing to do: each listener holds its own connection and closes it."""

    async def listen(self) -> AsyncIterator[Hint]:
        while True:
            queues = Queues()
            queue: asyncio.Queue[Hint] = asyncio.Queue()
            queues.all.add(queue)
            try:
                connection = await asyncpg.connect(self._dsn, timeout=2)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(_RETRY)
                continue
            try:
                async for hint in _heard(connection, queues, queue):
                    yield hint
            finally:
                with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await connection.close(timeout=1)  # best effort: the next listener has a connection of its own


async def _heard(connection: asyncpg.Connection, queues: Queues, queue: "asyncio.Queue[Hint]") -> AsyncIterator[Hint]:
    """Hints until the connection breaks. A partitioned network breaks nothing by itself, hence the heartbeat."""
    closed = Hint("closed", "")

    def hear(_connection: object, _pid: int, _channel: str, payload: str) -> None:
        topic, _, key = payload.partition(" ")
        queues.put(Hint(topic, key))

    connection.add_termination_listener(lambda _: queue.put_nowait(closed))
    await connection.add_listener(CHANNEL, hear)
    yield RESYNC
    while True:
        try:
            async with asyncio.timeout(_HEARTBEAT):
                hint = await queue.get()
        except TimeoutError:
            try:
                await connection.execute("select 1", timeout=2)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                return
            continue
        if hint is closed:
            return
        yield hint
