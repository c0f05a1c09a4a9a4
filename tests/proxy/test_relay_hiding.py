"""A relay whose device is not to be seen: nobody of the hospital follows (T10)."""

import pytest

from bastion.proxy.frames import Data, Exit, Stream
from tests.proxy.bench import Bench, HandShortcut
from tests.proxy.ends import HandEnd


def hold(bench: Bench, *, on: bool) -> None:
    bench.relay.freeze(on=on)
    bench.relay.hide(on=on)


def test_T10_at_a_terminal_nothing_passes_either_way_and_nothing_is_played_back():
    bench = Bench()
    hold(bench, on=True)
    bench.technician.send(b"rm -rf /\n")
    bench.device.send(b"patient list", Data(b"alarm", Stream.ERR))
    assert bench.device.got == []
    assert bench.technician.bytes() == b""
    hold(bench, on=False)
    bench.technician.send(b"ls\n")
    bench.device.send(b"$ ")
    assert bench.device.got == [Data(b"ls\n")]
    assert bench.technician.bytes() == b"$ "


def test_what_is_hidden_is_recorded_and_the_device_is_not_slowed_down():
    bench = Bench()
    hold(bench, on=True)
    bench.device.send(b"progress 40 %")
    assert bench.tap.shown_frames == [Data(b"progress 40 %")]
    assert not bench.device.paused


def test_hidden_the_technician_is_still_told_and_learns_how_a_command_ended():
    bench = Bench()
    hold(bench, on=True)
    bench.relay.tell(b"nobody follows")
    bench.device.send(Exit(3))
    assert bench.technician.got == [Data(b"nobody follows"), Exit(3)]


def test_hidden_without_a_terminal_the_bytes_wait_both_ways():
    bench = Bench(terminal=False)
    hold(bench, on=True)
    bench.technician.send(b"in")
    bench.device.send(b"out")
    assert (bench.device.bytes(), bench.technician.bytes()) == (b"", b"")
    assert bench.technician.paused
    assert bench.device.paused
    hold(bench, on=False)
    assert (bench.device.bytes(), bench.technician.bytes()) == (b"in", b"out")


@pytest.mark.parametrize("order", [("freeze", "hide"), ("hide", "freeze")])
def test_the_short_way_is_shut_while_either_holds(order):
    shortcut = HandShortcut()
    bench = Bench(shortcut=shortcut)
    assert shortcut.open == 1
    for name in order:
        getattr(bench.relay, name)(on=True)
        assert shortcut.open == 0
    getattr(bench.relay, order[0])(on=False)
    assert shortcut.open == 0
    getattr(bench.relay, order[1])(on=False)
    assert shortcut.open == 1


def test_a_relay_that_is_over_takes_no_notice():
    bench = Bench(technician=HandEnd())
    bench.relay.close()
    bench.relay.hide(on=True)
    bench.relay.hide(on=False)
    assert bench.technician.closed == 1
