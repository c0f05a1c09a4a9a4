import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bastion.errors import ConfigurationError, Conflict, Unavailable
from bastion.store.bus import RESYNC, Hint
from bastion.store.database import Database, parse
from bastion.store.transaction import Transaction
from tests.store.samples import CHU, NOW, a_request


async def test_what_is_committed_is_kept_and_what_failed_is_not(database: Database) -> None:
    async def fails() -> None:
        async with database.write() as uow:
            await uow.settings.put("name", "two")
            raise LookupError

    async with database.write() as uow:
        await uow.settings.put("name", "one")
    with pytest.raises(LookupError):
        await fails()
    async with database.read() as uow:
        assert await uow.settings.get("name") == "one"


async def test_a_reading_transaction_cannot_write(database: Database) -> None:
    with pytest.raises(Unavailable):
        async with database.read() as uow:
            await uow.settings.put("name", "one")
    async with database.read() as uow:
        assert await uow.settings.get("name") is None


async def test_a_reading_transaction_sees_one_snapshot(database: Database) -> None:
    async with database.write() as uow:
        await uow.settings.put("name", "one")
    async with database.read() as uow:
        assert await uow.settings.get("name") == "one"
        async with database.write() as other:
            await other.settings.put("name", "two")
        assert await uow.settings.get("name") == "one"
    async with database.read() as uow:
        assert await uow.settings.get("name") == "two"


async def test_many_read_and_write_at_once(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.write() as uow:
            await uow.failures.add("x", str(number), NOW)

    async def read() -> None:
        async with database.read() as uow:
            await uow.failures.count("x", "", NOW)

    await asyncio.gather(*(write(n) for n in range(30)), *(read() for _ in range(30)))
    async with database.read() as uow:
        assert await uow.failures.count("x", "", NOW) == 30


async def test_after_an_error_the_next_use_case_works(hospital: Database) -> None:
    async def fails() -> None:
        async with hospital.write() as uow:
            await uow.facilities.save(replace(CHU, name="Half"))
            await uow.requests.save(a_request(9))

    for _ in range(3):
        with pytest.raises(Conflict):
            await fails()
    async with hospital.write() as uow:
        assert await uow.facilities.get("fac-1") == CHU


async def test_whoever_is_cancelled_leaves_nothing_and_blocks_nobody(database: Database) -> None:
    inside = asyncio.Event()

    async def hesitates() -> None:
        async with database.write() as uow:
            await uow.settings.put("name", "never")
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(hesitates())
    await inside.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    async with asyncio.timeout(30), database.write() as uow:
        assert await uow.settings.get("name") is None


async def test_cancelled_at_any_step_the_database_still_works(database: Database) -> None:
    async def work() -> None:
        async with database.write() as uow:
            await uow.settings.put("name", "x")
            await uow.settings.get("name")

    for delay in range(12):
        task = asyncio.create_task(work())
        await asyncio.sleep(delay / 4000)
        task.cancel()
        await asyncio.wait([task])
    async with asyncio.timeout(30), database.write() as uow:
        await uow.settings.put("name", "still works")


async def test_a_commit_under_way_is_hinted_even_if_nobody_waits_for_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    committing, go_on = asyncio.Event(), asyncio.Event()
    begin = database._backend.begin

    async def slow(*, reading: bool, quick: bool = False) -> Transaction:
        transaction = await begin(reading=reading)
        commit = transaction.commit

        async def late(last: object = ()) -> None:
            committing.set()
            await go_on.wait()
            await commit(last)  # type: ignore[arg-type]

        monkeypatch.setattr(transaction, "commit", late)
        return transaction

    async def work() -> None:
        async with database.write() as uow:
            await uow.settings.put("name", "kept")
            uow.hint("device", "d")

    hints = database.bus.listen()
    assert await anext(hints) == RESYNC
    with monkeypatch.context() as patched:
        patched.setattr(database._backend, "begin", slow)
        task = asyncio.create_task(work())
        await committing.wait()
        task.cancel()
        go_on.set()
        await asyncio.wait([task])
    assert task.cancelled()
    async with asyncio.timeout(30):
        assert await anext(hints) == Hint("device", "d")
    async with database.read() as uow:
        assert await uow.settings.get("name") == "kept"


async def test_it_answers_because_it_was_asked(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await database.probe()
    monkeypatch.setattr("bastion.store.database._PROBE", sa.text("select * from no_such_table"))
    with pytest.raises(sa.exc.DBAPIError, match="no_such_table"):
        await database.probe()


async def test_our_own_mistakes_are_not_hidden(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="no_such_table"):
        async with database.read() as uow:
            await uow.settings._tx.rows(sa.text("select * from no_such_table"))


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "mysql://x/y", "sqlite+aiosqlite:///x", "sqlite://", "postgresql+psycopg://x"],
)
def test_an_address_we_do_not_know_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        parse(url)


def test_the_two_addresses_we_know() -> None:
    assert parse("sqlite:////tmp/x.db").database == "/tmp/x.db"
    assert parse("sqlite:///var/x.db").database == "var/x.db"
    assert parse("postgresql+asyncpg://u@h/d").host == "h"
    assert parse("postgresql://u@h/d").drivername == "postgresql+asyncpg"
