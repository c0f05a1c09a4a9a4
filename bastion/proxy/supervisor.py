"""Every live session of this node, and what may stop one from outside: locks, wishes, the clock, the disk, the records.

A hint says that something changed; the rows say what. Hints may be lost, so the rows are read every two seconds anyway,
and when they cannot be read for longer than `lock_view_max_age` the sessions end: nobody could stop them any more.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog

from bastion import clock
from bastion.domain.derogation import still_stand
from bastion.domain.grant import GIVEN_BACK, Grant
from bastion.domain.lock import Lock, Subject, first_hit
from bastion.domain.own_words import DEROGATION_OVER, NOT_WELCOME, UNKNOWN_SESSION
from bastion.domain.session_effects import Audit
from bastion.domain.session_events import BoxChanged, EndReason, Frozen, Killed, RecordingFailed, Thawed
from bastion.domain.session_record import SessionRecord
from bastion.domain.watch import LOOK
from bastion.errors import RecordingUnavailable, Unavailable
from bastion.proxy.followers import Followers
from bastion.proxy.journal import Journal
from bastion.proxy.live_session import LiveSession
from bastion.proxy.notes import Notes
from bastion.proxy.notices import Words
from bastion.proxy.pulse import Pulse
from bastion.services.bundle import Services
from bastion.services.sessions import Ending
from bastion.services.views import Opened, Wish
from recordings.model import RecordingError, Seal
from recordings.recorder import MIN_FREE, Recorder

READ_EVERY: Final = 2.0
A_BREATH: Final = 0.05
"""Seconds between two readings: when many sessions begin or end at once, each is a hint to read the rows of all."""
BEAT: Final = 1.0
RETRY: Final = 2.0
AT_ONCE: Final = 2
"""Recordings sealed at the same time: when everything is cut, the threads are needed for other things as well."""
ENDS_AT_ONCE: Final = 1
"""Writes about ended sessions that queue for the records at the same time: nobody waits for them, while whoever cuts,
lifts or opens does. When 300 sessions were cut on SQLite, another write waited 3 s; one after the other, 0.1 s."""
_READ_ON: Final = frozenset({"*", "lock", "grant", "derogation"})

T = TypeVar("T")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where recordings go: running ones below `spool`; `seal` takes an id and is run in a thread.

    With less than `min_free` bytes left there no session begins.
    """

    spool: Path
    seal: Callable[[str], Seal]
    min_free: int = MIN_FREE


