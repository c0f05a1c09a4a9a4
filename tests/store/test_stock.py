"""The database is told to count, so that a list is read by the index that suits it."""

import sqlalchemy as sa

import migrations
from bastion.store import tables as t
from bastion.store.database import Database
from tests.store.samples import fill
from tests.store.tampering import attempt

KNOWN = {
    "sqlite": "select stat from sqlite_stat1 where tbl = 'devices'",
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


async def test_counting_leaves_the_records_as_they_are(database: Database) -> None:
    await fill(database)
    async with database.read() as uow:
        before = await uow.devices.all()
    await database.take_stock()
    await attempt(database, sa.select(t.devices.c.id))
    async with database.read() as uow:
        assert await uow.devices.all() == before


async def test_a_migration_counts_what_it_has_changed(database: Database, tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    await migrations.upgrade(url)
    opened = await Database.open(url)
    async with opened.read() as uow:
        rows = await uow.requests._tx.rows(sa.text("select count(*) from sqlite_stat1"))
    await opened.close()
    assert rows[0][0] > 0
