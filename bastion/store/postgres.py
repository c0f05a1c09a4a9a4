"""PostgreSQL through asyncpg: a pool, one snapshot per reading transaction."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql import Executable

from bastion.store.transaction import Change, Transaction, Values
from bastion.store.troubles import translated

_CONNECT = 1.5  # seconds to reach the server before we say Unavailable
_STATEMENT = 5.0  # seconds a statement may take; a network that swallows packets is noticed by it too


class PostgresTransaction:
    dialect = "postgresql"

    def __init__(self, connection: AsyncConnection, *, reading: bool) -> None:
        self._connection, self.reading = connection, reading

    async def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        with translated():
            return (await self._connection.execute(statement, values)).all()

    async def change(self, statement: Executable, values: Values | None = None) -> int:
        with translated():
            return (await self._connection.execute(statement, values)).rowcount

    async def commit(self, last: Sequence[Change] = ()) -> None:
        with translated():
            for statement, values in last:
                await self._connection.execute(statement, values)
            await self._connection.commit()

    async def close(self) -> None:
        with contextlib.suppress(sa.exc.DBAPIError, OSError):  # a lost connection has nothing left to roll back
            await asyncio.shield(self._connection.close())


class PostgresBackend:
    dialect = "postgresql"

    def __init__(self, url: URL) -> None:
        self._engine = create_async_engine(
            url,
            hide_parameters=True,
            pool_size=10,
            max_overflow=10,
            pool_timeout=_CONNECT,
            connect_args={"timeout": _CONNECT, "command_timeout": _STATEMENT, "prepared_statement_cache_size": 500},
        )
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        event.listen(self._engine.sync_engine, "checkout", _refuse_the_dead)

    async def begin(self, *, reading: bool, quick: bool = False) -> Transaction:  # noqa: ARG002 - no threads here
        engine: AsyncEngine = self._reading if reading else self._engine
        with translated():
            return PostgresTransaction(await engine.connect(), reading=reading)

    async def close(self) -> None:
        await asyncio.shield(self._engine.dispose())


def _refuse_the_dead(connection: Any, _record: Any, _proxy: Any) -> None:
    """Asyncpg knows at once when the server has hung up; asking it costs no round trip, unlike a ping."""
    if connection.driver_connection.is_closed():
        raise sa.exc.DisconnectionError("the server has hung up")
