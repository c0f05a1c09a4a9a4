"""The relay: seen before passed on, slowed down and not overrun, frozen and closed at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bastion.proxy.frames import Break, Data, Eof, Exit, Resize, Signal, Stream
from bastion.proxy.relay import Valve
from tests.proxy.bench import Bench, HandShortcut
from tests.proxy.ends import HandEnd


@pytest.fixture
def bench() -> Bench:
    return Bench()


# -- record before forward ---------------------------------------------------------------------------------------------
EVERY_TYPED = (Data(b"ls\n"), Resize(80, 24), Signal("INT"), Break(500), Eof())
EVERY_SHOWN = (Data(b"out"), Data(b"err", Stream.ERR), Eof(), Exit(3))


def test_every_frame_passes_once_in_order_and_each_tap_sees_it_first(bench):
    bench.technician.send(*EVERY_TYPED)
    bench.device.send(*EVERY_SHOWN)
    assert tuple(bench.device.got) == EVERY_TYPED
    assert tuple(bench.technician.got) == EVERY_SHOWN
    for tap in (bench.tap, bench.tap2):
        assert tuple(tap.typed_frames) == EVERY_TYPED
        assert tuple(tap.shown_frames) == EVERY_SHOWN
        assert tap.passed_first == []


def test_what_came_before_the_start_passes_at_the_start_in_order():
    bench = Bench(start=False)
    bench.technician.send(b"1", b"2")
    bench.device.send(b"a", b"b")
    assert (bench.device.got, bench.technician.got) == ([], [])
    bench.relay.start()
    assert bench.device.bytes() == b"12"
    assert bench.technician.bytes() == b"ab"


@pytest.mark.parametrize("side", ["technician", "device"])
@pytest.mark.parametrize("late", ["tap", "tap2"])
def test_T36_a_tap_that_raises_forwards_nothing_and_ends_it(side, late):
    bench = Bench()
    getattr(bench, late).trouble = trouble = OSError("disk full")
    getattr(bench, side).send(b"unrecorded", b"and more")
    assert bench.device.got == bench.technician.got == []
    assert bench.owner.failures == [trouble]
    assert bench.owner.endings == [("failed", [])]
    assert (bench.technician.closed, bench.device.closed) == (1, 1)


def test_after_a_failure_nothing_passes_either_way(bench):
    bench.tap.trouble = OSError("disk full")
    bench.technician.send(b"x")
    bench.tap.trouble = None
    bench.relay.to_device(Data(b"later"))
    bench.relay.to_technician(Data(b"later"))
    assert bench.device.got == bench.technician.got == []


def test_the_owner_hears_of_a_failure_before_the_ends_are_closed_so_that_he_can_say_why(bench):
    closed = []
    bench.owner.relay_failed = lambda relay, error: (
        closed.append(bench.technician.closed),
        relay.close([Data(b"why")], "session ended"),
    )
    bench.tap.trouble = OSError("disk full")
    bench.technician.send(b"x")
    assert closed == [0]
    assert bench.technician.bytes() == b"why"
    assert bench.owner.endings == [("session ended", [])]


@pytest.mark.parametrize(("sender", "receiver"), [("technician", "device"), ("device", "technician")])
def test_an_end_that_cannot_be_written_to_ends_it(bench, sender, receiver):
    getattr(bench, receiver).write_trouble = trouble = RuntimeError("a fault")
    getattr(bench, sender).send(b"x")
    assert bench.owner.failures == [trouble]
    assert (bench.technician.closed, bench.device.closed) == (1, 1)


# -- back-pressure -----------------------------------------------------------------------------------------------------
def test_a_full_device_pauses_the_technician_only_and_goes_on_when_it_takes_more():
    bench = Bench(device=HandEnd(room=10))
    bench.technician.send(b"12345678", b"9012345", b"more")
    assert bench.technician.paused
    assert not bench.device.paused
    assert bench.device.bytes() == b"123456789012345"
    bench.device.take()
    assert not bench.technician.paused
    assert bench.device.bytes() == b"123456789012345more"


def test_a_full_screen_pauses_the_device_only():
    bench = Bench(technician=HandEnd(room=10))
    bench.device.send(b"x" * 11, b"more")
    assert bench.device.paused
    assert not bench.technician.paused
    bench.technician.send(b"\x03")
    assert bench.device.bytes() == b"\x03"  # Ctrl-C gets through while the screen is behind


ROOM, PIECE = 1000, 300
_STEPS = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=PIECE).map(lambda data: ("typed", data)),
        st.binary(min_size=1, max_size=PIECE).map(lambda data: ("shown", data)),
        st.sampled_from(["device takes", "technician takes", "freeze", "thaw"]).map(lambda what: (what, b"")),
    ),
    max_size=60,
)


@settings(max_examples=50)
@given(_STEPS)
def test_nothing_is_lost_and_no_more_than_a_frame_over_the_room_is_ever_held(steps):
    bench = Bench(terminal=False, technician=HandEnd(room=ROOM), device=HandEnd(room=ROOM))
    typed, shown = b"", b""
    for what, data in steps:
        match what:
            case "typed":
                typed += data
                bench.technician.send(data)
            case "shown":
                shown += data
                bench.device.send(data)
            case "device takes":
                bench.device.take()
            case "technician takes":
                bench.technician.take()
            case _:
                bench.relay.freeze(on=what == "freeze")
    bench.relay.freeze(on=False)
    while bench.technician.unsent or bench.device.unsent:
        bench.device.take()
        bench.technician.take()
    assert bench.device.bytes() == typed
    assert bench.technician.bytes() == shown
    assert max(bench.device.most, bench.technician.most) <= ROOM + PIECE
    assert bench.tap.passed_first == []


def test_a_valve_opens_when_the_last_reason_is_gone():
    end = HandEnd()
    valve = Valve(end)
    valve.shut("full")
    valve.shut("frozen")
    valve.shut("full")
    valve.open("full")
    valve.open("full")
    assert end.paused
    valve.set("frozen", shut=False)
    assert not end.paused
    valve.open("never shut")
    assert not end.paused


# -- the end -----------------------------------------------------------------------------------------------------------
def test_close_is_done_when_it_returns(bench):
    bench.relay.close([Data(b"bye"), Exit(254)], "session ended")
    assert bench.technician.got == [Data(b"bye"), Exit(254)]
    assert (bench.technician.closed, bench.device.closed) == (1, 1)
    assert bench.owner.endings == [("session ended", [])]
    assert bench.tap.shown_frames == []  # the device did not say this


def test_both_ends_are_closed_whatever_any_step_raises():
    shortcut = HandShortcut()
    bench = Bench(shortcut=shortcut)
    troubles = [RuntimeError(str(n)) for n in range(4)]
    shortcut.trouble, bench.technician.write_trouble, bench.technician.close_trouble, bench.device.close_trouble = (
        troubles
    )
    bench.relay.close([Data(b"bye")])
    assert (bench.technician.closed, bench.device.closed) == (1, 1)
    assert bench.owner.endings == [("closed", troubles)]


def test_it_ends_once(bench):
    bench.relay.close()
    bench.relay.close()
    bench.device.leave()
    bench.relay.fail(OSError("late"))
    assert len(bench.owner.endings) == 1
    assert bench.owner.failures == []
    assert (bench.technician.closed, bench.device.closed) == (1, 1)


@pytest.mark.parametrize("side", ["technician", "device"])
def test_when_one_side_goes_the_other_is_closed(bench, side):
    getattr(bench, side).leave("connection lost")
    assert (bench.technician.closed, bench.device.closed) == (1, 1)
    assert bench.owner.endings == [("connection lost", [])]


def test_the_outcome_is_what_the_device_said_of_its_command(bench):
    bench.device.send(Exit(signal="SEGV"))
    bench.device.leave("closed")
    assert bench.owner.endings == [("signal SEGV", [])]


def test_after_the_end_nothing_passes_and_nothing_is_said(bench):
    bench.relay.close()
    before = list(bench.technician.got)
    bench.relay.tell(b"too late")
    bench.relay.freeze(on=True)
    bench.technician.send(b"x")
    bench.device.send(b"y")
    assert bench.device.got == []
    assert bench.technician.got == before
    assert bench.tap.typed_frames == bench.tap.shown_frames == []


# -- saying something --------------------------------------------------------------------------------------------------
def test_notices_are_written_on_screens_only_and_are_not_recorded_as_the_device_s(bench):
    bench.relay.tell(b"5 min left")
    assert bench.technician.got == [Data(b"5 min left")]
    assert bench.tap.shown_frames == []
    stream = Bench(terminal=False)
    stream.relay.tell(b"5 min left")
    assert stream.technician.got == []
