import asyncio
from datetime import timedelta

import pytest

from bastion.store.database import Database
from bastion.store.leases import run_if_mine
from tests.store.samples import NOW

TTL = timedelta(seconds=30)


async def test_of_many_nodes_one_does_the_work(database: Database) -> None:
    done: list[str] = []

    async def one(node: str) -> bool:
        async def work() -> None:
            done.append(node)

        return await run_if_mine(database, "sweep", node, TTL, NOW, work)

    answers = await asyncio.gather(*(one(f"node-{number}") for number in range(8)))
    assert sum(answers) == 1
    assert len(done) == 1


async def test_work_that_fails_is_not_swallowed(database: Database) -> None:
    async def work() -> None:
        raise LookupError("no disk")

    with pytest.raises(LookupError):
        await run_if_mine(database, "sweep", "a", TTL, NOW, work)
    assert not await run_if_mine(database, "sweep", "b", TTL, NOW, work)
