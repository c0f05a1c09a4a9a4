"""Hints to a technician's browser: only of what is his, or his company's when he speaks for it (T33)."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from bastion.services.portal import Guest, Owner
from web.live import EVERYTHING, stream
from web.portal.security import guest_still_in
from web.portal.visit import Come
from web.security import services_of
from web.together import Together

router = APIRouter()


@router.get("/live", response_class=EventSourceResponse)
async def live(request: Request, _visit: Come) -> AsyncIterator[ServerSentEvent]:
    """Stream topics until the browser leaves, the door closes, or the session ends; then say `gone`."""
    async for topic in topics(request):
        yield ServerSentEvent(raw_data=topic, event="hint")


def topics(request: Request) -> AsyncIterator[str]:
    """Whose a row is, is found out once for all who listen; only whom it may concern is judged anew then."""
    mine: Guest = request.state.guest
    portal = services_of(request).portal
    owners: Together[tuple[str, str], Owner] = request.app.state.owners

    async def hears(topic: str, key: str) -> bool | None:
        owner: Owner | None = None
        if topic != EVERYTHING:
            owner = await owners.of((topic, key))
            if owner is None or not owner.near(mine.actor):
                return False
        guest = await guest_still_in(request)
        if guest is None:
            return None
        return owner is None or portal.concerns(guest, owner)

    return stream(request, hears)
