"""A plain connection for schema work on either database, inside one transaction."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from bastion.store import sqlite

T = TypeVar("T")


def connected(url: URL, work: Callable[[sa.Connection], T]) -> T:
    """Run `work` and commit. Runs an event loop of its own for asyncpg: call it where none is running."""
    return _sqlite(url, work) if url.drivername.startswith("sqlite") else asyncio.run(_postgres(url, work))


def _sqlite(url: URL, work: Callable[[sa.Connection], T]) -> T:
    """SQLite makes and alters tables inside a transaction too, if one is opened by hand."""
    path = Path(url.database or "")
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite.connect(path), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=30000")
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
            result = work(connection)
            connection.exec_driver_sql("COMMIT")
            return result
    finally:
        engine.dispose()


async def _postgres(url: URL, work: Callable[[sa.Connection], T]) -> T:
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - it brings the ORM, which SQLite never needs

    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": 5})
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql("select pg_advisory_xact_lock(7282001)")  # one node migrates at a time
            return await connection.run_sync(work)
    finally:
        await engine.dispose()
