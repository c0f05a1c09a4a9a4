"""The database is told to count, so that a list is read by the index that suits it."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

import migrations
from bastion.store import tables as t
from bastion.store.database import Database, parse
from tests.databases import Postgres
from tests.store.counted import counted
from tests.store.samples import fill
from tests.store.tampering import attempt

KNOWN = {
    "sqlite": "select 1 from sqlite_master where name = 'sqlite_stat1'",
    "postgresql": "select reltuples from pg_class where relname = 'devices' and reltuples > 0",
}


async def known(database: Database) -> list[object]:
    async with database.read() as uow:
        return [row[0] for row in await uow.requests._tx.rows(sa.text(KNOWN[database._backend.dialect]))]


async def test_what_was_filled_is_counted(database: Database) -> None:
    await fill(database)
    assert await known(database) == []
    await database.take_stock()
    assert await known(database)


async def test_only_the_tables_that_were_filled_are_counted(database: Database) -> None:
    """What is empty is better not known than known to be empty."""
    await fill(database)
    before = await counted(database)
    await database.take_stock("devices", "device_suppliers")
    after = await counted(database)
    assert after - before <= {"devices", "device_suppliers"} <= after


async def test_counting_leaves_the_records_as_they_are(database: Database) -> None:
    await fill(database)
    async with database.read() as uow:
        before = await uow.devices.all()
    await database.take_stock()
    await attempt(database, sa.select(t.devices.c.id))
    async with database.read() as uow:
        assert await uow.devices.all() == before


async def test_a_migration_counts_what_it_has_changed(tmp_path) -> None:
    """A new database it leaves uncounted: believed to be empty, PostgreSQL walked through each table for each row."""
    url = f"sqlite:///{tmp_path / 'new.db'}"
    parsed = parse(url)
    migrations._private(parsed)
    command.upgrade(migrations.config(parsed), "0030")
    assert not _counted(tmp_path / "new.db")
    await migrations.upgrade(url)
    assert _counted(tmp_path / "new.db")


@pytest.fixture
def new_url(postgres: Postgres) -> Iterator[str]:
    with postgres.new() as url:
        yield url


async def test_a_new_database_is_not_taken_for_an_empty_one(tmp_path, new_url: str) -> None:
    await migrations.upgrade(f"sqlite:///{tmp_path / 'new.db'}")
    assert not _counted(tmp_path / "new.db")
    await migrations.upgrade(new_url)
    opened = await Database.open(new_url)
    async with opened.read() as uow:
        rows = await uow.requests._tx.rows(sa.text("select reltuples from pg_class where relname = 'devices'"))
    await opened.close()
    assert rows[0][0] < 0, "-1 is PostgreSQL's word for not known"


def _counted(file: Path) -> bool:
    with contextlib.closing(sqlite3.connect(file)) as records:
        return bool(records.execute("select 1 from sqlite_master where name = 'sqlite_stat1'").fetchone())
