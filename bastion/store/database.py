"""The door to the records: `async with database.write() as uow: ...`. The URL decides which database it is."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from bastion.errors import ConfigurationError, Phrase
from bastion.store import stock
from bastion.store.bus import Bus, Hint, LocalBus
from bastion.store.sqlite import SqliteBackend
from bastion.store.transaction import Backend, Change, Transaction
from bastion.store.unit_of_work import UnitOfWork

_PROBE = sa.text("select 1")


def parse(url: str) -> URL:
    """`sqlite:///path`, `postgresql://…` or `postgresql+asyncpg://…`; `ConfigurationError` for anything else."""
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError as error:
        raise ConfigurationError(str(error), why=Phrase("the database address is not a URL")) from error
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+asyncpg")
    known = parsed.drivername in {"sqlite", "postgresql+asyncpg"}
    if not known or (parsed.drivername == "sqlite" and not parsed.database):
        why = Phrase("the database is neither an SQLite file nor PostgreSQL")
        raise ConfigurationError(parsed.drivername, why=why)
    return parsed


class Database:
    """Every method raises `Unavailable` while the database is away, and works again when it is back."""

    def __init__(self, backend: Backend, bus: Bus) -> None:
        self._backend = backend
        self.bus = bus

    @classmethod
    async def open(cls, url: str) -> Self:
        """`Unavailable` when it cannot be reached; the schema must have been made by `migrations.upgrade`."""
        parsed = parse(url)
        database = cls._sqlite(parsed) if parsed.drivername == "sqlite" else cls._postgres(parsed)
        try:
            await database.probe()
        except BaseException:
            await database.close()
            raise
        return database

    async def probe(self) -> None:
        """Answer, or raise `Unavailable`."""
        transaction = await self._backend.begin(reading=True)
        try:
            await transaction.rows(_PROBE)
        finally:
            await transaction.close()

    @asynccontextmanager
    async def write(self, *, quick: bool = False) -> AsyncIterator[UnitOfWork]:
        """Commit at the end, roll back on an exception. Hints are delivered after the commit, never without it.

        `quick` promises that every statement finds a handful of rows by a key, as the opening of a session does. SQLite
        then runs them where they are called: changing threads costs twice what such a statement does. Never for lists.
        """
        transaction = await self._backend.begin(reading=False, quick=quick)
        try:
            uow = UnitOfWork(transaction, reading=False)
            yield uow
            last = [*await uow.audit.links(), *self.bus.staged(uow.hints)]
            await self._commit(transaction, last, uow.hints)
        finally:
            await transaction.close()

    @asynccontextmanager
    async def read(self, *, quick: bool = False) -> AsyncIterator[UnitOfWork]:
        """One snapshot; nothing can be written. `quick` as for `write`."""
        transaction = await self._backend.begin(reading=True, quick=quick)
        try:
            yield UnitOfWork(transaction, reading=True)
        finally:
            await transaction.close()

    async def take_stock(self, *tables: str) -> None:
        """Let the database count what these tables hold, or all of them, so that it finds its rows by the right index
        (see `stock`).
        """
        for statements in stock.taking(self._backend.dialect, tables):
            transaction = await self._backend.begin(reading=False)
            try:
                for statement in statements:
                    await transaction.change(sa.text(statement))
                await transaction.commit()
            finally:
                await transaction.close()

    async def close(self) -> None:
        await self.bus.close()
        await self._backend.close()

    async def _commit(self, transaction: Transaction, last: Sequence[Change], hints: Sequence[Hint]) -> None:
        """A commit under way is seen through however often the caller is cancelled: what is committed must be hinted,
        and nobody may write before it has ended.
        """

        async def settle() -> None:
            await transaction.commit(last)
            self.bus.deliver(hints)

        settling = asyncio.create_task(settle(), name="store-commit")
        try:
            await asyncio.shield(settling)
        except asyncio.CancelledError:
            while not settling.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([settling])
            raise

    @classmethod
    def _sqlite(cls, url: URL) -> Self:
        backend = SqliteBackend(Path(url.database or ""))
        return cls(backend, LocalBus(backend.foreign_commits))

    @classmethod
    def _postgres(cls, url: URL) -> Self:
        from bastion.store.postgres import PostgresBackend  # noqa: PLC0415 - a tenth of a second SQLite need not wait
        from bastion.store.postgres_bus import PostgresBus  # noqa: PLC0415

        dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return cls(PostgresBackend(url), PostgresBus(dsn))
