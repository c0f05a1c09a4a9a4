import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from time import monotonic

import pytest
import sqlalchemy as sa

from bastion.errors import Unavailable
from bastion.store.database import Database
from tests.store.tampering import attempt


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(postgres_url)
    yield opened
    await opened.close()


async def put(database: Database, value: str = "x") -> None:
    async with database.write() as uow:
        await uow.settings.put("name", value)


OTHERS = "where pid <> pg_backend_pid() and datname = current_database()"


@pytest.mark.timed
async def test_a_server_that_refuses_is_unavailable_at_once(unused_tcp_port: int) -> None:
    began = monotonic()
    with pytest.raises(Unavailable):
        await Database.open(f"postgresql+asyncpg://x@127.0.0.1:{unused_tcp_port}/x")
    assert monotonic() - began < 1


@pytest.mark.timed
async def test_a_server_that_says_nothing_is_unavailable_in_two_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = monotonic()
        with pytest.raises(Unavailable):
            await Database.open(f"postgresql+asyncpg://x@127.0.0.1:{silent.getsockname()[1]}/x")
        assert monotonic() - began < 2.5


async def test_a_database_that_does_not_exist_is_unavailable(postgres_url: str) -> None:
    with pytest.raises(Unavailable):
        await Database.open(postgres_url.replace("/migrated?", "/none?"))


async def test_connections_that_the_server_hung_up_are_not_used_again(database: Database) -> None:
    await asyncio.gather(*(put(database) for _ in range(5)))
    await attempt(database, sa.text(f"select pg_terminate_backend(pid, 30000) from pg_stat_activity {OTHERS}"))
    await asyncio.sleep(0.1)  # they are gone; our end hears it as soon as it listens
    await asyncio.gather(*(put(database) for _ in range(5)))


async def test_hung_up_in_the_middle_is_unavailable_and_rolled_back(database: Database, postgres_url: str) -> None:
    other = await Database.open(postgres_url)

    async def interrupted() -> None:
        async with database.write() as uow:
            await uow.settings.put("name", "half")
            await attempt(other, sa.text(f"select pg_terminate_backend(pid) from pg_stat_activity {OTHERS}"))
            await uow.settings.put("name", "other half")

    with pytest.raises(Unavailable):
        await interrupted()
    async with database.read() as uow:
        assert await uow.settings.get("name") is None
    await other.close()


@pytest.mark.timed
async def test_a_backend_that_stands_still_is_unavailable(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bastion.store.postgres._STATEMENT", 0.5)
    database = await Database.open(postgres_url)
    backends: list[int] = []

    async def frozen() -> None:
        async with database.write() as uow:
            rows = await uow.settings._tx.rows(sa.text("select pg_backend_pid()"))
            backends.append(rows[0][0])
            os.kill(backends[0], signal.SIGSTOP)
            await uow.settings.put("name", "x")

    began = monotonic()
    try:
        with pytest.raises(Unavailable):
            await frozen()
        assert monotonic() - began < 2
    finally:
        os.kill(backends[0], signal.SIGCONT)
    await put(database)
    await database.close()


async def test_a_crowd_beyond_the_pool_waits_its_turn(database: Database) -> None:
    async def use() -> str | None:
        async with database.read() as uow:
            await uow.settings._tx.rows(sa.text("select pg_sleep(0.01)"))
            return await uow.settings.get("name")

    assert await asyncio.gather(*(use() for _ in range(60))) == [None] * 60
