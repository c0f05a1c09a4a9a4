"""What the browser is told: topics, what became of a request, and nothing once the reader may not read (T25, T31)."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from bastion.domain.parties import Role, assigned
from bastion.services.standins import DelegationForm
from bastion.store.bus import RESYNC, Hint
from tests.services.test_rota import wall
from tests.web.visitor import Visitor
from web import live
from web.live import Word
from web.security import COOKIE


class Reader:
    """Stands for the request of an open stream."""

    def __init__(self, app, cookie: str) -> None:
        self.app = app
        self.cookies = {COOKIE: cookie}
        self.client = SimpleNamespace(host="127.0.0.1")


@pytest.fixture
async def browser(visitor, people) -> Visitor:
    return await visitor().enter(people["approver"])


@pytest.fixture
def reader(app, browser) -> Reader:
    return Reader(app, browser.client.cookies[COOKIE])


async def test_the_first_word_is_to_read_everything_again(reader):
    stream = live.words(reader)
    assert await anext(stream) == Word("resync")
    await stream.aclose()


async def test_of_a_request_one_may_see_the_stream_says_which_and_how_it_stands(reader, house):
    stream = live.words(reader)
    await anext(stream)
    coming = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    request = await house.asked()
    word = await asyncio.wait_for(coming, 30)
    assert list(word.lines()) == [f"state {request.id} pending", "request"]
    await house.services.approvals.deny(house.staff(house.eve), request.id, request.version, "not today, patient")
    word = await asyncio.wait_for(anext(stream), 30)
    assert list(word.lines()) == [f"state {request.id} denied", "request"]
    await stream.aclose()


async def test_many_pages_cost_one_question(reader, house, monkeypatch):
    """With one for each of 200 pages the last of them heard of a decision half a second late."""
    asked, seated = [], reader.app.state.seated._ask

    async def count(browsers):
        asked.append(browsers)
        return await seated(browsers)

    monkeypatch.setattr(reader.app.state.seated, "_ask", count)
    streams = [live.words(reader) for _ in range(50)]
    for stream in streams:
        await anext(stream)
    asked.clear()
    coming = [asyncio.ensure_future(anext(stream)) for stream in streams]
    await asyncio.sleep(0)
    await house.asked()
    words = await asyncio.wait_for(asyncio.gather(*coming), 30)
    assert {(word.topic, word.state) for word in words} == {("request", "pending")}
    assert len({word.wait for word in words}) == 1, "the pages of one person read together"
    assert reader.app.state.audience.seeing() == 50
    assert len(asked) == 1
    for stream in streams:
        await stream.aclose()


@pytest.fixture
async def elsewhere(app, visitor, people) -> Reader:
    """Somebody of another hospital reads."""
    browser = await visitor().enter(people["approver of another hospital"])
    return Reader(app, browser.client.cookies[COOKIE])


async def hint(house, topic: str, key: str) -> None:
    async with house.database.write() as uow:
        uow.hint(topic, key)


async def test_what_happens_in_a_hospital_is_heard_by_those_who_see_it(reader, elsewhere, house):
    """Two hundred pages of twelve hospitals do not all read themselves again for each request of one."""
    session = await house.opened()
    here, there = live.words(reader), live.words(elsewhere)
    for stream in (here, there):
        await anext(stream)
    heard = asyncio.gather(_until(here, "lock"), _until(there, "lock"))
    await asyncio.sleep(0)
    record = session.record
    rows = {"request": record.request_id, "grant": record.grant_id, "session": record.id}
    for topic, key in rows.items():
        await hint(house, topic, key)
    await hint(house, "session", "watched")  # what is no row's is everybody's
    await hint(house, "lock", "any")
    told, told_elsewhere = await asyncio.wait_for(heard, 5)
    assert [word.topic for word in told] == [*rows, "session", "lock"]
    assert [word.key for word in told] == [*rows.values(), "", ""]
    assert [word.state for word in told] == ["approved", "", "", "", ""]
    assert told_elsewhere == [Word("session"), Word("lock")], "no key and no state of what he may not see"
    for stream in (here, there):
        await stream.aclose()


async def test_who_stands_in_for_somebody_hears_of_his_hospital_too(elsewhere, people, house):
    stream = live.words(elsewhere)
    await anext(stream)
    form = DelegationForm(people["approver of another hospital"].login, wall(hours=-1), wall(days=7), "leave", "chu")
    await house.services.standins.delegate(house.staff(house.eve), form)
    heard = asyncio.ensure_future(_until(stream, "lock"))
    await asyncio.sleep(0)
    await house.asked()
    await hint(house, "lock", "any")
    words = {word.topic: word for word in await asyncio.wait_for(heard, 5)}
    assert words["request"].state == "pending"
    await stream.aclose()


async def test_who_may_no_longer_see_a_hospital_is_told_nothing_of_it(reader, people, house):
    """What a review of rights has taken away counts at the next hint, on a stream that is open already."""
    stream = live.words(reader)
    await anext(stream)
    async with house.database.write() as uow:
        await uow.staff.save(replace(people["approver"], assignments=assigned({Role.APPROVER}, {"elsewhere"})))
    heard = asyncio.ensure_future(_until(stream, "lock"))
    await asyncio.sleep(0)
    await house.asked()
    await hint(house, "lock", "any")
    assert await asyncio.wait_for(heard, 5) == [Word("lock")]
    await stream.aclose()


async def _until(stream, last: str) -> list[Word]:
    """Every word up to the one on this topic."""
    words: list[Word] = []
    while not words or words[-1].topic != last:
        words.append(await anext(stream))
    return words


async def test_T25_a_stream_ends_when_its_reader_has_signed_out(reader, browser, monkeypatch):
    monkeypatch.setattr(live, "RECHECK", 0.05)
    stream = live.words(reader)
    await anext(stream)
    await browser.send("/sign-out")
    assert await asyncio.wait_for(anext(stream), 30) == Word("gone")
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_T31_nothing_more_is_told_once_the_reader_is_out(reader, browser, house):
    stream = live.words(reader)
    await anext(stream)
    await browser.send("/sign-out")
    coming = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await house.asked()
    assert await asyncio.wait_for(coming, 30) == Word("gone")


async def test_a_stream_ends_by_itself_when_the_console_stops(reader, app):
    stream = live.words(reader)
    await anext(stream)
    coming = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    app.state.closing.set()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(coming, 30)


async def test_a_closed_stream_leaves_no_listener_behind(reader, house):
    before = len(asyncio.all_tasks())
    stream = live.words(reader)
    await anext(stream)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await stream.aclose()
    assert reader.app.state.audience.seeing() == 0
    assert len(asyncio.all_tasks()) <= before + 1  # the bus may keep its own watcher
    assert Hint("*", "") == RESYNC