class Supervisor:
    def __init__(
        self, services: Services, node: str, keeping: Keeping, lock_view_max_age: float,
        idle_limit: timedelta | None = None,
    ) -> None:  # fmt: skip
        self.services = services
        self.node = node
        self.news = Pulse()
        """Beats whenever a row may have changed that somebody in a lobby waits for."""
        self.at_stop: list[Callable[[], None]] = []
        """Called last of all when the node stops: the edge drops the connections that are left."""
        self._keeping = keeping
        self._max_age = lock_view_max_age
        self._idle_limit = idle_limit
        self._lives: dict[str, LiveSession] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loops: tuple[asyncio.Task[None], ...] = ()
        self._finishing: set[asyncio.Task[None]] = set()
        self._seals = asyncio.Semaphore(AT_ONCE)
        self._ends = asyncio.Semaphore(ENDS_AT_ONCE)
        self._dirty = asyncio.Event()
        self._notes = Notes(services.sessions.note_all, self.spawn)
        self._followers = Followers(services.watching, self.spawn)
        self._read_at = time.monotonic()

    @property
    def lives(self) -> tuple[LiveSession, ...]:
        return tuple(self._lives.values())

    # -- life ----------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Listen first, then read: nothing decided in between is missed."""
        loops = (self._listen, self._watch, self._follow, self._beat, self._sync)
        self._loops = tuple(asyncio.create_task(_forever(loop), name=f"supervisor {loop.__name__}") for loop in loops)

    async def stop(self, grace: float = 10.0) -> None:
        """End every session, seal what was recorded, keep the ends; give up after `grace` seconds."""
        for live in self.lives:
            live.feed(Killed(EndReason.SHUTDOWN))
        if self._finishing:
            await asyncio.wait(self._finishing, timeout=grace)
        for task in (*self._loops, *self._tasks):
            task.cancel()
        await asyncio.gather(*self._loops, *self._tasks, return_exceptions=True)  # each has logged its own trouble
        for drop in self.at_stop:
            drop()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run `work` as a task nobody awaits: its failure is logged."""
        return self.task(_logged(work, name), name)

    def task(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run `work` as a task that is kept until it is done, and ends with the supervisor; its result is awaited."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # seen: whoever awaits the task gets it, and what nobody awaits is logged by `spawn`

    # -- sessions ------------------------------------------------------------------------------------------------------
    async def begin(self, opened: Opened, language: str) -> LiveSession:
        """Start recording and carrying a session that the records know. Raises `RecordingUnavailable`."""
        record = opened.record
        try:
            meta = replace(opened.meta, language=language)
            recorder = Recorder.start(self._keeping.spool, meta, min_free=self._keeping.min_free)
        except RecordingError as error:
            await self._not_begun(opened, str(error))
            raise RecordingUnavailable(str(error)) from error
        journal = Journal(partial(self._note, record), self.spawn)
        words = Words(language, opened.facility.timezone)
        live = LiveSession(record, _limited(opened.grant, self._idle_limit), recorder, words, journal, self._finish)
        live.derogations = opened.derogations
        self._lives[record.id] = live
        return live

    async def _not_begun(self, opened: Opened, why: str) -> None:
        _log.error("a session could not be recorded", session=opened.record.id, why=why)
        await self.services.sessions.note(opened.record, [Audit("recording:failed", {"detail": why})])
        await self.services.sessions.closed(opened.record, Ending(EndReason.RECORDING_FAILED, why=why))

    async def _note(self, record: SessionRecord, facts: Sequence[Audit]) -> None:
        """Facts of a session that goes on are written at once, those of one that has ended in their turn."""
        if record.id in self._lives:
            await self._notes.write(record, facts)
        else:
            async with self._ends:
                await self.services.sessions.note(record, facts)

    async def _close(self, record: SessionRecord, ending: Ending) -> None:
        async with self._ends:
            await self.services.sessions.closed(record, ending)

    def _finish(self, live: LiveSession) -> None:
        self._lives.pop(live.id, None)
        task = self.spawn(self._keep_end(live), f"end of session {live.id}")
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    async def _keep_end(self, live: LiveSession) -> None:
        """Seal, then write the last facts, then the end with the digest: in this order, however long it takes."""
        reason, by, why = live.ended_by or (EndReason.CRASHED, "", "")
        seal = await self._sealed(live, reason)
        live.sealed(seal.digest if seal else "")
        await live.facts_written()
        ending = Ending(
            reason, by, why, digest=seal.digest if seal else "", bytes=seal.bytes if seal else 0,
            seconds=seal.seconds if seal else 0.0, findings=seal.findings if seal else (), reached=live.reached,
            acts=seal.acts if seal else (),
        )  # fmt: skip
        await _until_available(lambda: self._close(live.record, ending))

    async def _sealed(self, live: LiveSession, reason: EndReason) -> Seal | None:
        """What cannot be sealed is an alarm; the spool stays where it is for a person to look at."""
        try:
            await asyncio.to_thread(live.recorder.finish, clock.now().isoformat(), reason.value)
        except RecordingError as error:
            _log.error("the end of a recording is not noted", session=live.id, why=str(error))
        try:
            async with self._seals:
                return await asyncio.to_thread(self._keeping.seal, live.record.id)
        except RecordingError as error:
            _log.error("a recording is not sealed", session=live.id, why=str(error))
            live.note(Audit("recording:failed", {"detail": f"not sealed: {error}"}))
            return None

    # -- what is watched -----------------------------------------------------------------------------------------------
    async def _listen(self) -> None:
        """Take hints as they come."""
        async for topic, key in _hints(self.services):
            if topic in _READ_ON or (topic == "session" and key in self._lives):
                self._dirty.set()
            self.news.beat()

    async def _watch(self) -> None:
        """Read the rows now, then at each hint that concerns a session here, and every two seconds."""
        self._dirty.clear()
        if self._lives:
            await self._read()
            await asyncio.sleep(A_BREATH)
        else:
            self._read_at = time.monotonic()
        try:
            async with asyncio.timeout(READ_EVERY):
                await self._dirty.wait()
        except TimeoutError:
            self.news.beat()

    async def _read(self) -> None:
        """Read locks and wishes and act on them."""
        known = self.lives
        try:
            async with asyncio.timeout(self._max_age):
                locks = await self.services.locks.view()
                wishes = await self.services.sessions.wishes(self.node)
        except (Unavailable, TimeoutError) as trouble:
            _log.warning("locks and wishes cannot be read", why=type(trouble).__name__)
            await asyncio.sleep(READ_EVERY / 4)
            return
        self._read_at = time.monotonic()
        for live in known:
            obey(live, locks, wishes.get(live.id))

    async def _follow(self) -> None:
        """Look who follows the sessions that somebody must follow (R-34)."""
        lives = [live for live in self.lives if live.grant.watcher]
        if lives:
            await self._followers.look(lives)
        await asyncio.sleep(LOOK)

    async def _beat(self) -> None:
        """Each second: look at the clock for every session, and at the age of what we know."""
        for live in self.lives:
            live.tick()
        age = time.monotonic() - self._read_at
        if age > self._max_age:
            for live in self.lives:
                live.feed(Killed(EndReason.RECORDS_LOST, why=f"records unread for {age:.0f} s"))
        await asyncio.sleep(BEAT)

    async def _sync(self) -> None:
        """Each second: put what was recorded on the disk."""
        await asyncio.sleep(BEAT)
        lives = self.lives
        for live, trouble in await asyncio.to_thread(_sync_all, lives):
            if live.live:
                live.feed(RecordingFailed(str(trouble)))


def _limited(grant: Grant, idle_limit: timedelta | None) -> Grant:
    """Let nobody be silent for longer than the bastion's own limit, whatever a policy says (R-35)."""
    if idle_limit is None:
        return grant
    most = int(idle_limit.total_seconds())
    return replace(grant, idle_seconds=min(grant.idle_seconds or most, most))


