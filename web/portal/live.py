"""Hints to a technician's browser: only of what is his, or his company's when he speaks for it (T33)."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from bastion.services.portal import Guest, Owner
from web.audience import Audience
from web.live import EVERYTHING, NOTHING, RESYNC, Word, events, stream
from web.portal.security import guest_still_in
from web.portal.visit import Come
from web.security import services_of
from web.together import Together

NOWHERE: Final[frozenset[str]] = frozenset()
"""A technician's page is of no hospital; it counts when everybody reads."""

router = APIRouter()


@router.get("/live", response_class=EventSourceResponse)
async def live(request: Request, _visit: Come) -> AsyncIterator[ServerSentEvent]:
    """Stream hints until the browser leaves, the door closes, or the session ends; then say `gone`."""
    async with aclosing(events(words(request))) as told:
        async for event in told:
            yield event


async def words(request: Request) -> AsyncGenerator[Word]:
    """Whose a row is, is found out once for all who listen; only whom it may concern is judged anew then."""
    mine: Guest = request.state.guest
    portal = services_of(request).portal
    owners: Together[tuple[str, str], Owner] = request.app.state.owners
    audience: Audience = request.app.state.audience

    async def hears(topic: str, key: str) -> Word | None:
        owner: Owner | None = None
        if topic != EVERYTHING:
            owner = await owners.of((topic, key))
            if owner is None or not owner.near(mine.actor):
                return NOTHING
        guest = await guest_still_in(request)
        if guest is None:
            return None
        if owner is None:
            return Word(RESYNC, wait=audience.wait(mine.actor.id, key))
        return Word(topic, key, owner.state) if portal.concerns(guest, owner) else NOTHING

    audience.change(None, NOWHERE)
    try:
        async with aclosing(stream(request, hears)) as heard:
            async for word in heard:
                yield word
    finally:
        audience.change(NOWHERE, None)
