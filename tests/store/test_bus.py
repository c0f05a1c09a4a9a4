import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from bastion.domain.lock import Lock, LockScope
from bastion.store.bus import RESYNC, Hint, LocalBus, Queues
from bastion.store.database import Database
from bastion.store.postgres_bus import PostgresBus
from tests.pace import seconds_until
from tests.store.samples import NOW
from tests.store.tampering import attempt

FIRE = Lock("loc-1", LockScope.ALL, "", "Fire", "Eve", NOW)


class Listener:
    """Collects what one subscriber hears."""

    def __init__(self, hints: AsyncIterator[Hint]) -> None:
        self.heard: list[Hint] = []
        self._hints, self._new = hints, asyncio.Event()

    async def run(self) -> None:
        async for hint in self._hints:
            self.heard.append(hint)
            self._new.set()

    async def until(self, count: int) -> list[Hint]:
        async with asyncio.timeout(30):
            while len(self.heard) < count:
                self._new.clear()
                await self._new.wait()
        return self.heard


@asynccontextmanager
async def listening(database: Database) -> AsyncIterator[Listener]:
    listener = Listener(database.bus.listen())
    task = asyncio.create_task(listener.run())
    try:
        await listener.until(1)
        yield listener
    finally:
        task.cancel()
        await asyncio.wait([task])


async def impose(database: Database, lock: Lock = FIRE) -> None:
    async with database.write() as uow:
        await uow.locks.add(lock)
        uow.hint("lock", lock.id)


async def test_everything_is_read_first_and_then_what_changed(database: Database) -> None:
    async with listening(database) as one, listening(database) as other:
        await impose(database)
        assert await one.until(2) == [RESYNC, Hint("lock", "loc-1")]
        assert await other.until(2) == [RESYNC, Hint("lock", "loc-1")]


async def test_whoever_gets_the_hint_can_read_the_row(database: Database) -> None:
    async with listening(database) as listener:
        impose_it = asyncio.create_task(impose(database))
        await listener.until(2)
        async with database.read() as uow:
            assert await uow.locks.unlifted() == [FIRE]
        await impose_it


async def test_what_is_rolled_back_is_not_hinted(database: Database) -> None:
    async def interrupted() -> None:
        async with database.write() as uow:
            uow.hint("lock", "never")
            raise LookupError

    async with listening(database) as listener:
        with pytest.raises(LookupError):
            await interrupted()
        await impose(database)
        assert await listener.until(2) == [RESYNC, Hint("lock", "loc-1")]


async def test_a_key_may_hold_a_space_or_nothing(database: Database) -> None:
    async with listening(database) as listener:
        async with database.write() as uow:
            uow.hint("session", "a b")
            uow.hint("device", "")
        assert await listener.until(3) == [RESYNC, Hint("session", "a b"), Hint("device", "")]


async def test_a_reading_transaction_hints_nothing(database: Database) -> None:
    async with database.read() as uow:
        with pytest.raises(RuntimeError):
            uow.hint("lock", "x")


@pytest.mark.timed
async def test_a_commit_by_somebody_else_is_noticed_within_a_second(database: Database, database_url: str) -> None:
    """`bastion lock --all` runs in a process of its own."""
    command = await Database.open(database_url)
    try:
        async with listening(database) as listener:
            await asyncio.sleep(0.3)
            await impose(command)
            assert await seconds_until(lambda: len(listener.heard) > 1) < 1
            async with database.read() as uow:
                assert await uow.locks.unlifted() == [FIRE]
    finally:
        await command.close()


async def test_our_own_commits_make_nobody_read_everything(database: Database) -> None:
    async with listening(database) as listener:
        for number in range(10):
            async with database.write() as uow:
                await uow.settings.put("n", str(number))
            await asyncio.sleep(0.05)
        await impose(database)
        await listener.until(2)
        await asyncio.sleep(0.3)
        assert listener.heard == [RESYNC, Hint("lock", "loc-1")]


async def test_two_listen_and_one_leaves(database: Database) -> None:
    async with listening(database) as stays:
        async with listening(database):
            pass
        await impose(database)
        assert await stays.until(2) == [RESYNC, Hint("lock", "loc-1")]
    async with listening(database) as comes_back:
        async with database.write() as uow:
            uow.hint("lock", "loc-1")
        assert await comes_back.until(2) == [RESYNC, Hint("lock", "loc-1")]


async def test_who_asked_for_one_topic_hears_of_no_other_but_is_told_of_each_gap(database: Database) -> None:
    listener = Listener(database.bus.listen(frozenset({"lock"})))
    task = asyncio.create_task(listener.run())
    await listener.until(1)
    async with database.write() as uow:
        uow.hint("session", "ses-1")
        uow.hint("lock", "loc-1")
    assert await listener.until(2) == [RESYNC, Hint("lock", "loc-1")]
    task.cancel()
    await asyncio.wait([task])


