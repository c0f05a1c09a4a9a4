"""Looks who of the hospital follows the sessions of this node, a few times a second, and lets them go on or holds them.

What cannot be read in time counts as nobody: the technician is held, the device keeps its connection.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import structlog

from bastion.domain.session_events import WatchersChanged
from bastion.domain.watch import SILENCE, Presence, Watch
from bastion.errors import Unavailable
from bastion.proxy.live_session import LiveSession
from bastion.services.watching import Watching

PATIENCE: Final = SILENCE / 3
"""Seconds for a look into the records: what was known stays true for a moment, and then no longer."""
_log = structlog.get_logger(__name__)
Spawn = Callable[[Coroutine[Any, Any, None], str], "asyncio.Task[Any]"]


class Followers:
    def __init__(self, watching: Watching, spawn: Spawn) -> None:
        self._watching = watching
        self._spawn = spawn
        self._presence = Presence()
        self._watches: list[Watch] = []
        self._telling: asyncio.Task[Any] | None = None

    async def look(self, lives: Sequence[LiveSession]) -> None:
        """Read the signs of life for these sessions, each of which somebody must follow, and act on them."""
        try:
            async with asyncio.timeout(PATIENCE):
                self._watches = await self._watching.standing({live.grant.id for live in lives})
        except (Unavailable, TimeoutError) as trouble:
            _log.warning("who follows cannot be read", why=type(trouble).__name__)
        now = time.monotonic()
        self._presence.look(self._watches, now)
        there = [watch for watch in self._watches if self._presence.there(watch.id, now)]
        for live in lives:
            names = dict.fromkeys(watch.staff_name for watch in there if watch.grant_id == live.grant.id)
            if live.live:
                live.feed(WatchersChanged(tuple(names)))
        self._tell(now)

    def _tell(self, now: float) -> None:
        """Keep what was seen, for the pages; one writing at a time, and looking does not wait for it."""
        if self._telling is not None and not self._telling.done():
            return
        seen = {watch.id: self._presence.there(watch.id, now) for watch in self._watches}
        changed = {watch.id: seen[watch.id] for watch in self._watches if watch.present != seen[watch.id]}
        lapsed = [watch for watch in self._watches if self._presence.lapsed(watch.id, now)]
        if changed or lapsed:
            self._telling = self._spawn(self._keep(changed, lapsed), "who follows")

    async def _keep(self, changed: dict[str, bool], lapsed: list[Watch]) -> None:
        try:
            await self._watching.judged(changed, lapsed)
        except Unavailable:
            _log.warning("who follows cannot be kept", watches=len(changed))
