"""Quick transactions that come at once share a commit; each still stands, falls and is told by itself."""

import asyncio
import random
from collections.abc import AsyncIterator
from threading import Event

import pytest

from bastion.domain.parties import system_actor
from bastion.errors import BastionError, Unavailable
from bastion.store.convoy import LONGEST
from bastion.store.database import Database
from bastion.store.sqlite import Lane, SqliteBackend
from tests.store.samples import NOW


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(sqlite_url)
    yield opened
    await opened.close()


class Commits:
    """Counts the commits that something hung on, and holds them up, or breaks them, when told to."""

    def __init__(self) -> None:
        self.count = 0
        self.reached, self.go_on = Event(), Event()
        self.go_on.set()
        self.broken = False


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> Commits:
    seen, commit = Commits(), Lane.commit

    def watched(lane: Lane, *arguments: object) -> None:
        seen.reached.set()
        assert seen.go_on.wait(10)
        if seen.broken:
            raise Unavailable("the disk is full")
        seen.count += 1
        commit(lane, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Lane, "commit", watched)
    return seen


async def put(database: Database, name: str, problem: BaseException | None = None, *, quick: bool = True) -> None:
    async with database.write(quick=quick) as uow:
        await uow.settings.put(name, name)
        if problem is not None:
            raise problem


async def kept(database: Database, names: list[str]) -> list[str]:
    async with database.read() as uow:
        return [name for name in names if await uow.settings.get(name) == name]


def writer(database: Database) -> Lane:
    backend = database._backend
    assert isinstance(backend, SqliteBackend)
    return backend._writer


def driver(database: Database):
    return writer(database)._driver


NAMES = [f"name-{n}" for n in range(12)]


async def test_those_who_come_at_once_share_a_commit(database, commits):
    await asyncio.gather(*(put(database, name) for name in NAMES))
    assert commits.count == 1
    assert await kept(database, NAMES) == NAMES


async def test_whoever_comes_alone_has_a_commit_of_his_own(database, commits):
    for name in NAMES[:3]:
        await put(database, name)
    assert commits.count == 3


async def test_a_convoy_has_an_end(database, commits):
    many = [f"many-{n}" for n in range(2 * LONGEST + 1)]
    await asyncio.gather(*(put(database, name) for name in many))
    assert commits.count == 3
    assert await kept(database, many) == many


async def test_whoever_is_not_quick_writes_alone_and_in_his_turn(database, commits):
    await asyncio.gather(*(put(database, name, quick=n != 5) for n, name in enumerate(NAMES)))
    assert commits.count == 3
    assert await kept(database, NAMES) == NAMES


@pytest.mark.parametrize("which", [0, 1, 5, 11])
async def test_whoever_fails_takes_only_his_own_back(database, which):
    problems = [LookupError() if n == which else None for n in range(12)]
    told = await asyncio.gather(
        *(put(database, name, problem) for name, problem in zip(NAMES, problems, strict=True)), return_exceptions=True
    )
    assert told == problems
    assert await kept(database, NAMES) == [name for name in NAMES if name != NAMES[which]]


async def test_whoever_fails_is_seen_by_nobody_after_him(database):
    seen = []

    async def look() -> None:
        async with database.write(quick=True) as uow:
            seen.append((await uow.settings.get(NAMES[0]), await uow.settings.get(NAMES[1])))

    await asyncio.gather(put(database, NAMES[0]), put(database, NAMES[1], LookupError()), look(),
                         return_exceptions=True)  # fmt: skip
    assert seen == [(NAMES[0], None)]


async def test_nobody_is_told_before_it_is_on_the_disk(database, commits):
    commits.go_on.clear()
    tasks = [asyncio.create_task(put(database, name)) for name in NAMES]
    await asyncio.to_thread(commits.reached.wait, 10)
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in tasks)
    assert await kept(database, NAMES) == []
    commits.go_on.set()
    await asyncio.gather(*tasks)
    assert await kept(database, NAMES) == NAMES


async def test_a_commit_that_fails_is_told_to_all_who_waited_for_it(database, commits):
    commits.broken = True
    told = await asyncio.gather(*(put(database, name) for name in NAMES), return_exceptions=True)
    assert [type(one) for one in told] == [Unavailable] * len(NAMES)
    assert len({id(one) for one in told}) == len(NAMES)
    commits.broken = False
    await put(database, "after")
    assert await kept(database, [*NAMES, "after"]) == ["after"]


async def test_what_sqlite_has_thrown_away_is_not_called_kept(database):
    """A full disk or a fault of it makes SQLite roll a transaction back by itself, with all that was kept in it."""

    async def lose() -> None:
        async with database.write(quick=True) as uow:
            await uow.settings.put("lost", "lost")
            driver(database).execute("ROLLBACK")
            raise Unavailable("the disk is full")

    told = await asyncio.gather(put(database, "before"), lose(), put(database, "behind"), return_exceptions=True)
    assert [type(one) for one in told] == [Unavailable] * 3
    assert await kept(database, ["before", "lost", "behind"]) == []
    await put(database, "after")
    assert await kept(database, ["after"]) == ["after"]


async def test_an_empty_one_is_no_burden_to_those_behind_it(database):
    async def nothing() -> None:
        async with database.write(quick=True):
            pass

    await asyncio.gather(nothing(), put(database, "a"), nothing(), put(database, "b"))
    assert await kept(database, ["a", "b"]) == ["a", "b"]


