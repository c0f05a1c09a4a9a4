"""What a technician's browser hears: his own, at once, and nothing else (T31, T33)."""

import asyncio
from types import SimpleNamespace

import pytest

from bastion.domain.lock import LockScope
from tests.services.house import OPERATOR
from tests.web.visitor import seated
from web.audience import Audience
from web.live import Word
from web.portal import live
from web.together import Together


@pytest.fixture
def stream(house):
    """Makes a stream of topics for one person."""
    made = []

    async def of(person):
        cookie, token = await seated(house, person, fresh=True)
        owners = Together(house.services.portal.owners)
        state = SimpleNamespace(services=house.services, closing=asyncio.Event(), owners=owners, audience=Audience())
        request = SimpleNamespace(
            app=SimpleNamespace(state=state), cookies={cookie: token}, client=SimpleNamespace(host="127.0.0.1"),
            state=SimpleNamespace(guest=await house.services.portal.guest(token, "127.0.0.1")),
        )  # fmt: skip
        topics = live.words(request)
        made.append((topics, state.closing))
        assert await anext(topics) == Word("resync")
        return topics

    return of


async def heard(topics, patience: float = 5.0) -> str:
    return (await word(topics, patience)).topic


async def word(topics, patience: float = 5.0) -> Word:
    return await asyncio.wait_for(anext(topics), patience)


async def test_he_hears_of_his_own_request_within_half_a_second(house, stream):
    topics = await stream(house.alice)
    coming = asyncio.ensure_future(heard(topics, 0.5))
    await asyncio.sleep(0)
    await house.asked()
    assert await coming == "request"
    await topics.aclose()


async def test_he_hears_what_became_of_it(house, stream):
    topics = await stream(house.alice)
    request = await house.asked()
    assert await word(topics) == Word("request", request.id, "pending")
    await house.services.approvals.deny(house.staff(house.eve), request.id, request.version, "not today, patient")
    assert await word(topics) == Word("request", request.id, "denied")
    await topics.aclose()


async def test_T33_he_hears_nothing_of_another_companys(house, stream, carl):
    mine, theirs, colleagues = await stream(house.alice), await stream(house.bob), await stream(carl)
    await house.asked()
    assert await heard(mine) == "request"
    for topics in (theirs, colleagues):
        with pytest.raises(TimeoutError):
            await heard(topics, 0.4)
    await mine.aclose()


async def test_a_correspondent_hears_of_his_companys(house, stream, carl):
    topics = await stream(house.alice)
    await house.services.access.request(house.technician(carl), house.draft())
    assert await heard(topics) == "request"
    await topics.aclose()


async def test_T25_a_cut_closes_the_stream(house, stream):
    topics = await stream(house.alice)
    await house.services.locks.impose(OPERATOR, LockScope.TECHNICIAN, "alice", "telephone stolen")
    assert await heard(topics) == "gone"
    with pytest.raises(StopAsyncIteration):
        await heard(topics)
