"""SQLite: one writer connection behind a lock, a few readers, each in a thread of its own.

A statement costs one hop to its thread and back (about 0.1 ms). aiosqlite under SQLAlchemy makes four hops per
statement and one more to give the connection back, five times as slow; on a busy event loop each hop may wait for the
interpreter lock as well. Where every statement finds a few rows by a key (`quick`), even the hop is saved: only what
may wait, a lock or the disk, goes to the thread.

`synchronous=FULL`: every commit is on the disk before it is reported. With NORMAL a power cut would take the last
commits with it, and with them audit events of sessions that did happen. It costs one fsync per commit, which quick
transactions that come at the same time share (`convoy`).
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Row, create_engine
from sqlalchemy.sql import Executable

from bastion.errors import Unavailable
from bastion.store.convoy import Convoy, Writing
from bastion.store.transaction import Change, Transaction, Values
from bastion.store.troubles import translated

T = TypeVar("T")
_READERS = 4
_BUSY = 1.5  # seconds another process may hold the write lock before we say Unavailable
_LOST = "database: a transaction was lost before its commit"
_QUEUE = 5.0  # seconds a writer waits for the writers of this process before it
_SETUP = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-16000",
)


def connect(path: Path) -> sqlite3.Connection:
    """Open an existing file; SQLite must never create an empty one where the records were."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, check_same_thread=False, timeout=_BUSY, isolation_level=None
    )
    for pragma in _SETUP:
        connection.execute(pragma)
    return connection


