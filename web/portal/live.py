"""Hints to a technician's browser: only of what is his, or his company's when he speaks for it (T33)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from bastion.services.portal import Guest
from web.live import RECHECK, RESYNC
from web.portal.security import guest_still_in
from web.portal.visit import Come
from web.security import services_of

router = APIRouter()
EVERYTHING: Final = "*"


@router.get("/live", response_class=EventSourceResponse)
async def live(request: Request, _visit: Come) -> AsyncIterator[ServerSentEvent]:
    """Stream topics until the browser leaves, the door closes, or the session ends; then say `gone`."""
    async for topic in topics(request):
        yield ServerSentEvent(raw_data=topic, event="hint")


async def topics(request: Request) -> AsyncIterator[str]:
    """Yield the topics of what concerns the reader. The first is `resync`: the page may be older than the stream."""
    hints = services_of(request).hints()
    closing = asyncio.create_task(request.app.state.closing.wait())
    coming = asyncio.ensure_future(anext(hints))
    try:
        while True:
            await asyncio.wait({coming, closing}, timeout=RECHECK, return_when=asyncio.FIRST_COMPLETED)
            if closing.done():
                return
            guest = await guest_still_in(request)
            if guest is None:
                yield "gone"
                return
            if coming.done():
                hint = coming.result()
                coming = asyncio.ensure_future(anext(hints))
                topic = await _heard(request, guest, hint)
                if topic:
                    yield topic
    finally:
        coming.cancel()
        closing.cancel()
        await asyncio.gather(coming, closing, return_exceptions=True)


async def _heard(request: Request, guest: Guest, hint: Any) -> str:
    if hint.topic == EVERYTHING:
        return RESYNC
    topic: str = hint.topic
    return topic if await services_of(request).portal.concerns(guest, topic, hint.key) else ""
