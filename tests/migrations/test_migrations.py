import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import migrations
from bastion.errors import ConfigurationError, Unavailable
from bastion.store.database import Database
from tests.databases import Postgres
from tests.databases import sqlite_url as url_of


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without schema; on SQLite not even a file."""
    if request.param == "sqlite":
        yield url_of(tmp_path / "new.db")
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.new() as url:
        yield url


async def test_an_empty_database_is_brought_up_to_date(empty_url: str) -> None:
    assert await migrations.current(empty_url) == ""
    await migrations.upgrade(empty_url)
    assert await migrations.current(empty_url) == migrations.latest()
    database = await Database.open(empty_url)
    async with database.write() as uow:
        await uow.settings.put("name", "kept")
    await database.close()
    await migrations.upgrade(empty_url)
    database = await Database.open(empty_url)
    async with database.read() as uow:
        assert await uow.settings.get("name") == "kept"
    await database.close()


async def test_two_nodes_that_start_at_once_do_not_get_in_each_others_way(empty_url: str) -> None:
    await asyncio.gather(*(migrations.upgrade(empty_url) for _ in range(3)))
    assert await migrations.current(empty_url) == migrations.latest()


@pytest.mark.slow
async def test_two_processes_that_start_at_once_take_turns(empty_url: str) -> None:
    program = "import asyncio, sys, migrations; asyncio.run(migrations.upgrade(sys.argv[1]))"
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", program, empty_url) for _ in range(3)]
    assert await asyncio.gather(*(process.wait() for process in processes)) == [0, 0, 0]
    assert await migrations.current(empty_url) == migrations.latest()


async def test_a_new_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    await migrations.upgrade(url_of(path))
    database = await Database.open(url_of(path))
    async with database.write() as uow:
        await uow.settings.put("name", "x")
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    await database.close()


async def test_asking_makes_nothing(tmp_path: Path) -> None:
    assert await migrations.current(url_of(tmp_path / "new.db")) == ""
    assert list(tmp_path.iterdir()) == []


async def test_a_directory_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await migrations.upgrade(url_of(tmp_path / "none" / "new.db"))


async def test_a_server_that_is_away_is_unavailable(unused_tcp_port: int) -> None:
    url = f"postgresql+asyncpg://x:p%25w@127.0.0.1:{unused_tcp_port}/x"
    for use in (migrations.upgrade, migrations.current):
        with pytest.raises(Unavailable):
            await use(url)


async def test_an_address_we_do_not_know_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        await migrations.upgrade("mysql://x")


async def test_a_migration_that_fails_leaves_the_old_schema(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(migrations.__file__).parent
    broken = tmp_path / "migrations"
    (broken / "versions").mkdir(parents=True)
    for file in ("env.py", "versions/0001_first.py"):
        (broken / file).write_text((home / file).read_text())
    second = (home / "versions/0002_guards.py").read_text()
    (broken / "versions/0002_guards.py").write_text(second + "\n\ndef _no_truncate(*tables):\n    raise LookupError\n")
    (broken / "versions/0003_broken.py").write_text(
        "from alembic import op\nrevision = '0003'\ndown_revision = '0002'\n"
        "def upgrade():\n    op.execute('create table half (x integer)')\n    raise LookupError\n"
    )
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "_HERE", broken)
        with pytest.raises(LookupError):
            await migrations.upgrade(empty_url)
    assert await migrations.current(empty_url) == ""
    await migrations.upgrade(empty_url)
    assert await migrations.current(empty_url) == migrations.latest()
