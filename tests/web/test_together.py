"""What many ask at the same moment is put once, and never answered with what was known before they asked."""

import asyncio

from web.together import Together


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
