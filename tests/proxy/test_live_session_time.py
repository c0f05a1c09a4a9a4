"""One session being carried: what is said when, and that it ends by the clock."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.device import ChannelKind
from bastion.domain.session_events import BoxChanged, EndReason, Frozen, Killed
from bastion.domain.timebox import TimeBox
from bastion.proxy.journal import Journal
from bastion.proxy.live_session import LiveSession
from bastion.proxy.notices import Words
from recordings.model import RecordingMeta
from recordings.recorder import Recorder
from tests.proxy.carried import Carried
from tests.proxy.fakes import NOW, a_grant, a_record

SHELL, EXEC = ChannelKind.SHELL, ChannelKind.EXEC
CUT = Killed(EndReason.CUT, "Eve", "wrong device")


@pytest.fixture
def carry(tmp_path) -> Callable[..., Carried]:
    return lambda **facts: Carried(tmp_path, a_grant(**facts))


@pytest.fixture
async def carried(carry) -> Carried:
    return carry()


# -- what is said, and when --------------------------------------------------------------------------------------------
async def test_R35_each_warning_is_said_once(carried):
    shell = carried.channel()
    for _ in range(60 * 6 - 1):
        carried.time.passes(seconds=10)
        carried.live.tick()
    for minutes in (15, 5, 1):
        assert shell.technician.text.count(f" {minutes} min left") == 1
    assert "ends at 10:00" in shell.technician.text
    assert carried.live.live
    carried.time.passes(seconds=10)
    carried.live.tick()
    assert carried.live.ended_by[0] is EndReason.TIME_OVER


async def test_R35_after_a_leap_only_the_nearest_warning_is_said(carried):
    shell = carried.channel()
    carried.time.passes(minutes=56)
    carried.live.tick()
    assert "5 min left" in shell.technician.text
    assert "15 min left" not in shell.technician.text


async def test_R24_a_clock_set_forward_ends_the_session_at_the_next_look(carried):
    shell = carried.channel()
    carried.time.is_set(hours=2)
    carried.live.tick()
    assert carried.live.ended_by[0] is EndReason.TIME_OVER
    assert shell.device.closed


async def test_R24_a_clock_set_back_lengthens_nothing(carried):
    carried.time.is_set(hours=-5)
    carried.time.passes(minutes=59)
    carried.live.tick()
    assert carried.live.live
    carried.time.passes(minutes=1)
    carried.live.tick()
    assert carried.live.ended_by[0] is EndReason.TIME_OVER


async def test_R35_silence_is_warned_of_once_and_then_ends_the_session(carry):
    carried = carry(idle=300)
    shell = carried.channel()
    for _ in range(299):
        carried.time.passes(seconds=1)
        shell.device.send(b".")  # what the device says is no sign of life
        carried.live.tick()
    assert shell.technician.text.count("Nothing was typed for a while") == 1
    assert carried.live.live
    carried.time.passes(seconds=1)
    carried.live.tick()
    assert carried.live.ended_by[0] is EndReason.IDLE


async def test_R35_a_key_starts_the_silence_anew_and_the_next_silence_is_warned_of_again(carry):
    carried = carry(idle=300)
    shell = carried.channel()
    for _ in range(2):
        carried.time.passes(seconds=250)
        carried.live.tick()
        shell.technician.send(b"x")
    carried.time.passes(seconds=250)
    carried.live.tick()
    assert carried.live.live
    assert shell.technician.text.count("Nothing was typed for a while") == 3


async def test_R35_frozen_silence_is_not_held_against_him(carry):
    carried = carry(idle=300)
    carried.live.feed(Frozen("Eve"))
    carried.time.passes(seconds=3000)
    carried.live.tick()
    assert carried.live.live


async def test_an_extension_is_said_moves_the_end_and_the_warnings_come_again(carried):
    shell = carried.channel()
    carried.time.passes(minutes=59)
    carried.live.tick()
    carried.live.feed(BoxChanged(TimeBox(NOW, NOW + timedelta(minutes=90))))
    assert "extended: the session now ends at 10:30" in shell.technician.text
    assert carried.live.end == NOW + timedelta(minutes=90)
    carried.time.passes(minutes=30)
    carried.live.tick()
    assert shell.technician.text.count(" 1 min left") == 2


async def test_a_shortened_time_that_is_over_ends_the_session(carried):
    carried.time.passes(minutes=30)
    carried.live.feed(BoxChanged(TimeBox(NOW, NOW + timedelta(minutes=20))))
    assert carried.live.ended_by[0] is EndReason.TIME_OVER


async def test_notices_speak_the_technician_s_language(tmp_path):
    carried = Carried(tmp_path, language="fr")
    shell = carried.channel()
    carried.live.feed(Frozen("Eve"))
    assert shell.technician.text
    assert "has frozen" not in shell.technician.text


# -- real timers -------------------------------------------------------------------------------------------------------
def on_real_time(tmp_path, **span: float) -> LiveSession:
    start = clock.now()
    grant = a_grant(start=start - timedelta(hours=1), end=start + timedelta(**span))
    recorder = Recorder.start(tmp_path, RecordingMeta(recording_id="x1", started_at=start.isoformat()), min_free=0)

    async def note(_facts) -> None:
        return None

    journal = Journal(note, lambda work, _name: asyncio.ensure_future(work))
    return LiveSession(a_record(), grant, recorder, Words("en"), journal, lambda _live: None)


@pytest.mark.timed
async def test_R24_the_session_ends_by_its_own_timer_and_not_before(tmp_path):
    began = time.monotonic()
    live = on_real_time(tmp_path, seconds=0.3)
    async with asyncio.timeout(5):
        await live.ended.wait()
    assert 0.25 <= time.monotonic() - began < 2
    assert live.ended_by[0] is EndReason.TIME_OVER


async def test_R24_a_shortened_time_moves_the_timer(tmp_path):
    live = on_real_time(tmp_path, hours=1)
    live.feed(BoxChanged(TimeBox(live.grant.start, clock.now() + timedelta(seconds=0.1))))
    async with asyncio.timeout(5):
        await live.ended.wait()
    assert live.ended_by[0] is EndReason.TIME_OVER


async def test_an_ended_session_leaves_no_timer(carried):
    carried.live.feed(CUT)
    assert carried.live._wake.cancelled()