class Lane:
    """One connection and the thread it lives in. The thread runs what it is given in order, so a rollback that
    nobody waits for still comes before the next transaction.
    """

    def __init__(self, engine: sa.Engine, path: Path, *, reading: bool) -> None:
        self._engine, self._path, self._reading = engine, path, reading
        self._begin = "BEGIN" if reading else "BEGIN IMMEDIATE"
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-reader" if reading else "store-writer")
        self._connection: sa.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._open = False
        self._kept = False  # whether others' changes in this transaction wait for its commit
        self._patience = _BUSY
        self._under_way: set[Future[Any]] = set()

    def submit(self, work: Callable[..., T], *arguments: Any) -> "Future[T]":
        future = self._thread.submit(work, *arguments)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return future

    @property
    def still(self) -> bool:
        """Whether its thread has nothing left to do, so that nobody else uses the connection. The last that it was
        given does not tell: who gives up before his turn leaves those before him under way.
        """
        return not self._under_way

    @property
    def waits_for_nobody(self) -> bool:
        """Whether a statement may run here and now: readers never wait for a lock, the writer holds it already."""
        return self.still and (self._reading or self._open)

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.wrap_future(self.submit(work, *arguments))

    def rows(self, patience: float, statement: Executable, values: Any) -> Sequence[Row[Any]]:
        with translated():
            return self._ready(patience).execute(statement, values).all()

    def change(self, patience: float, statement: Executable, values: Any) -> int:
        with translated():
            return self._ready(patience).execute(statement, values).rowcount

    def commit(self, patience: float, last: Sequence[Change]) -> None:
        with translated():
            for statement, values in last:
                self._ready(patience).execute(statement, values)
            if self._open:
                self._driver.execute("COMMIT")
                self._open = self._kept = False
            elif self._kept:
                raise Unavailable(_LOST)

    def mark(self, patience: float) -> None:
        """Begin a part of the transaction that can be taken back by itself."""
        with translated():
            self._ready(patience)
            self._driver.execute("SAVEPOINT part")

    def keep(self, patience: float, last: Sequence[Change]) -> None:
        """End a part of the transaction with its `last` changes; it stands or falls with the commit from now on."""
        with translated():
            for statement, values in last:
                self._ready(patience).execute(statement, values)
            self._kept = self._kept or self._open

    def take_back(self) -> None:
        """Undo what was done since `mark`, or everything if SQLite has already done so by itself (a full disk)."""
        try:
            if self._open and self._driver.in_transaction:
                self._driver.execute("ROLLBACK TO part")
            else:
                self._open = False
        except (sqlite3.Error, Unavailable):
            self._drop()

    def rollback(self) -> None:
        self._kept = False
        if not self._open:
            return
        self._open = False
        try:
            if self._driver.in_transaction:
                self._driver.execute("ROLLBACK")
        except (sqlite3.Error, Unavailable):
            self._drop()  # a connection that cannot roll back is not used again

    def foreign_commits(self) -> int:
        """A number that changes when another process, and only another process, has committed."""
        with translated():
            if not self._open:
                self._same_file()
            return int(self._driver.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        self._thread.submit(self._drop)
        self._thread.shutdown(wait=True)

    @property
    def _driver(self) -> sqlite3.Connection:
        if self._connection is None:
            raise Unavailable("no connection")
        driver = self._connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise Unavailable("no connection")
        return driver

    def _ready(self, patience: float) -> sa.Connection:
        """The connection, inside a transaction. `patience`: seconds to wait for another process's write lock."""
        if not self._open:
            if self._kept:
                raise Unavailable(_LOST)
            self._same_file()
            driver = self._driver
            if patience != self._patience:
                driver.execute(f"PRAGMA busy_timeout={int(patience * 1000)}")
                self._patience = patience
            driver.execute(self._begin)
            self._open = True
        if self._connection is None:
            raise Unavailable("no connection")
        return self._connection

    def _same_file(self) -> None:
        """Writing to a file that was removed or replaced under us would lose everything silently."""
        facts = os.stat(self._path)  # noqa: PTH116 - in the hot path; Path.stat costs three times as much
        file = (facts.st_dev, facts.st_ino)
        if self._connection is None or file != self._file:
            self._drop()
            self._connection = self._engine.connect()
            self._driver.execute(f"PRAGMA query_only={'ON' if self._reading else 'OFF'}")
            self._file, self._patience = file, _BUSY

    def _drop(self) -> None:
        connection, self._connection, self._open = self._connection, None, False
        if connection is not None:
            connection.invalidate()
            connection.close()


class SqliteTransaction:
    dialect = "sqlite"

    def __init__(
        self, lane: Lane, patience: float, give_back: Callable[[], None], *, reading: bool, quick: bool
    ) -> None:
        self._lane, self._patience, self._give_back = lane, patience, give_back
        self.reading, self._quick = reading, quick

    async def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        return await self._run(self._lane.rows, self._patience, statement, values)

    async def change(self, statement: Executable, values: Values | None = None) -> int:
        return await self._run(self._lane.change, self._patience, statement, values)

    async def commit(self, last: Sequence[Change] = ()) -> None:
        await self._lane.run(self._lane.commit, self._patience, last)

    async def close(self) -> None:
        self._put(self._lane.rollback)
        self._give_back()

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        if self._quick and self._lane.waits_for_nobody:
            return work(*arguments)
        return await self._lane.run(work, *arguments)

    def _put(self, work: Callable[[], None]) -> None:
        """Have it done before anything else on this connection; nobody waits for it."""
        if self._quick and self._lane.still:
            work()
        else:
            self._lane.submit(work)


class SharedTransaction(SqliteTransaction):
    """A quick transaction that writes: one of a convoy, of which it may turn out to be the only one."""

    def __init__(self, lane: Lane, patience: float, convoy: Convoy) -> None:
        super().__init__(lane, patience, convoy.leave, reading=False, quick=True)
        self._convoy = convoy
        self._marked = self._done = False

    async def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        await self._mark()
        return await super().rows(statement, values)

    async def change(self, statement: Executable, values: Values | None = None) -> int:
        await self._mark()
        return await super().change(statement, values)

    async def commit(self, last: Sequence[Change] = ()) -> None:
        await self._mark()
        await self._run(self._lane.keep, self._patience, last)
        self._done = True
        await self._convoy.committed()

    async def close(self) -> None:
        if self._done:
            return
        self._done = True
        if not self._convoy.length:
            await super().close()
            return
        if self._marked:
            self._put(self._lane.take_back)
        self._convoy.leave()

    async def _mark(self) -> None:
        """What others have done in the same transaction must not go when this one fails. A mark that was given up
        before its turn is none: taken back, it would be the part of whoever came before.
        """
        if self._convoy.length and not self._marked:
            await self._run(self._lane.mark, self._patience)
            self._marked = True


class SqliteBackend:
    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self._engine = create_engine(  # one for all lanes: it keeps the compiled statements
            "sqlite://",
            creator=lambda: connect(path),
            poolclass=sa.pool.NullPool,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
        )
        self._writer = Lane(self._engine, path, reading=False)
        readers = [Lane(self._engine, path, reading=True) for _ in range(_READERS)]
        self._lanes = [self._writer, *readers]
        self._writing = Writing(self._commit)
        self._free: asyncio.LifoQueue[Lane] = asyncio.LifoQueue()
        for lane in readers:
            self._free.put_nowait(lane)

    async def begin(self, *, reading: bool, quick: bool = False) -> Transaction:
        if reading:
            lane = await _in_time(self._free.get()) if self._free.empty() else self._free.get_nowait()
            give_back = partial(self._free.put_nowait, lane)
            return SqliteTransaction(lane, _BUSY, give_back, reading=True, quick=quick)
        asked = time.monotonic()
        convoy = self._writing.now()
        if convoy is None:
            convoy = await _in_time(self._writing.turn(joins=quick))
        # Those who queued behind a writer that met a foreign lock have waited already: all fail in time, not in turn.
        waited = time.monotonic() - asked
        patience = _BUSY if waited < _BUSY / 2 else 0.05
        if quick:
            return SharedTransaction(self._writer, patience, convoy)
        return SqliteTransaction(self._writer, patience, convoy.leave, reading=False, quick=False)

    async def _commit(self) -> None:
        """Commit what a convoy has kept, or none of it."""
        try:
            await self._writer.run(self._writer.commit, _BUSY, ())
        except BaseException:
            self._writer.submit(self._writer.rollback)
            raise

    async def foreign_commits(self) -> int:
        return await self._writer.run(self._writer.foreign_commits)

    async def close(self) -> None:
        """Wait for what is under way; closing twice does nothing more."""
        lanes, self._lanes = self._lanes, []
        for lane in lanes:
            await asyncio.to_thread(lane.close)


async def _in_time(turn: Coroutine[Any, Any, T]) -> T:
    try:
        async with asyncio.timeout(_QUEUE):
            return await turn
    except TimeoutError:
        raise Unavailable("database: too many wait") from None
