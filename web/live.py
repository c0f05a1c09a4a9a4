"""Hints to the browser: what changed, and of a request what became of it. All else it reads again, under its guard."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from bastion.domain.parties import Actor
from bastion.services.portal import Owner
from web.audience import Audience
from web.console import Seen
from web.security import services_of, source_of, token_of
from web.together import Together

RECHECK: Final = 4.0
"""Seconds after which a stream asks anew whether its reader is still signed in (T25, T31)."""

RESYNC: Final = "resync"
"""What the bus says first, and after each gap: read everything again."""
GONE: Final = "gone"
EVERYTHING: Final = "*"
OF_A_HOSPITAL: Final = frozenset({"request", "grant", "session"})
"""Topics whose rows are of one hospital each; where there is no such row, everybody hears."""
OF_EVERY_PAGE: Final = OF_A_HOSPITAL | {"lock", EVERYTHING}
"""Topics for which nearly every open page reads itself again."""

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Word:
    """What a page is told: `topic` changed, read it again after `wait` milliseconds.

    `key` names the row only to a reader who may see it: the page about that very row does not wait. `state` is how
    that request stands now; it is shown at once.
    """

    topic: str
    key: str = ""
    state: str = ""
    wait: int = 0

    def lines(self) -> Iterator[str]:
        if self.state:
            yield f"state {self.key} {self.state}"
        yield f"{self.topic} {self.wait} {self.key}".strip() if self.wait else self.topic


Hears = Callable[[str, str], Awaitable[Word | None]]
"""What the reader may be told of this row (topic, key): without a topic nothing; `None` once nobody reads any more."""
NOTHING: Final = Word("")


@router.get("/live", response_class=EventSourceResponse)
async def live(request: Request, _seen: Seen) -> AsyncIterator[ServerSentEvent]:
    """Stream hints until the browser leaves, the console stops, or the session ends; then say `gone`."""
    async with aclosing(events(words(request))) as told:
        async for event in told:
            yield event


async def events(words: AsyncGenerator[Word]) -> AsyncGenerator[ServerSentEvent]:
    """Each line of each word as an event."""
    async with aclosing(words):
        async for word in words:
            for line in word.lines():
                yield ServerSentEvent(raw_data=line, event="hint")


async def stream(request: Request, hears: Hears) -> AsyncGenerator[Word]:
    """Yield words as they come. The first is `resync`: the page may be older than the stream.

    `hears` is asked at each hint, and every few seconds for `EVERYTHING`, so that a stream does not outlive its reader.
    """
    hints = services_of(request).hints()
    closing = asyncio.create_task(request.app.state.closing.wait())
    coming = asyncio.ensure_future(anext(hints))
    try:
        while True:
            await asyncio.wait({coming, closing}, timeout=RECHECK, return_when=asyncio.FIRST_COMPLETED)
            if closing.done():
                return
            topic, key = EVERYTHING, ""
            if hinted := coming.done():
                topic, key = coming.result().topic, coming.result().key
                coming = asyncio.ensure_future(anext(hints))
            word = await hears(topic, key)
            if word is None:
                yield Word(GONE)
                return
            if hinted and word.topic:
                yield word
    finally:
        coming.cancel()
        closing.cancel()
        await asyncio.gather(coming, closing, return_exceptions=True)


async def words(request: Request) -> AsyncGenerator[Word]:
    """What happens in a hospital is heard by those who see that hospital, so that two hundred open pages of twelve
    hospitals do not all read themselves again for each request, authorisation and session of one.
    """
    browser = token_of(request), source_of(request)
    seated: Together[tuple[str, str], Actor] = request.app.state.seated
    owners: Together[tuple[str, str], Owner] = request.app.state.owners
    audience: Audience = request.app.state.audience
    places: frozenset[str] = frozenset()

    async def hears(topic: str, key: str) -> Word | None:
        nonlocal places
        actor = await seated.of(browser)
        if actor is None:
            return None
        before, places = places, actor.places()
        audience.change(before, places)
        owner = await owners.of((topic, key)) if topic in OF_A_HOSPITAL else None
        if owner is None:
            wait = audience.wait(actor.id, key) if topic in OF_EVERY_PAGE else 0
            return Word(RESYNC if topic == EVERYTHING else topic, wait=wait)
        if not actor.covers(owner.facility_id):
            return NOTHING
        return Word(topic, key, owner.state, audience.wait(actor.id, key, owner.facility_id))

    audience.change(None, places)
    try:
        async with aclosing(stream(request, hears)) as heard:
            async for word in heard:
                yield word
    finally:
        audience.change(places, None)
