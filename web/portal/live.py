"""Hints to a technician's browser: only of what is his, or his company's when he speaks for it (T33)."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from bastion.services.portal import Guest
from web.live import stream
from web.portal.security import guest_still_in
from web.portal.visit import Come
from web.security import services_of

router = APIRouter()


@router.get("/live", response_class=EventSourceResponse)
async def live(request: Request, _visit: Come) -> AsyncIterator[ServerSentEvent]:
    """Stream topics until the browser leaves, the door closes, or the session ends; then say `gone`."""
    async for topic in topics(request):
        yield ServerSentEvent(raw_data=topic, event="hint")


def topics(request: Request) -> AsyncIterator[str]:
    return stream(request, guest_still_in, _concerns)


async def _concerns(request: Request, guest: Guest, topic: str, key: str) -> bool:
    return await services_of(request).portal.concerns(guest, topic, key)
