"""Quick transactions: statements that find a few rows by a key change no threads; what may wait still does."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy.engine import make_url

from bastion.errors import Unavailable
from bastion.store.database import Database
from bastion.store.sqlite import Lane, SqliteBackend, connect


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(sqlite_url)
    while not all(lane.still for lane in opened._backend._lanes):  # its own first look is rolled back in a thread
        await asyncio.sleep(0.01)
    yield opened
    await opened.close()


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What ran where: (work, thread)."""
    ran: list[tuple[str, str]] = []

    def watched(name: str) -> None:
        work = getattr(Lane, name)

        def run(lane: Lane, *arguments: object) -> object:
            ran.append((name, threading.current_thread().name))
            return work(lane, *arguments)

        monkeypatch.setattr(Lane, name, run)

    for name in ("rows", "change", "commit", "rollback"):
        watched(name)
    return ran


HERE = threading.main_thread().name


def places(ran: list[tuple[str, str]]) -> list[tuple[str, bool]]:
    return [(work, thread == HERE) for work, thread in ran]


async def test_a_writer_waits_for_the_lock_and_for_the_disk_in_its_thread_and_for_nothing_else(
    database: Database, threads: list[tuple[str, str]]
) -> None:
    async with database.write(quick=True) as uow:
        await uow.settings.put("a", "1")
        await uow.settings.put("b", "2")
        assert await uow.settings.get("a") == "1"
    assert places(threads)[:4] == [("change", False), ("change", True), ("rows", True), ("commit", False)]
    async with database.read() as uow:
        assert await uow.settings.get("b") == "2"


async def test_a_reader_reads_where_it_is(database: Database, threads: list[tuple[str, str]]) -> None:
    for _ in range(2):
        async with database.read(quick=True) as uow:
            await uow.settings.get("a")
    assert places(threads) == [("rows", True), ("rollback", True)] * 2


async def test_what_is_not_quick_stays_in_its_thread(database: Database, threads: list[tuple[str, str]]) -> None:
    async with database.write() as uow:
        await uow.settings.put("a", "1")
        await uow.settings.put("a", "2")
    assert not any(here for _, here in places(threads))


async def test_a_connection_in_use_by_its_thread_is_not_touched(
    database: Database, threads: list[tuple[str, str]]
) -> None:
    backend = database._backend
    assert isinstance(backend, SqliteBackend)
    done = threading.Event()

    def busy() -> None:
        sleep(0.2)
        done.set()

    async with database.write(quick=True) as uow:
        await uow.settings.put("a", "1")
        backend._writer.submit(busy)
        await uow.settings.put("a", "2")
        assert done.is_set()
    assert places(threads)[:2] == [("change", False), ("change", False)]


async def test_what_failed_is_rolled_back(database: Database) -> None:
    async def fail() -> None:
        async with database.write(quick=True) as uow:
            await uow.settings.put("a", "1")
            await uow.settings.put("a", "2")
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with database.read(quick=True) as uow:
        assert await uow.settings.get("a") is None


async def test_a_lock_held_elsewhere_holds_up_nobody_but_the_writer(database: Database, sqlite_url: str) -> None:
    stranger = connect(Path(make_url(sqlite_url).database or ""))
    stranger.execute("begin immediate")
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.01)

    beating = asyncio.create_task(beat())
    with pytest.raises(Unavailable):
        async with database.write(quick=True) as uow:
            await uow.settings.put("a", "1")
    beating.cancel()
    stranger.close()
    assert beats > 20
