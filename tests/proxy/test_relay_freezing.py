"""A frozen relay, and the shorter way past it."""

import pytest

from bastion.proxy.frames import Break, Data, Eof, Resize, Signal, Stream
from tests.proxy.bench import Bench, HandShortcut
from tests.proxy.ends import HandEnd


@pytest.fixture
def bench() -> Bench:
    return Bench()


# -- freezing ----------------------------------------------------------------------------------------------------------
def test_frozen_at_a_terminal_what_is_typed_is_noted_dropped_and_never_played_back(bench):
    bench.relay.freeze(on=True)
    bench.technician.send(b"rm -rf /\n", Signal("INT"), Break(1))
    assert bench.device.got == []
    assert bench.tap.typed_frames == []
    assert bench.tap.withheld_frames == bench.tap2.withheld_frames == [Data(b"rm -rf /\n"), Signal("INT"), Break(1)]
    bench.relay.freeze(on=False)
    bench.technician.send(b"ls\n")
    assert bench.device.got == bench.tap.typed_frames == [Data(b"ls\n")]


def test_a_key_of_a_freeze_that_cannot_be_recorded_ends_it_like_any_other(bench):
    bench.relay.freeze(on=True)
    bench.tap.trouble = OSError("disk full")
    bench.technician.send(b"x")
    assert bench.owner.failures == [bench.tap.trouble]


def test_frozen_the_window_still_changes_size(bench):
    bench.relay.freeze(on=True)
    bench.technician.send(Resize(100, 30))
    assert bench.device.got == [Resize(100, 30)]


@pytest.mark.parametrize("terminal", [True, False])
def test_frozen_the_device_still_speaks(terminal):
    bench = Bench(terminal=terminal)
    bench.relay.freeze(on=True)
    bench.device.send(b"alarm", Data(b"hot", Stream.ERR))
    assert bench.technician.bytes() == b"alarmhot"


def test_frozen_without_a_terminal_the_bytes_wait_for_the_thaw():
    bench = Bench(terminal=False)
    bench.technician.send(b"1")
    bench.relay.freeze(on=True)
    bench.technician.send(b"2", b"3", Eof())
    assert bench.device.bytes() == b"1"
    assert bench.technician.paused
    bench.relay.freeze(on=False)
    assert bench.device.got == [Data(b"1"), Data(b"2"), Data(b"3"), Eof()]


def test_the_end_of_input_during_a_freeze_comes_once_after_it(bench):
    bench.relay.freeze(on=True)
    bench.technician.send(Eof())
    assert bench.device.got == []
    bench.relay.freeze(on=False)
    bench.relay.freeze(on=True)
    bench.relay.freeze(on=False)
    assert bench.device.got == [Eof()]


def test_frozen_and_full_both_must_end_before_input_goes_on():
    bench = Bench(terminal=False, device=HandEnd(room=1))
    bench.technician.send(b"22", b"33")
    bench.relay.freeze(on=True)
    bench.device.take()
    assert bench.device.bytes() == b"22"
    bench.relay.freeze(on=False)
    assert bench.device.bytes() == b"2233"


def test_a_relay_may_be_frozen_before_it_starts():
    bench = Bench(start=False)
    bench.relay.freeze(on=True)
    bench.technician.send(b"early")
    bench.relay.start()
    bench.technician.send(b"later")
    assert bench.device.got == []


# -- the shortcut ------------------------------------------------------------------------------------------------------
def test_the_shortcut_is_open_from_the_start_shut_while_frozen_and_shut_at_the_end():
    shortcut = HandShortcut()
    bench = Bench(shortcut=shortcut)
    assert shortcut.open == 1
    bench.relay.freeze(on=True)
    assert shortcut.open == 0
    bench.relay.freeze(on=False)
    assert shortcut.open == 1
    bench.relay.close()
    assert shortcut.open == 0


def test_no_shortcut_is_opened_past_a_freeze_or_a_failure():
    frozen, failed = HandShortcut(), HandShortcut()
    bench = Bench(shortcut=frozen, start=False)
    bench.relay.freeze(on=True)
    bench.relay.start()
    bench = Bench(shortcut=failed, start=False)
    bench.device.send(b"x")
    bench.tap.trouble = OSError("disk full")
    bench.relay.start()
    assert (frozen.open, failed.open) == (0, 0)
