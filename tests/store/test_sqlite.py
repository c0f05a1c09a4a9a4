import asyncio
import os
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from bastion.errors import Unavailable
from bastion.store.database import Database
from bastion.store.sqlite import SqliteBackend, connect
from tests.store.samples import NOW


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return Path(make_url(sqlite_url).database or "")


@pytest.fixture
async def database(sqlite_url: str, path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(sqlite_url)
    yield opened
    await opened.close()


async def put(database: Database, value: str = "x") -> None:
    async with database.write() as uow:
        await uow.settings.put("name", value)


async def read(database: Database) -> str | None:
    async with database.read() as uow:
        return await uow.settings.get("name")


async def pragma(database: Database, name: str, *, reading: bool) -> object:
    transaction = await database._backend.begin(reading=reading)
    try:
        return (await transaction.rows(sa.text(f"pragma {name}")))[0][0]
    finally:
        await transaction.close()


@pytest.mark.usefixtures("as_in_a_hospital")
@pytest.mark.parametrize(
    ("name", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("trusted_schema", 0)]
)
async def test_every_connection_is_set_up(database: Database, name: str, value: object) -> None:
    assert await pragma(database, name, reading=False) == value
    assert await pragma(database, name, reading=True) == value


async def test_a_reading_connection_cannot_write_whatever_it_is_told(database: Database) -> None:
    transaction = await database._backend.begin(reading=True)
    with pytest.raises(Unavailable):
        await transaction.change(sa.text("delete from audit_head"))
    await transaction.close()


@pytest.mark.timed
async def test_a_removed_file_is_noticed_and_so_is_its_return(database: Database, path: Path, tmp_path: Path) -> None:
    await put(database, "before")
    aside = tmp_path / "aside"
    aside.mkdir()
    files = [path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))]
    for file in files:
        file.rename(aside / file.name)
    began = monotonic()
    for use in (put, read):
        with pytest.raises(Unavailable):
            await use(database)
    assert monotonic() - began < 2
    assert not path.exists()
    for file in files:
        (aside / file.name).rename(file)
    assert await read(database) == "before"
    await put(database, "after")
    assert await read(database) == "after"


async def test_a_file_put_in_its_place_is_read_and_written(database: Database, path: Path, tmp_path: Path) -> None:
    """A restored backup: going on with the old file, which has no name any more, would lose everything silently."""
    backup = tmp_path / "backup.db"
    shutil.copy(path, backup)
    await put(database, "lost")
    for file in path.parent.glob("bastion.db-*"):
        file.unlink()
    backup.replace(path)
    assert await read(database) is None
    await put(database, "new")
    await database.close()
    stranger = sqlite3.connect(path)
    assert stranger.execute("select value from settings").fetchall() == [("new",)]
    stranger.close()


def test_a_connection_never_makes_a_file(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        connect(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


async def test_opening_what_is_not_there_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await Database.open(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"this is not a database, whatever its name says" * 100])
async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.db"
    path.write_bytes(content)
    with pytest.raises(Unavailable):
        await Database.open(f"sqlite:///{path}")
    assert path.read_bytes() == content


@pytest.mark.timed
async def test_a_lock_held_elsewhere_fails_all_writers_in_time_and_no_reader(database: Database, path: Path) -> None:
    stranger = sqlite3.connect(path, isolation_level=None)
    stranger.execute("begin immediate")
    began = monotonic()
    outcomes = await asyncio.gather(*(put(database) for _ in range(8)), return_exceptions=True)
    assert monotonic() - began < 2.5
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    assert await read(database) is None
    stranger.execute("rollback")
    stranger.close()
    await put(database, "free again")
    assert await read(database) == "free again"


async def test_a_lock_held_for_a_moment_is_waited_for(database: Database, path: Path) -> None:
    stranger = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    stranger.execute("begin immediate")
    asyncio.get_running_loop().call_later(0.3, stranger.execute, "rollback")
    await put(database, "waited")
    assert await read(database) == "waited"
    stranger.close()


async def test_a_full_disk_is_unavailable_and_nothing_is_half_written(database: Database) -> None:
    pages = await pragma(database, "page_count", reading=False)
    await pragma(database, f"max_page_count = {pages}", reading=False)

    async def much() -> None:
        async with database.write() as uow:
            await uow.settings.put("name", "half")
            await uow.settings.put("large", "x" * 1_000_000)

    with pytest.raises(Unavailable):
        await much()
    assert await read(database) is None
    await pragma(database, "max_page_count = 1000000", reading=False)
    await put(database, "room again")
    assert await read(database) == "room again"


async def test_more_readers_than_connections_take_turns(database: Database) -> None:
    assert await asyncio.gather(*(read(database) for _ in range(40))) == [None] * 40


async def test_who_waits_too_long_for_a_connection_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bastion.store.sqlite._QUEUE", 0.05)
    async with database.write():
        with pytest.raises(Unavailable):
            await put(database)
    await put(database)


async def test_commits_of_others_change_the_number_and_ours_do_not(database: Database, path: Path) -> None:
    backend = database._backend
    assert isinstance(backend, SqliteBackend)
    first = await backend.foreign_commits()
    await put(database)
    assert await backend.foreign_commits() == first
    stranger = sqlite3.connect(path, isolation_level=None)
    stranger.execute("delete from settings")
    assert await backend.foreign_commits() != first
    stranger.close()


async def test_the_file_and_its_journal_are_private(database: Database, path: Path) -> None:
    await put(database)
    path.chmod(0o600)  # a copy of a template has the mode of the copy
    await database.close()
    reopened = await Database.open(f"sqlite:///{path}")
    await put(reopened)
    assert {file.stat().st_mode & 0o777 for file in path.parent.glob("bastion.db*")} == {0o600}
    await reopened.close()


@pytest.mark.slow
async def test_a_commit_survives_the_death_of_the_process(sqlite_url: str, tmp_path: Path) -> None:
    """Killed without warning right after a commit was reported: the row and its audit event are there."""
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio, os, signal, sys\n"
        "from bastion.store.database import Database\n"
        "async def main():\n"
        "    database = await Database.open(sys.argv[1])\n"
        "    async with database.write() as uow:\n"
        "        await uow.settings.put('name', 'kept')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(program), sqlite_url, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )
    assert await process.wait() == -9
    database = await Database.open(sqlite_url)
    async with database.read() as uow:
        assert await uow.settings.get("name") == "kept"
        assert await uow.failures.count("x", "", NOW) == 0
    await database.close()
