import asyncio

import pytest

from bastion.domain.session_effects import Audit
from bastion.errors import Unavailable
from bastion.proxy import journal as module
from bastion.proxy.journal import Journal


class Records:
    def __init__(self) -> None:
        self.batches, self.away = [], 0

    async def note(self, facts) -> None:
        await asyncio.sleep(0)
        if self.away:
            self.away -= 1
            raise Unavailable("gone")
        self.batches.append([f.tag for f in facts])


@pytest.fixture
def records():
    return Records()


@pytest.fixture
async def journal(records, monkeypatch):
    monkeypatch.setattr(module, "RETRY", 0.01)
    monkeypatch.setattr(module, "GATHER", 0.002)
    tasks = []
    yield Journal(records.note, lambda work, _name: tasks.append(asyncio.ensure_future(work)))
    await asyncio.gather(*tasks)


async def test_facts_of_one_turn_are_written_together_and_in_order(journal, records):
    for tag in ("a:a", "b:b", "c:c"):
        journal.add(Audit(tag))
    await journal.flush()
    assert records.batches == [["a:a", "b:b", "c:c"]]


async def test_nothing_is_lost_nor_reordered_while_the_records_are_away(journal, records):
    records.away = 3
    journal.add(Audit("a:a"))
    await asyncio.sleep(0.005)
    journal.add(Audit("b:b"))
    await journal.flush()
    assert [tag for batch in records.batches for tag in batch] == ["a:a", "b:b"]
    assert journal.waiting == 0


async def test_facts_added_while_a_batch_is_written_follow_it(journal, records):
    journal.add(Audit("a:a"))
    await asyncio.sleep(0)
    journal.add(Audit("b:b"))
    await asyncio.sleep(0.02)
    assert [tag for batch in records.batches for tag in batch] == ["a:a", "b:b"]
