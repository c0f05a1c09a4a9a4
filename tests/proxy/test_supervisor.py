"""Every live session of a node, with records, recorders and a clock that the test moves."""

import asyncio
import gc
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from bastion import clock
from bastion.domain.session_effects import Audit
from bastion.domain.session_events import EndReason, Killed
from bastion.errors import RecordingUnavailable, Unavailable
from bastion.proxy import supervisor as module
from bastion.proxy.supervisor import Keeping, Supervisor
from recordings.model import RecordingError, Seal
from tests.pace import seconds_until
from tests.proxy.fakes import FakeClock, FakeRecorder, a_grant, a_lock, a_record, a_wish

SCREEN = SimpleNamespace(findings=("patient\tline 3", "patient\tline 9"), acts=())
"""A track on which somebody's name was seen."""


# -- the whole ---------------------------------------------------------------------------------------------------------
@dataclass
class Records:
    """Stands for the services: what the supervisor reads, and what it writes."""

    locks_: list = field(default_factory=list)
    wishes_: dict = field(default_factory=dict)
    noted: list = field(default_factory=list)
    ends: list = field(default_factory=list)
    away: bool = False

    def __post_init__(self) -> None:
        self.sessions = self.locks = self.watching = self
        self.news: asyncio.Queue = asyncio.Queue()

    async def view(self):
        if self.away:
            raise Unavailable("gone")
        return self.locks_

    async def wishes(self, node):
        if self.away:
            raise Unavailable("gone")
        return self.wishes_

    async def note(self, record, facts):
        if self.away:
            raise Unavailable("gone")
        self.noted += [f.tag for f in facts]

    async def note_all(self, noted):
        for record, facts in noted:
            await self.note(record, facts)

    async def closed(self, record, ending):
        if self.away:
            raise Unavailable("gone")
        self.ends.append((record.id, ending))

    async def hints(self):
        while True:
            yield await self.news.get()


@dataclass(frozen=True)
class Hint:
    topic: str
    key: str = ""


@dataclass
class Opened:
    record: object
    grant: object
    facility: object
    meta: object
    derogations: tuple = ()


@dataclass(frozen=True)
class Place:
    timezone: str = "Europe/Paris"


@dataclass(frozen=True)
class Meta:
    language: str = ""


@pytest.fixture
def recorders(monkeypatch):
    """Recorders that remember; `trouble` keeps the next from starting."""
    made = []

    def start(spool, meta, *, min_free):
        start.min_free = min_free
        if getattr(start, "trouble", None):
            raise start.trouble
        made.append(FakeRecorder())
        return made[-1]

    monkeypatch.setattr(module.Recorder, "start", start)
    start.made = made
    return start


@pytest.fixture
async def watched(tmp_path, monkeypatch, recorders):
    monkeypatch.setattr(module, "BEAT", 0.03)
    monkeypatch.setattr(module, "READ_EVERY", 0.2)
    monkeypatch.setattr(module, "RETRY", 0.02)
    records = Records()
    seals = Keeping(tmp_path, lambda ident: Seal(ident, "d1gest", 10, 1.5, (SCREEN,)))
    supervisor = Supervisor(records, "n1", seals, 60)
    supervisor.records = records
    supervisor.start()
    yield supervisor
    await supervisor.stop()


async def begin(supervisor, ident="x1", **changes):
    """A session that lasts an hour from now on."""
    now = clock.now()
    grant = a_grant(start=now, end=now + timedelta(hours=1), **changes)
    supervisor.records.wishes_[ident] = a_wish(grant, session_id=ident)
    return await supervisor.begin(Opened(a_record(ident), grant, Place(), Meta()), "en")


async def until(condition, seconds=30):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.mark.timed
async def test_a_hint_is_obeyed_at_once(watched):
    live = await begin(watched)
    watched.records.locks_ = [a_lock()]
    watched.records.news.put_nowait(Hint("lock", "l1"))
    assert await seconds_until(live.ended.is_set) < 0.15


async def test_a_lost_hint_is_made_up_for(watched):
    live = await begin(watched)
    watched.records.locks_ = [a_lock()]
    await until(live.ended.is_set)
    assert live.ended_by[0] is EndReason.LOCKED


async def test_R24_a_clock_set_forward_ends_the_session_within_a_beat(watched):
    live = await begin(watched)
    live._clock = FakeClock(clock.now() + timedelta(hours=2))
    await until(live.ended.is_set)
    assert live.ended_by[0] is EndReason.TIME_OVER


async def test_a_session_that_begins_while_the_rows_are_read_is_not_taken_for_a_lost_one(watched, monkeypatch):
    first, late = await begin(watched), []
    real = watched.records.wishes

    async def wishes(node):
        read = dict(await real(node))
        if not late:
            late.append(await begin(watched, "x2"))
        return read

    monkeypatch.setattr(watched.records, "wishes", wishes)
    watched.records.news.put_nowait(Hint("lock"))
    await until(lambda: late)
    watched.records.wishes_["x1"] = a_wish(cut_by="Eve", cut_why="x")
    watched.records.news.put_nowait(Hint("lock"))
    await until(first.ended.is_set)
    assert late[0].live


