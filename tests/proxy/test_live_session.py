"""One session being carried: who may open what, what is said when, and that it ends once, at once, with a reason."""

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bastion.domain.device import ChannelKind
from bastion.domain.session import SessionState
from bastion.domain.session_effects import Notice
from bastion.domain.session_events import (
    BoxChanged,
    DeviceLost,
    EndReason,
    Frozen,
    Killed,
    RecordingFailed,
    TechnicianLeft,
    Thawed,
)
from bastion.domain.timebox import TimeBox
from bastion.errors import ChannelRefused, GrantOver, NoGrant, RecordingUnavailable
from bastion.proxy.frames import Data, Exit, Resize, Stream
from bastion.proxy.live_session import REFUSED, _refusal
from bastion.proxy.notices import LEAVE_SCREEN
from bastion.proxy.relay import Relay
from tests.proxy.carried import Carried
from tests.proxy.ends import HandEnd
from tests.proxy.fakes import NOW, a_grant, a_record
from tests.recordings.spooled import frames_of

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
    from bastion.domain.session_effects import RefusalReason as Reason

    kinds = {reason: type(_refusal(reason, SHELL)) for reason in Reason}
    assert kinds == {
        Reason.NO_GRANT: NoGrant,
        Reason.OUTSIDE_BOX: GrantOver,
        Reason.KIND_NOT_GRANTED: ChannelRefused,
        Reason.FROZEN: ChannelRefused,
        Reason.UNWATCHED: ChannelRefused,
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


# -- what the recording says of it ------------------------------------------------------------------------------------
def marks(carried: Carried, number: int = 0) -> list[str]:
    frames = frames_of(carried.recorder.directory, number)
    return [frame.data.decode() for frame in frames if frame.code == "m"]


async def test_whoever_replays_it_sees_who_froze_prolonged_and_cut_it_and_why(tmp_path):
    carried = Carried(tmp_path, language="fr")
    carried.channel()
    carried.channel(EXEC, terminal=False)
    carried.live.feed(Frozen("Eve"))
    carried.live.feed(Thawed(""))
    carried.live.feed(BoxChanged(TimeBox(NOW, NOW + timedelta(hours=2))))
    carried.live.feed(CUT)
    assert marks(carried, 0) == marks(carried, 1)
    say, end = carried.live.words.notice, NOW + timedelta(hours=2)
    assert marks(carried) == [
        say(Notice.FROZEN, {"by": "Eve"}, end),
        say(Notice.THAWED, {"by": ""}, end),
        say(Notice.EXTENDED, {"end": end}, end),
        carried.live.words.ending(EndReason.CUT, "Eve", "wrong device"),
    ]
    assert marks(carried)[0].startswith("Eve a gelé")


async def test_the_end_of_the_window_and_who_imposed_a_lock_stand_in_the_recording(tmp_path):
    late, locked = Carried(tmp_path), Carried(tmp_path, record=a_record("x2"))
    for carried in (late, locked):
        carried.channel()
    late.time.passes(minutes=60)
    late.live.tick()
    locked.live.feed(Killed(EndReason.LOCKED, "Ruth", "ransomware"))
    assert marks(late) == ["The agreed time is over. The session is closed."]
    assert marks(locked) == ["Remote access is cut at the moment: ransomware. Please call the hospital. (Ruth)"]


async def test_what_is_said_breaks_between_words_at_the_width_the_screen_has_now(carried):
    shell = carried.channel()
    shell.technician.send(Resize(24, 10))
    carried.live.tell("Nobody of the hospital follows this session now.")
    shown = shell.technician.bytes().decode()
    assert shown.replace("\x1b[0;7m", "").replace("\x1b[0m", "").split("\r\n") == [
        "", " Nobody of the ", " hospital follows this ", " session now. ", "",
    ]  # fmt: skip


@pytest.mark.parametrize("event", [Frozen("Eve"), BoxChanged(TimeBox(NOW, NOW + timedelta(hours=2)))])
async def test_T36_what_is_said_and_cannot_be_recorded_ends_the_session(carried, event):
    shell = carried.channel()
    carried.recorder.fail("the disk is full")
    carried.live.feed(event)
    assert carried.live.ended_by[0] is EndReason.RECORDING_FAILED
    assert shell.device.closed == 1
    assert carried.live._wake is None or carried.live._wake.cancelled()


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
    last = carried.live.last_words()
    assert stream.technician.got == [Data(f"{last}\n".encode(), Stream.ERR), Exit(REFUSED)]
    assert carried.live.ended.is_set()
    assert last.startswith("Eve has ended the session: wrong device. Your authorisation still runs until ")


async def test_who_is_cut_and_has_no_right_any_more_reads_that_and_what_to_do(carried):
    carried.channel()
    carried.live.withdrawn = True
    carried.live.feed(CUT)
    assert carried.live.last_words() == (
        "Eve has ended the session: wrong device. Your authorisation is withdrawn with it. "
        "To go on, call the hospital, then make a new request."
    )


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