def obey(live: LiveSession, locks: list[Lock], wish: Wish | None) -> None:
    """Do with one session what people have decided; the gravest first."""
    if not live.live:
        return
    end = _reason_to_end(live, locks, wish)
    if end is not None:
        live.withdrawn = wish is not None and wish.grant.revoked_at is not None
        live.feed(end)
        return
    if wish is None:
        return
    live.warn_of_papers(wish.lacks)
    live.more_asked(wish.more_time)
    if wish.grant.end != live.end:
        live.feed(BoxChanged(wish.grant.box))
    if wish.frozen_by and not live.frozen_by_hand:
        live.feed(Frozen(wish.frozen_by))
    elif live.frozen_by_hand and not wish.frozen_by:
        live.feed(Thawed(""))


def _reason_to_end(live: LiveSession, locks: list[Lock], wish: Wish | None) -> Killed | None:
    record = live.record
    lock = first_hit(locks, Subject(record.technician_id, record.supplier_id, record.device_id), live.now())
    if lock is not None:
        return Killed(EndReason.LOCKED, lock.imposed_by, lock.reason)
    if wish is None:
        return Killed(EndReason.RECORDS_LOST, why=UNKNOWN_SESSION)
    if wish.cut_by:
        return Killed(EndReason.CUT, wish.cut_by, wish.cut_why)
    if wish.grant.revoked_at is not None and wish.welcome:
        why = GIVEN_BACK if wish.grant.given_back else wish.grant.revoke_reason
        return Killed(EndReason.REVOKED, wish.grant.revoked_by, why)
    why = _why_over(live, wish)
    return Killed(EndReason.REVOKED, why=why) if why else None


def _why_over(live: LiveSession, wish: Wish) -> str:
    """What the grant stood on and is gone: the person, the contract, what is allowed on an old device (R-10, R-18)."""
    if not wish.welcome:
        return NOT_WELCOME
    stands = still_stand(live.derogations, wish.derogations, live.now())
    return "" if stands else DEROGATION_OVER


def _sync_all(lives: Sequence[LiveSession]) -> list[tuple[LiveSession, RecordingError]]:
    """Run in a thread. Return the sessions whose recording the disk did not take."""
    troubles = []
    for live in lives:
        try:
            live.recorder.sync()
        except RecordingError as error:
            troubles.append((live, error))
    return troubles


async def _hints(services: Services) -> AsyncIterator[tuple[str, str]]:
    async for hint in services.hints():
        yield hint.topic, hint.key


async def _forever(step: Callable[[], Awaitable[None]]) -> None:
    """Repeat `step` come what may: a fault in one turn is logged, and the next turn is due."""
    while True:
        try:
            await step()
        except Exception:  # noqa: BLE001 - logged; without its loops the supervisor could stop nothing
            _log.exception("a turn of the supervisor failed")
            await asyncio.sleep(BEAT)


async def _logged(work: Coroutine[Any, Any, None], name: str) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001 - logged; nobody awaits these tasks
        _log.exception("a task failed", task=name)


async def _until_available(write: Callable[[], Awaitable[None]]) -> None:
    """The end of a session must be kept, even if the records are away for a while."""
    while True:
        try:
            await write()
        except Unavailable:
            await asyncio.sleep(RETRY)
        else:
            return
