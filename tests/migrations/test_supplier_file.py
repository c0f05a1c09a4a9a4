"""What an update to 0.3 makes of suppliers and people that were there before (R-18, R-45)."""

import asyncio
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from alembic import command

import migrations
from bastion import clock
from bastion.domain.roster import EVERY, GRACE, RosterState
from bastion.store.database import Database, parse
from tests.databases import Postgres
from tests.databases import sqlite_url as url_of

BEFORE = "0013"
AN_OLD_ID = "018f00000000aaaaaaaaaaaaaaaaaaaa"
"""Of April 2024: without a word of the supplier this person would be suspended on the day of the update."""
PERSON = f"'{AN_OLD_ID}', 'alice', 'Alice', '', 's1', 'fr', true"
ROWS = (
    "insert into suppliers (id, code, name, networks, active, contact) values ('s1', 'acme', 'Acme', '[]', true, '')",
    f"insert into technicians (id, login, name, email, supplier_id, language, active) values ({PERSON})",
)


@pytest.fixture(params=["sqlite", "postgres"])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database as 0.2 left it, with a supplier and its technician."""
    if request.param == "sqlite":
        path = tmp_path / "old.db"
        path.touch()
        command.upgrade(migrations.config(parse(url_of(path))), BEFORE)
        with sqlite3.connect(path) as connection:
            for row in ROWS:
                connection.execute(row)
        connection.close()
        yield url_of(path)
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.new() as url:
        command.upgrade(migrations.config(parse(url)), BEFORE)
        asyncio.run(_insert(url.replace("postgresql+asyncpg", "postgresql")))
        yield url


async def _insert(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    for row in ROWS:
        await connection.execute(row)
    await connection.close()


async def test_whoever_is_registered_counts_as_confirmed_that_day_and_as_working_from_france(old_url: str) -> None:
    await migrations.upgrade(old_url)
    now = clock.now()
    database = await Database.open(old_url)
    async with database.read() as uow:
        (acme,) = await uow.suppliers.all()
        (alice,) = await uow.technicians.all()
        (word,) = await uow.rosters.of(acme.id)
    await database.close()
    assert (acme.countries, acme.contract_number, alice.country, alice.employer_id) == (("FR",), "", "FR", "")
    assert now - timedelta(minutes=5) < word.at <= now
    assert (word.due_at - word.at, word.suspended_at - word.due_at) == (EVERY, GRACE)
    assert (word.technician_id, word.state(now)) == (AN_OLD_ID, RosterState.CONFIRMED)
