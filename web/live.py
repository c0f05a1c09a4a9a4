"""Hints to the browser: a topic, never a state. The fragment that cares reads itself again, under its own guard."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from web.console import Seen
from web.security import services_of, source_of, token_of

R = TypeVar("R")
RECHECK: Final = 4.0
"""Seconds after which a stream asks anew whether its reader is still signed in (T25, T31)."""

RESYNC: Final = "resync"
"""What the bus says first, and after each gap: read everything again."""
EVERYTHING: Final = "*"

router = APIRouter()


@router.get("/live", response_class=EventSourceResponse)
async def live(request: Request, _seen: Seen) -> AsyncIterator[ServerSentEvent]:
    """Stream topics until the browser leaves, the console stops, or the session ends; then say `gone`."""
    async for topic in topics(request):
        yield ServerSentEvent(raw_data=topic, event="hint")


async def stream(
    request: Request,
    reader_of: Callable[[Request], Awaitable[R | None]],
    concerns: Callable[[Request, R, str, str], Awaitable[bool]],
) -> AsyncIterator[str]:
    """Yield topics as they come. The first is `resync`: the page may be older than the stream.

    `reader_of` says who reads, asked anew each time, or `None` once nobody does; `concerns` whether he may hear that
    this row (topic, key) changed.
    """
    hints = services_of(request).hints()
    closing = asyncio.create_task(request.app.state.closing.wait())
    coming = asyncio.ensure_future(anext(hints))
    try:
        while True:
            await asyncio.wait({coming, closing}, timeout=RECHECK, return_when=asyncio.FIRST_COMPLETED)
            if closing.done():
                return
            reader = await reader_of(request)
            if reader is None:
                yield "gone"
                return
            if coming.done():
                hint = coming.result()
                coming = asyncio.ensure_future(anext(hints))
                if hint.topic == EVERYTHING:
                    yield RESYNC
                elif await concerns(request, reader, hint.topic, hint.key):
                    yield hint.topic
    finally:
        coming.cancel()
        closing.cancel()
        await asyncio.gather(coming, closing, return_exceptions=True)


def topics(request: Request) -> AsyncIterator[str]:
    return stream(request, _still_in, _concerns_all)


async def _still_in(request: Request) -> object | None:
    return await services_of(request).authentication.actor_of_session(token_of(request), source_of(request))


async def _concerns_all(_request: Request, _reader: object, _topic: str, _key: str) -> bool:
    """A hint is a topic only: what of it one may see, the fragment's own guard says."""
    return True