async def test_hints_come_with_the_commit_and_only_from_what_is_kept(database):
    hints = database.bus.listen()
    await anext(hints)

    async def tell(name: str, problem: BaseException | None = None) -> None:
        async with database.write(quick=True) as uow:
            await uow.settings.put(name, name)
            uow.hint("device", name)
            if problem is not None:
                raise problem

    await asyncio.gather(tell("a"), tell("b", LookupError()), tell("c"), return_exceptions=True)
    async with asyncio.timeout(5):
        assert [(await anext(hints)).key, (await anext(hints)).key] == ["a", "c"]


async def test_the_audit_trail_goes_on_within_a_convoy(database, commits):
    async def note(n: int) -> None:
        async with database.write(quick=True) as uow:
            await uow.audit.append("bastion:started", actor=system_actor(f"n{n}"), subject=("bastion", "b"), at=NOW)
            if n == 3:
                raise LookupError

    told = await asyncio.gather(*(note(n) for n in range(8)), return_exceptions=True)
    assert [type(one) for one in told if one] == [LookupError]
    assert commits.count == 1
    async with database.read() as uow:
        events = await uow.audit.between(1, 99)
        assert (await uow.audit.verify()).ok
    assert [(event.seq, event.actor_name) for event in events] == [
        (seq + 1, f"n{n}") for seq, n in enumerate([0, 1, 2, 4, 5, 6, 7])
    ]


async def test_cancelled_at_any_step_everybody_else_is_served(database):
    """Whoever gives up, waiting or writing, leaves nothing behind, or all of it; the others notice nothing."""
    chance = random.Random(7)
    wanted, dropped = [], []
    for turn in range(40):
        tasks = {f"t{turn}-{n}": asyncio.create_task(put(database, f"t{turn}-{n}")) for n in range(6)}
        await asyncio.sleep(chance.random() / 300)
        for name in chance.sample(sorted(tasks), 2):
            tasks.pop(name).cancel()
            dropped.append(name)
        async with asyncio.timeout(10):
            await asyncio.gather(*tasks.values())
        wanted += tasks
    assert await kept(database, wanted) == wanted
    async with asyncio.timeout(5):
        await put(database, "after", quick=False)
    assert dropped


async def test_whoever_gives_up_before_he_began_takes_nothing_of_others_back(database):
    """The thread is just looking for commits of other processes when he is called, so that his mark has to queue."""
    gate = Event()

    async def give_up() -> None:
        async with database.write(quick=True) as uow:
            writer(database).submit(gate.wait, 10)
            asyncio.get_running_loop().call_soon(leaving.cancel)
            await uow.settings.put("leaving", "leaving")

    first, second = (asyncio.create_task(put(database, name)) for name in ("first", "second"))
    leaving = asyncio.create_task(give_up())
    behind = asyncio.create_task(put(database, "behind"))
    await asyncio.wait([leaving])
    gate.set()
    assert await asyncio.gather(first, second, behind) == [None] * 3
    assert await kept(database, ["first", "second", "leaving", "behind"]) == ["first", "second", "behind"]


async def test_who_gives_up_behind_one_who_gave_up_has_the_connection_to_himself_no_sooner(database, monkeypatch):
    """The first has gone, but his statement is still under way in the thread: nobody else may use its connection."""
    reached, gate, ready = Event(), Event(), Lane._ready

    def held(lane: Lane, patience: float) -> object:
        connection = ready(lane, patience)
        if lane is writer(database) and not reached.is_set():
            reached.set()
            assert gate.wait(10)
        return connection

    monkeypatch.setattr(Lane, "_ready", held)
    gone = [asyncio.create_task(put(database, name)) for name in ("first", "second")]
    await asyncio.to_thread(reached.wait, 10)
    for one in gone:
        one.cancel()
        await asyncio.wait([one])
        await asyncio.sleep(0)
    opening = asyncio.get_running_loop().call_later(0.05, gate.set)
    await put(database, "third")
    opening.cancel()
    assert await kept(database, ["first", "second", "third"]) == ["third"]


async def test_a_commit_under_way_is_seen_through_however_often_its_caller_gives_up(database):
    gate, written, hints = Event(), asyncio.Event(), database.bus.listen()
    await anext(hints)

    async def insist() -> None:
        async with database.write(quick=True) as uow:
            await uow.settings.put("kept", "kept")
            uow.hint("device", "kept")
            writer(database).submit(gate.wait, 10)
            written.set()

    task = asyncio.create_task(insist())
    await written.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    gate.set()
    await asyncio.wait([task])
    assert task.cancelled()
    async with asyncio.timeout(5):
        assert (await anext(hints)).key == "kept"
    assert await kept(database, ["kept"]) == ["kept"]


async def test_a_crowd_of_all_kinds_loses_nothing(database):
    chance = random.Random(11)

    async def one(n: int) -> str | None:
        name = f"crowd-{n}"
        await asyncio.sleep(chance.random() / 50)
        try:
            await put(database, name, LookupError() if n % 7 == 0 else None, quick=n % 5 != 0)
        except (LookupError, BastionError):
            return None
        return name

    told = [name for name in await asyncio.gather(*(one(n) for n in range(300))) if name]
    assert await kept(database, [f"crowd-{n}" for n in range(300)]) == told