async def test_T36_no_session_begins_with_less_room_than_the_hospital_wants(watched, recorders):
    watched._keeping = replace(watched._keeping, min_free=12345)
    await begin(watched)
    assert recorders.min_free == 12345


@pytest.mark.parametrize(("granted", "limit", "seconds"), [(900, 60, 3600), (900, 10, 600), (0, 10, 600)])
async def test_R35_no_policy_allows_a_longer_silence_than_the_bastion(watched, granted, limit, seconds):
    watched._idle_limit = timedelta(minutes=limit)
    live = await begin(watched, idle_seconds=granted)
    assert live.grant.idle_seconds == min(granted or seconds, seconds)


async def test_the_lobbies_look_again_even_if_nothing_is_heard(watched):
    async with asyncio.timeout(30):
        await watched.news.wait(60)
        await watched.news.wait(60)


async def test_every_hint_wakes_the_lobbies(watched, monkeypatch):
    monkeypatch.setattr(module, "READ_EVERY", 60)
    await watched.news.wait(5)  # the turn that was under way
    waiting = asyncio.ensure_future(watched.news.wait(60))
    await asyncio.sleep(0.01)
    watched.records.news.put_nowait(Hint("request", "r1"))
    async with asyncio.timeout(30):
        await waiting


async def test_an_end_is_sealed_noted_and_kept_in_this_order(watched, recorders):
    live = await begin(watched)
    live.feed(Killed(EndReason.CUT, "Eve", "wrong device"))
    await until(lambda: watched.records.ends)
    ident, ending = watched.records.ends[0]
    assert (ident, ending.reason, ending.by, ending.why) == ("x1", EndReason.CUT, "Eve", "wrong device")
    assert (ending.digest, ending.bytes, ending.seconds, ending.findings) == ("d1gest", 10, 1.5, ("patient",))
    assert watched.records.noted == ["session:ending"]
    assert recorders.made[0].finished == "cut"
    assert not watched.lives


async def test_an_end_is_kept_even_if_the_records_are_away_for_a_while(watched):
    live = await begin(watched)
    watched.records.away = True
    live.feed(Killed(EndReason.CUT, "Eve", "x"))
    await asyncio.sleep(0.1)
    watched.records.away = False
    await until(lambda: watched.records.ends)
    assert watched.records.noted == ["session:ending"]


async def test_T36_what_cannot_be_sealed_is_an_alarm_and_the_end_is_kept_without_a_digest(watched):
    def broken(_ident):
        raise RecordingError("the store is away")

    watched._keeping = replace(watched._keeping, seal=broken)
    live = await begin(watched)
    live.feed(Killed(EndReason.CUT, "Eve", "x"))
    await until(lambda: watched.records.ends)
    ending = watched.records.ends[0][1]
    assert (ending.digest, ending.bytes, ending.seconds, ending.findings) == ("", 0, 0.0, ())
    assert "recording:failed" in watched.records.noted


async def test_T36_where_no_recording_can_start_no_session_does(watched, recorders):
    recorders.trouble = RecordingError("no space")
    with pytest.raises(RecordingUnavailable):
        await begin(watched)
    assert not watched.lives
    assert watched.records.noted == ["recording:failed"]
    assert watched.records.ends[0][1].reason is EndReason.RECORDING_FAILED


async def test_after_a_mass_cut_the_records_are_not_full_of_endings(watched, monkeypatch):
    queue, most = [], []
    real_note, real_closed = watched.records.note, watched.records.closed

    async def write(deed, record, rest):
        queue.append(record.id)
        most.append(len(queue))
        await asyncio.sleep(0.005)
        queue.remove(record.id)
        await deed(record, rest)

    monkeypatch.setattr(watched.records, "note", lambda record, facts: write(real_note, record, facts))
    monkeypatch.setattr(watched.records, "closed", lambda record, ending: write(real_closed, record, ending))
    lives = [await begin(watched, f"x{number}") for number in range(20)]
    for live in lives:
        live.feed(Killed(EndReason.CUT, "Eve", "x"))
    await until(lambda: len(watched.records.ends) == 20)
    assert max(most) == module.ENDS_AT_ONCE
    assert watched.records.noted == ["session:ending"] * 20


async def test_what_a_running_session_does_is_written_at_once_whatever_is_ending(watched):
    live = await begin(watched)
    async with asyncio.timeout(30):
        for _ in range(module.ENDS_AT_ONCE):
            await watched._ends.acquire()
        live.note(Audit("channel:opened"))
        await live.facts_written()
    assert watched.records.noted == ["channel:opened"]
    for _ in range(module.ENDS_AT_ONCE):
        watched._ends.release()


