"""Hints to the browser: a topic, never a state. The fragment that cares reads itself again, under its own guard."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from bastion.domain.parties import EVERYWHERE
from bastion.services.portal import Owner
from web.console import Seen
from web.security import services_of, token_of
from web.together import Together

Hears = Callable[[str, str], Awaitable[bool | None]]
"""Whether the reader may hear that this row (topic, key) changed; `None` once nobody reads any more."""
RECHECK: Final = 4.0
"""Seconds after which a stream asks anew whether its reader is still signed in (T25, T31)."""

RESYNC: Final = "resync"
"""What the bus says first, and after each gap: read everything again."""
EVERYTHING: Final = "*"
OF_A_HOSPITAL: Final = frozenset({"request", "grant", "session"})
"""Topics whose rows are of one hospital each; where there is no such row, everybody hears."""

router = APIRouter()


@router.get("/live", response_class=EventSourceResponse)
async def live(request: Request, _seen: Seen) -> AsyncIterator[ServerSentEvent]:
    """Stream topics until the browser leaves, the console stops, or the session ends; then say `gone`."""
    async for topic in topics(request):
        yield ServerSentEvent(raw_data=topic, event="hint")


async def stream(request: Request, hears: Hears) -> AsyncIterator[str]:
    """Yield topics as they come. The first is `resync`: the page may be older than the stream.

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
            heard = await hears(topic, key)
            if heard is None:
                yield "gone"
                return
            if hinted and heard:
                yield RESYNC if topic == EVERYTHING else topic
    finally:
        coming.cancel()
        closing.cancel()
        await asyncio.gather(coming, closing, return_exceptions=True)


def topics(request: Request) -> AsyncIterator[str]:
    """A hint is a topic only: what of it one may see, the fragment's own guard says.

    What happens in a hospital is heard by those who see that hospital, so that two hundred open pages of twelve
    hospitals do not all read themselves again for each request, authorisation and session of one.
    """
    token = token_of(request)
    signed_in: Together[str, frozenset[str]] = request.app.state.signed_in
    owners: Together[tuple[str, str], Owner] = request.app.state.owners

    async def hears(topic: str, key: str) -> bool | None:
        places = await signed_in.of(token)
        if places is None:
            return None
        if topic not in OF_A_HOSPITAL or EVERYWHERE in places:
            return True
        owner = await owners.of((topic, key))
        return owner is None or owner.facility_id in places

    return stream(request, hears)
