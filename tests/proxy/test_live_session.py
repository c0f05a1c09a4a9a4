"""One session being carried: who may open what, what is said when, and that it ends once, at once, with a reason."""

import asyncio
import itertools
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bastion import clock
from bastion.domain.device import ChannelKind
from bastion.domain.session import (
    BoxChanged,
    DeviceLost,
    EndReason,
    Frozen,
    Killed,
    RecordingFailed,
    SessionState,
    TechnicianLeft,
    Thawed,
)
from bastion.domain.timebox import TimeBox
from bastion.errors import ChannelRefused, GrantOver, NoGrant, RecordingUnavailable
from bastion.proxy.frames import Data, Exit, Stream
from bastion.proxy.journal import Journal
from bastion.proxy.live_session import REFUSED, LiveSession, _refusal
from bastion.proxy.notices import LEAVE_SCREEN, Words
from bastion.proxy.relay import Relay
from recordings.model import RecordingMeta
from recordings.recorder import Recorder
from tests.proxy.carried import Carried
from tests.proxy.ends import HandEnd
from tests.proxy.fakes import NOW, a_grant, a_record

SHELL, EXEC, FORWARD = ChannelKind.SHELL, ChannelKind.EXEC, ChannelKind.FORWARD
CUT = Killed(EndReason.CUT, "Eve", "wrong device")


@pytest.fixture
def carry(tmp_path) -> Callable[..., Carried]:
    return lambda **facts: Carried(tmp_path, a_grant(**facts))


@pytest.fixture
async def carried(carry) -> Carried:
    return carry()


# -- channels ----------------------------------------------------------------------------------------------------------
async def test_channels_are_numbered_and_written_down(carried):
    assert [carried.live.allow(SHELL), carried.live.allow(EXEC, "uname -a")] == [1, 2]
    assert await carried.tags() == ["channel:opened", "channel:opened"]
    assert carried.facts[1].fields == {"channel": 2, "kind": EXEC, "detail": "uname -a"}


async def test_what_is_not_granted_is_refused_and_the_session_goes_on(carried):
    with pytest.raises(ChannelRefused) as refused:
        carried.live.allow(FORWARD)
    assert refused.value.params == {"kind": "forward"}
    assert refused.value.public == "This kind of access (forward) is not allowed here."
    assert carried.live.live
    assert await carried.tags() == ["channel:refused"]


async def test_frozen_no_channel_opens_and_the_technician_hears_to_wait(carried):
    carried.live.feed(Frozen("Eve"))
    with pytest.raises(ChannelRefused, match="frozen") as refused:
        carried.live.allow(SHELL)
    assert refused.value.public == "The hospital has frozen this session. Wait until it goes on."


async def test_ended_no_channel_opens(carried):
    carried.live.feed(CUT)
    with pytest.raises(ChannelRefused) as refused:
        carried.live.allow(SHELL)
    assert refused.value.public == "This session has ended."


async def test_R24_after_the_agreed_time_no_channel_opens_and_everything_ends(carried):
    shell = carried.channel()
    carried.time.passes(minutes=60)
    with pytest.raises(GrantOver):
        carried.live.allow(EXEC)
    assert shell.device.closed
    assert carried.live.ended_by == (EndReason.TIME_OVER, "", "")


def test_every_refusal_is_an_error_of_its_own_kind():
    from bastion.domain.session import RefusalReason as Reason

    kinds = {reason: type(_refusal(reason, SHELL)) for reason in Reason}
    assert kinds == {
        Reason.NO_GRANT: NoGrant,
        Reason.OUTSIDE_BOX: GrantOver,
        Reason.KIND_NOT_GRANTED: ChannelRefused,
        Reason.FROZEN: ChannelRefused,
        Reason.ENDING: ChannelRefused,
    }
    assert all(_refusal(reason, SHELL).public for reason in Reason)


async def test_what_passes_is_recorded_and_a_channel_that_ends_is_written_down(carried):
    shell = carried.channel()
    shell.technician.send(b"typed-canary")
    shell.device.send(b"shown-canary", Exit(3))
    assert shell.device.bytes() == b"typed-canary"
    assert b"typed-canary" in carried.recorded()
    assert b"shown-canary" in carried.recorded()
    shell.device.leave()
    assert await carried.tags() == ["channel:opened", "channel:closed"]
    assert carried.facts[-1].fields["outcome"] == "status 3"
    assert carried.live.live  # a session outlives its channels


async def test_T36_a_channel_that_cannot_be_recorded_does_not_open_and_the_session_ends(carried):
    shell = carried.channel()
    carried.recorder.fail("the disk is full")
    number = carried.live.allow(EXEC)
    with pytest.raises(RecordingUnavailable):
        carried.live.open_track(number, EXEC, cols=0, rows=0, term="", command="id", pty=False)
    assert carried.live.ended_by[0] is EndReason.RECORDING_FAILED
    assert shell.device.closed
    assert carried.seals == ["x1"]


