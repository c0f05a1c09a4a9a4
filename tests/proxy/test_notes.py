"""Facts of many sessions are written together; a fault of one is no other's trouble."""

import asyncio

import pytest

from bastion.domain.session_effects import Audit
from bastion.errors import Unavailable
from bastion.proxy.notes import Notes


class Trail:
    def __init__(self) -> None:
        self.transactions, self.away, self.bad, self.gate = [], False, "", asyncio.Event()
        self.gate.set()

    async def write_all(self, noted) -> None:
        await self.gate.wait()
        if self.away:
            raise Unavailable("gone")
        tags = [(record, fact.tag) for record, facts in noted for fact in facts]
        if any(tag == self.bad for _, tag in tags):
            raise ValueError(self.bad)
        self.transactions.append(tags)


@pytest.fixture
def trail():
    return Trail()


@pytest.fixture
async def notes(trail):
    tasks = []
    yield Notes(trail.write_all, lambda work, _name: tasks.append(asyncio.ensure_future(work)))
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_many_sessions_have_to_say_at_one_moment_is_one_transaction(notes, trail):
    await asyncio.gather(*(notes.write(f"s{n}", [Audit("a:a"), Audit("b:b")]) for n in range(3)))
    assert trail.transactions == [[(f"s{n}", tag) for n in range(3) for tag in ("a:a", "b:b")]]


async def test_what_comes_during_a_write_follows_it(notes, trail):
    trail.gate.clear()
    first = asyncio.ensure_future(notes.write("s1", [Audit("a:a")]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(notes.write(name, [Audit("b:b")])) for name in ("s2", "s3")]
    await asyncio.sleep(0)
    trail.gate.set()
    await asyncio.gather(first, *others)
    assert trail.transactions == [[("s1", "a:a")], [("s2", "b:b"), ("s3", "b:b")]]
    await notes.write("s4", [Audit("c:c")])
    assert len(trail.transactions) == 3


async def test_while_the_records_are_away_everybody_is_told(notes, trail):
    trail.away = True
    told = await asyncio.gather(*(notes.write(f"s{n}", [Audit("a:a")]) for n in range(2)), return_exceptions=True)
    assert [type(each) for each in told] == [Unavailable, Unavailable]
    trail.away = False
    await notes.write("s1", [Audit("a:a")])
    assert trail.transactions == [[("s1", "a:a")]]


async def test_a_fault_in_the_facts_of_one_is_no_other_s_trouble(notes, trail):
    trail.bad = "b:bad"
    told = await asyncio.gather(
        notes.write("s1", [Audit("a:a")]), notes.write("s2", [Audit("b:bad")]), notes.write("s3", [Audit("c:c")]),
        return_exceptions=True,
    )  # fmt: skip
    assert [type(each) for each in told] == [type(None), ValueError, type(None)]
    assert trail.transactions == [[("s1", "a:a")], [("s3", "c:c")]]


async def test_whoever_stops_waiting_leaves_his_facts_to_be_written(notes, trail):
    trail.gate.clear()
    leaving = asyncio.ensure_future(notes.write("s1", [Audit("a:a")]))
    staying = asyncio.ensure_future(notes.write("s2", [Audit("b:b")]))
    await asyncio.sleep(0)
    leaving.cancel()
    trail.gate.set()
    await staying
    assert trail.transactions == [[("s1", "a:a"), ("s2", "b:b")]]


async def test_a_writer_that_is_stopped_leaves_nobody_waiting(trail):
    tasks = []
    notes = Notes(trail.write_all, lambda work, _name: tasks.append(asyncio.ensure_future(work)))
    trail.gate.clear()
    waiting = asyncio.ensure_future(notes.write("s1", [Audit("a:a")]))
    await asyncio.sleep(0.01)
    late = asyncio.ensure_future(notes.write("s2", [Audit("a:a")]))
    await asyncio.sleep(0)
    tasks[0].cancel()
    told = await asyncio.gather(waiting, late, return_exceptions=True)
    assert [type(each) for each in told] == [asyncio.CancelledError, asyncio.CancelledError]