async def test_records_that_cannot_be_read_for_too_long_end_the_sessions(watched):
    live = await begin(watched)
    watched.records.away = True
    with capture_logs() as logged:
        await until(lambda: [line["event"] for line in logged].count("locks and wishes cannot be read") > 2)
    assert live.live, "for a while they may be away"
    watched._max_age = 0.05
    await until(live.ended.is_set)
    assert live.ended_by[0] is EndReason.RECORDS_LOST
    watched.records.away = False
    await until(lambda: watched.records.ends)


async def test_a_disk_that_does_not_take_it_ends_the_session(watched, recorders):
    live = await begin(watched)
    await until(lambda: recorders.made[0].synced)
    recorders.made[0].trouble = RecordingError("the disk did not take it")
    await until(live.ended.is_set)
    assert live.ended_by[0] is EndReason.RECORDING_FAILED


async def test_a_turn_that_fails_is_followed_by_the_next(watched, monkeypatch):
    live = await begin(watched)
    real = watched.records.view
    troubles = iter([RuntimeError("bug")])

    async def view():
        for trouble in troubles:
            raise trouble
        return await real()

    monkeypatch.setattr(watched.records, "view", view)
    watched.records.locks_ = [a_lock()]
    watched.records.news.put_nowait(Hint("lock"))
    await until(live.ended.is_set)


async def test_stopping_ends_and_keeps_every_session(tmp_path, recorders):
    records = Records()
    supervisor = Supervisor(records, "n1", Keeping(tmp_path, lambda ident: Seal(ident, "d", 1, 1.0, ())), 10)
    supervisor.records = records
    supervisor.start()
    lives = [await begin(supervisor, ident) for ident in ("x1", "x2")]
    await supervisor.stop()
    assert [live.ended_by[0] for live in lives] == [EndReason.SHUTDOWN] * 2
    assert sorted(ident for ident, _ in records.ends) == ["x1", "x2"]


async def test_a_task_that_fails_is_logged_and_does_no_harm(watched):
    async def fails():
        raise RuntimeError("bug")

    with capture_logs() as logged:
        await watched.spawn(fails(), "something")
    assert [line["task"] for line in logged] == ["something"]


@pytest.fixture
def reads(watched, monkeypatch):
    """How often the rows were read; nothing but a hint makes the supervisor read them."""
    monkeypatch.setattr(module, "READ_EVERY", 60)
    watched._max_age = 60
    count, real = [], watched.records.view

    async def view():
        count.append(1)
        return await real()

    monkeypatch.setattr(watched.records, "view", view)
    return count


async def test_only_what_concerns_a_session_here_is_read_on(watched, reads):
    await begin(watched)
    watched.records.news.put_nowait(Hint("lock"))
    await until(lambda: reads)
    await asyncio.sleep(0.1)  # it has settled
    before = len(reads)
    for hint in (Hint("session", "elsewhere"), Hint("file", "x1")):
        watched.records.news.put_nowait(hint)
    await asyncio.sleep(0.1)
    assert len(reads) == before
    watched.records.news.put_nowait(Hint("session", "x1"))
    await until(lambda: len(reads) == before + 1)


async def test_while_nobody_works_nothing_is_read(watched, reads):
    await watched.news.wait(5)  # the turn that was under way
    watched.records.news.put_nowait(Hint("lock"))
    await asyncio.sleep(0.1)
    assert reads == []


async def test_R34_only_sessions_that_must_be_followed_are_looked_after(watched, monkeypatch):
    monkeypatch.setattr(module, "LOOK", 0.01)
    seen = []

    async def look(lives):
        seen.append([live.id for live in lives])

    monkeypatch.setattr(watched._followers, "look", look)
    await begin(watched, "x1")
    await asyncio.sleep(0.1)
    assert seen == []
    await begin(watched, "x2", watcher=True)
    await until(lambda: seen)
    assert seen[0] == ["x2"]


async def test_what_is_under_way_ends_with_the_supervisor(tmp_path, recorders):
    supervisor = Supervisor(Records(), "n1", Keeping(tmp_path, lambda ident: Seal(ident, "d", 1, 1.0, ())), 10)
    supervisor.start()
    dropped = []
    supervisor.at_stop.append(lambda: dropped.append("gone"))
    task = supervisor.spawn(asyncio.sleep(3600), "something long")
    await asyncio.sleep(0.01)  # it has begun
    await supervisor.stop()
    assert (task.cancelled(), dropped) == (True, ["gone"])


async def test_a_task_that_is_done_is_not_kept_and_its_trouble_was_seen(watched):
    async def fails():
        raise RuntimeError("bug")

    unseen = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, about: unseen.append(about["message"]))
    task = watched.task(fails(), "something")
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert task not in watched._tasks
    del task
    gc.collect()
    assert unseen == []
