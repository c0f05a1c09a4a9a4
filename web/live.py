"""Hints to the browser: a topic, never a state. The fragment that cares reads itself again, under its own guard."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from web.console import Seen
from web.security import services_of, source_of, token_of

RECHECK: Final = 4.0
"""Seconds after which a stream asks anew whether its reader is still signed in (T25, T31)."""

RESYNC: Final = "resync"
"""What the bus says first, and after each gap: read everything again."""

router = APIRouter()


@router.get("/live", response_class=EventSourceResponse)
async def live(request: Request, _seen: Seen) -> AsyncIterator[ServerSentEvent]:
    """Stream topics until the browser leaves, the console stops, or the session ends; then say `gone`."""
    async for topic in topics(request):
        yield ServerSentEvent(raw_data=topic, event="hint")


async def topics(request: Request) -> AsyncIterator[str]:
    """Yield topics as they come. The first is `resync`: the page may be older than the stream."""
    hints = services_of(request).hints()
    closing = asyncio.create_task(request.app.state.closing.wait())
    coming = asyncio.create_task(_next_topic(hints))
    try:
        while True:
            await asyncio.wait({coming, closing}, timeout=RECHECK, return_when=asyncio.FIRST_COMPLETED)
            if closing.done():
                return
            if not await _still_in(request):
                yield "gone"
                return
            if coming.done():
                yield coming.result()
                coming = asyncio.create_task(_next_topic(hints))
    finally:
        coming.cancel()
        closing.cancel()
        await asyncio.gather(coming, closing, return_exceptions=True)


async def _next_topic(hints: AsyncIterator[Any]) -> str:
    topic: str = (await anext(hints)).topic
    return RESYNC if topic == "*" else topic


async def _still_in(request: Request) -> bool:
    actor = await services_of(request).authentication.actor_of_session(token_of(request), source_of(request))
    return actor is not None