def test_a_gap_is_told_to_everybody() -> None:
    queues = Queues()
    few, every = queues.open(frozenset({"lock", "session"})), queues.open(None)
    queues.put(RESYNC)
    queues.put(Hint("lock", "x"))
    assert (
        [few.get_nowait(), few.get_nowait()] == [every.get_nowait(), every.get_nowait()] == [RESYNC, Hint("lock", "x")]
    )
    queues.close(few)
    queues.put(Hint("lock", "y"))
    assert (few.qsize(), every.qsize()) == (0, 1)
    queues.close(every)
    assert not queues


async def test_many_listeners_share_one_connection(on_postgres: Database) -> None:
    async with contextlib.AsyncExitStack() as stack:
        listeners = [await stack.enter_async_context(listening(on_postgres)) for _ in range(20)]
        async with on_postgres.read() as uow:
            rows = await uow.settings._tx.rows(
                sa.text("select count(*) from pg_stat_activity where query like 'LISTEN%' and pid <> pg_backend_pid()")
            )
        assert rows[0][0] == 1
        await impose(on_postgres)
        for listener in listeners:
            assert await listener.until(2) == [RESYNC, Hint("lock", "loc-1")]


def test_a_listener_that_does_not_keep_up_reads_everything() -> None:
    queues = Queues()
    queue = queues.open(frozenset({"session"}))
    for number in range(1001):
        queues.put(Hint("session", str(number)))
    assert [queue.get_nowait() for _ in range(queue.qsize())] == [RESYNC, Hint("session", "1000")]


async def test_a_commit_of_plain_sqlite_is_noticed_too(request: pytest.FixtureRequest, migrated_sqlite: object) -> None:
    commits = [5]

    async def foreign_commits() -> int:
        return commits[0]

    bus = LocalBus(foreign_commits, poll=0.01)
    listener = Listener(bus.listen())
    task = asyncio.create_task(listener.run())
    await listener.until(1)
    await asyncio.sleep(0.05)
    assert listener.heard == [RESYNC]
    commits[0] = 6
    assert await listener.until(2) == [RESYNC, RESYNC]
    task.cancel()
    await asyncio.wait([task])
    await bus.close()


@pytest.fixture
async def on_postgres(postgres_url: str) -> AsyncIterator[Database]:
    database = await Database.open(postgres_url)
    yield database
    await database.close()


HANG_UP = sa.text(
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where pid <> pg_backend_pid() and datname = current_database() and query like 'LISTEN%'"
)


async def test_a_listener_whose_connection_broke_reads_everything_again(on_postgres: Database) -> None:
    async with listening(on_postgres) as listener:
        await attempt(on_postgres, HANG_UP)
        await impose(on_postgres)
        await listener.until(2)
        assert RESYNC in listener.heard[1:]
        await impose(on_postgres, Lock("loc-2", LockScope.ALL, "", "Fire", "Eve", NOW))
        while Hint("lock", "loc-2") not in listener.heard:
            await listener.until(len(listener.heard) + 1)


async def test_a_quiet_connection_is_tested(on_postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bastion.store.postgres_bus._HEARTBEAT", 0.05)
    async with listening(on_postgres) as listener:
        await asyncio.sleep(0.3)
        await impose(on_postgres)
        assert await listener.until(2) == [RESYNC, Hint("lock", "loc-1")]


async def test_a_server_that_is_away_is_waited_for(postgres_url: str) -> None:
    dsn = make_url(postgres_url).set(drivername="postgresql", database="not_there")
    listener = Listener(PostgresBus(dsn.render_as_string(hide_password=False)).listen())
    task = asyncio.create_task(listener.run())
    await asyncio.sleep(0.3)
    assert not task.done()
    assert listener.heard == []
    task.cancel()
    await asyncio.wait([task])


async def test_a_listener_that_leaves_leaves_no_connection(on_postgres: Database) -> None:
    async with listening(on_postgres):
        pass
    async with on_postgres.read() as uow:
        rows = await uow.settings._tx.rows(
            sa.text("select count(*) from pg_stat_activity where query like 'LISTEN%' and pid <> pg_backend_pid()")
        )
    assert rows[0][0] == 0


async def test_another_process_with_any_client_is_noticed(sqlite_url: str) -> None:
    database = await Database.open(sqlite_url)
    try:
        async with listening(database) as listener:
            await asyncio.sleep(0.3)
            stranger = sqlite3.connect(make_url(sqlite_url).database or "", isolation_level=None)
            stranger.execute("insert into settings values ('a', 'b')")
            stranger.close()
            assert await listener.until(2) == [RESYNC, RESYNC]
    finally:
        await database.close()
