"""The first page: what waits for a decision, and who is at work now."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from fastapi import APIRouter
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from bastion import clock
from bastion.domain.device import ChannelKind
from bastion.i18n import N_
from bastion.services.views import RequestView, SessionView
from web import first_day, window_words
from web.console import Console, Seen
from web.render import page
from web.together import Turns

T = TypeVar("T")
router = APIRouter()
CLOSE: Final = timedelta(minutes=30)
"""What becomes void so close together is as urgent; then the device counts."""
TOLD_APART: Final = 20
"""Sessions of which it is looked up what is open in them."""


@dataclass(frozen=True, slots=True)
class Twin:
    """The `number`th to begin of `count` sessions of one person on one device, and what is open in it."""

    number: int
    count: int
    opened: tuple[ChannelKind, ...]


@router.get("/")
async def home(seen: Seen) -> Response:
    return seen.page("home.html", N_("Now"), **await _board(seen), **await _beside(seen))


@router.get("/board")
async def board(seen: Seen) -> Response:
    """Return the part of the first page that changes by itself."""

    async def made() -> bytes:
        return bytes(page(seen.request, "parts/board.html", **await _board(seen)).body)

    return HTMLResponse(await _in_turn(seen, made))


@router.get("/count")
async def count(seen: Seen) -> Response:
    """Return how many requests this person can decide on, as plain digits."""
    return PlainTextResponse(str(await _in_turn(seen, partial(seen.services.asked.to_decide, seen.actor))))


async def _in_turn(seen: Console, work: Callable[[], Awaitable[T]]) -> T:
    """What every open page asks for after each decision; once for all pages of one person.

    It depends on who asks, in which language he reads too, not on when he last gave a code.
    """
    turns: Turns = seen.request.app.state.turns
    return await turns.of((seen.request.url.path, replace(seen.actor, factor_at=None)), work)


async def _board(seen: Console) -> dict[str, Any]:
    """What changes by itself."""
    waiting = await seen.services.asked.pending(seen.actor)
    live = await seen.services.supervision.live(seen.actor)
    return {
        "waiting": sorted(waiting, key=partial(_urgency, clock.now())), "live": live, "twins": await _twins(seen, live),
    }  # fmt: skip


async def _twins(seen: Console, live: Sequence[SessionView]) -> dict[str, Twin]:
    """What tells sessions of one person on one device apart, by their ids; nothing of those that are alone."""
    alike: dict[tuple[str, str], list[SessionView]] = {}
    for view in sorted(live, key=lambda view: view.record.started_at):
        alike.setdefault((view.technician.id, view.device.id), []).append(view)
    several = [view for views in alike.values() if len(views) > 1 for view in views][:TOLD_APART]
    numbered = {view.record.id: (n, len(views)) for views in alike.values() for n, view in enumerate(views, 1)}
    return {view.record.id: Twin(*numbered[view.record.id], await _opened(seen, view.record.id)) for view in several}


async def _opened(seen: Console, session_id: str) -> tuple[ChannelKind, ...]:
    """The kinds of channels that are open in it; none where this person may not follow it."""
    doings = await seen.services.doing.shown_to(seen.actor, session_id)
    return tuple(dict.fromkeys(one.kind for one in doings.channels if one.open)) if doings else ()


async def _beside(seen: Console) -> dict[str, Any]:
    """What stands above it when the page is opened."""
    return {
        "windows": await seen.services.maintenance.to_agree(seen.actor),
        "window_words": window_words,
        "reviews": await seen.services.emergencies.to_review(seen.actor),
        "rights": await seen.services.reviews.to_decide(seen.actor),
        "unbegun": await seen.services.reviews.unbegun(seen.actor),
        "to_sign": await seen.services.reviews.to_sign(seen.actor),
        "to_declare": await seen.services.directory.to_declare(seen.actor),
        "first_day": await first_day.steps(seen),
        "refused": await seen.services.inventory.refused(seen.actor),
        "ending": await seen.services.derogations.ending(seen.actor),
    }


def _urgency(now: datetime, view: RequestView) -> tuple[bool, bool, int, int, datetime]:
    """One's own to decide first; of these emergencies, then by the half hours left, then the most critical device."""
    left = view.request.expires_at
    return (not view.can_decide, view.emergency is None, (left - now) // CLOSE, -view.device.criticality, left)