async def test_T37_the_first_byte_that_cannot_be_recorded_ends_everything_and_goes_nowhere(carried):
    shell, other = carried.channel(), carried.channel(EXEC, terminal=False)
    carried.recorder.fail("the disk is full")
    shell.device.send(b"never shown")
    assert "never shown" not in shell.technician.text
    assert "can no longer be recorded" in shell.technician.text
    assert shell.device.closed
    assert other.device.closed
    assert "recording:failed" in await carried.tags()
    assert carried.seals == ["x1"]


async def test_a_fault_of_ours_in_a_relay_ends_the_session_as_well(carried):
    shell = carried.channel()
    shell.device.write_trouble = trouble = RuntimeError("secret internals")
    with capture_logs() as logged:
        shell.technician.send(b"x")
    assert [line["exc_info"] for line in logged] == [trouble]  # for us, in full
    assert carried.live.ended_by[0] is EndReason.RECORDING_FAILED
    await carried.tags()
    assert [f.fields["detail"] for f in carried.facts if f.tag == "recording:failed"] == ["RuntimeError"]


async def test_a_channel_that_was_opening_when_the_session_ended_is_closed_and_refused(carried):
    number = carried.live.allow(SHELL)
    carried.live.feed(CUT)
    relay = Relay(HandEnd(), HandEnd(), [], carried.live, terminal=True)
    with pytest.raises(ChannelRefused):
        carried.live.carry(number, relay)
    assert relay.device.closed


async def test_a_channel_that_was_opening_when_the_session_was_frozen_starts_frozen(carried):
    number = carried.live.allow(SHELL)
    carried.live.feed(Frozen("Eve"))
    relay = Relay(HandEnd(), HandEnd(), [], carried.live, terminal=True)
    carried.live.carry(number, relay)
    relay.technician.send(b"rm -rf /\n")
    assert relay.device.got == []
    carried.live.feed(Thawed("Eve"))
    relay.technician.send(b"ls\n")
    assert relay.device.bytes() == b"ls\n"


# -- freezing ----------------------------------------------------------------------------------------------------------
async def test_frozen_nothing_typed_reaches_the_device_what_it_shows_goes_on_and_both_are_said(carried):
    shell = carried.channel()
    carried.live.feed(Frozen("Eve"))
    shell.technician.send(b"rm -rf /\n")
    shell.device.send(b"still here")
    carried.live.feed(Thawed("Eve"))
    assert shell.device.got == []
    frozen, still, thawed = (
        shell.technician.text.index(text) for text in ("Eve has frozen", "still here", "The session goes on")
    )
    assert frozen < still < thawed
    assert await carried.tags() == ["channel:opened", "session:frozen", "session:thawed"]


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


# -- the end -----------------------------------------------------------------------------------------------------------
async def test_a_cut_is_done_when_it_returns_and_says_why_before_it_closes(carried):
    shell, stream = carried.channel(), carried.channel(EXEC, terminal=False)
    carried.live.feed(CUT)
    assert (shell.technician.closed, shell.device.closed, stream.technician.closed, stream.device.closed) == (
        1,
        1,
        1,
        1,
    )
    said, status = shell.technician.got[-2:]
    assert said.data.startswith(LEAVE_SCREEN)
    assert b"Eve has ended the session: wrong device." in said.data
    assert status == Exit(REFUSED)
    assert stream.technician.got == [
        Data(b"Eve has ended the session: wrong device.\n", Stream.ERR),
        Exit(REFUSED),
    ]
    assert carried.live.ended.is_set()
    assert carried.live.last_words() == "Eve has ended the session: wrong device."


async def test_a_channel_that_closes_badly_keeps_no_other_open_and_the_recording_is_sealed(carried):
    first, second = carried.channel(), carried.channel()
    first.technician.close_trouble = first.device.close_trouble = RuntimeError("a fault")
    first.technician.write_trouble = RuntimeError("another")
    with capture_logs() as logged:
        carried.live.feed(CUT)
    assert {line["log_level"] for line in logged} == {"error"}
    assert first.device.closed
    assert second.device.closed
    assert second.technician.closed
    assert carried.seals == ["x1"]


async def test_while_it_goes_on_there_are_no_last_words(carried):
    assert carried.live.last_words() == ""
    assert not carried.live.ended.is_set()


ENDINGS = [CUT, Killed(EndReason.LOCKED), TechnicianLeft(), DeviceLost("reset"), RecordingFailed("disk full")]


@pytest.mark.parametrize(("first", "second"), list(itertools.product(ENDINGS, repeat=2)))
async def test_whatever_comes_after_the_end_the_first_reason_stands_and_there_is_one_seal(carried, first, second):
    shell = carried.channel()
    carried.live.feed(first)
    reason, words = carried.live.ended_by, shell.technician.text
    carried.live.feed(second)
    carried.live.tick()
    carried.live.sealed("digest")
    carried.live.feed(second)
    assert carried.live.ended_by == reason
    assert shell.technician.text == words
    assert carried.seals == ["x1"]
    assert carried.live.state is SessionState.CLOSED


async def test_the_last_fact_of_the_end_is_left_to_the_service_which_has_the_seal(carried):
    carried.channel()
    carried.live.feed(CUT)
    carried.live.sealed("digest")
    assert await carried.tags() == ["channel:opened", "channel:closed", "session:ending"]
