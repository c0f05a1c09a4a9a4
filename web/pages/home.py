"""The first page: what waits for a decision, and who is at work now."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from bastion.services.views import RequestView
from web import window_words
from web.console import Console, Seen
from web.labels import N_
from web.render import page

router = APIRouter()


@router.get("/")
async def home(seen: Seen) -> Response:
    return seen.page("home.html", N_("Now"), **await _board(seen))


@router.get("/board")
async def board(seen: Seen) -> Response:
    """Return the part of the first page that changes by itself."""
    return page(seen.request, "parts/board.html", **await _board(seen))


@router.get("/count")
async def count(seen: Seen) -> Response:
    """Return how many requests this person can decide on, as plain digits."""
    waiting = await seen.services.access.pending(seen.actor)
    return PlainTextResponse(str(sum(view.can_decide for view in waiting)))


async def _board(seen: Console) -> dict[str, Any]:
    waiting = await seen.services.access.pending(seen.actor)
    return {
        "waiting": sorted(waiting, key=_urgency),
        "live": await seen.services.supervision.live(seen.actor),
        "windows": await seen.services.maintenance.to_agree(seen.actor),
        "window_words": window_words,
        "reviews": await seen.services.emergencies.to_review(seen.actor),
        "ending": await seen.services.derogations.ending(seen.actor),
    }


def _urgency(view: RequestView) -> tuple[bool, bool, datetime]:
    """One's own to decide first; within that emergencies, then what becomes void soonest."""
    return (not view.can_decide, view.emergency is None, view.request.expires_at)
