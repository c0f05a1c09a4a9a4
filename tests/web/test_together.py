"""What many ask at the same moment is put once, and never answered with what was known before they asked."""

import asyncio

from web.together import Together, Turns


class Registry:
    """Answers slowly, and remembers what it was asked."""

    def __init__(self) -> None:
        self.known, self.asked, self.open = {"a": 1, "b": 2}, [], asyncio.Event()
        self.open.set()

    async def ask(self, keys):
        self.asked.append(sorted(keys))
        found = {key: self.known[key] for key in keys if key in self.known}
        await self.open.wait()
        return found


async def test_one_question_for_all():
    registry = Registry()
    together = Together(registry.ask)
    assert await asyncio.gather(*(together.of(key) for key in "aabc")) == [1, 1, 2, None]
    assert registry.asked == [["a", "b", "c"]]


async def test_an_answer_is_never_older_than_its_question():
    registry = Registry()
    together = Together(registry.ask)
    registry.open.clear()
    early = asyncio.ensure_future(together.of("a"))
    await asyncio.sleep(0.01)
    registry.known["a"] = 9
    late = asyncio.ensure_future(together.of("a"))
    await asyncio.sleep(0.01)
    assert registry.asked == [["a"]]
    registry.open.set()
    assert [await early, await late] == [1, 9]
    assert registry.asked == [["a"], ["a"]]


async def test_who_leaves_takes_nobody_with_him():
    registry = Registry()
    together = Together(registry.ask)
    registry.open.clear()
    leaving, staying = asyncio.ensure_future(together.of("a")), asyncio.ensure_future(together.of("b"))
    await asyncio.sleep(0.01)
    leaving.cancel()
    registry.open.set()
    assert await staying == 2


async def test_a_failure_is_everybodys_and_the_next_question_is_put_anew():
    async def ask(keys):
        if "bad" in keys:
            raise ConnectionError("away")
        return dict.fromkeys(keys, "well")

    together = Together(ask)
    answers = await asyncio.gather(together.of("bad"), together.of("good"), return_exceptions=True)
    assert [type(one) for one in answers] == [ConnectionError, ConnectionError]
    assert await together.of("good") == "well"


class Work:
    """Counts what is begun and how much of it is under way."""

    def __init__(self) -> None:
        self.begun, self.under_way, self.most, self.state = 0, 0, 0, "old"
        self.open = asyncio.Event()

    async def __call__(self) -> str:
        self.begun, self.under_way = self.begun + 1, self.under_way + 1
        self.most = max(self.most, self.under_way)
        seen = self.state
        await self.open.wait()
        self.under_way -= 1
        return seen


async def _a_while() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_only_so_much_is_under_way_and_the_same_is_done_once():
    work, turns = Work(), Turns(2)
    asked = [asyncio.ensure_future(turns.of(key, work)) for key in [1, 2, 3, 3, 3, 4]]
    await _a_while()
    assert (work.begun, work.under_way) == (2, 2)
    work.open.set()
    assert await asyncio.gather(*asked) == ["old"] * 6
    assert (work.begun, work.most) == (4, 2)


async def test_what_is_under_way_answers_nobody_who_asks_later():
    work, turns = Work(), Turns(1)
    early = asyncio.ensure_future(turns.of("board", work))
    await _a_while()
    work.state = "new"
    late = [asyncio.ensure_future(turns.of("board", work)) for _ in range(3)]
    await _a_while()
    work.open.set()
    assert [await early, *await asyncio.gather(*late)] == ["old", "new", "new", "new"]
    assert work.begun == 2


async def test_a_turn_that_fails_fails_for_all_who_wait_and_gives_its_room_back():
    turns = Turns(1)

    async def fail() -> str:
        raise ConnectionError("away")

    async def well() -> str:
        return "well"

    asked = await asyncio.gather(*(turns.of("board", fail) for _ in range(3)), return_exceptions=True)
    assert [str(one) for one in asked] == ["away"] * 3
    assert await turns.of("board", well) == "well"


async def test_who_leaves_his_turn_takes_nobody_with_him():
    work, turns = Work(), Turns(1)
    leaving, staying = (asyncio.ensure_future(turns.of("board", work)) for _ in range(2))
    await _a_while()
    leaving.cancel()
    work.open.set()
    assert await staying == "old"
