"""The outlet: in order, nothing while paused or unheard, the end last and once for each listener."""

import pytest

from bastion.proxy.frames import Data, Eof
from bastion.proxy.outlet import ROOM, Outlet


class Listener:
    def __init__(self, outlet: Outlet | None = None, pause_at: bytes = b"") -> None:
        self.heard: list[object] = []
        self.outlet, self.pause_at = outlet, pause_at

    def deliver(self, frame) -> None:
        self.heard.append(bytes(frame.data) if isinstance(frame, Data) else frame)
        if self.outlet is not None and self.heard[-1] == self.pause_at:
            self.outlet.pause()

    def ended(self, why) -> None:
        self.heard.append(f"ended: {why}")

    def hold(self) -> None:
        self.heard.append("hold")

    def release(self) -> None:
        self.heard.append("release")


@pytest.fixture
def reading() -> list[bool]:
    return []


@pytest.fixture
def outlet(reading) -> Outlet:
    return Outlet(reading.append)


def test_what_came_before_anybody_listened_comes_first_and_the_end_last(outlet):
    outlet.put(Data(b"1"))
    outlet.put(Eof())
    outlet.ended("gone")
    outlet.attach(listener := Listener())
    assert listener.heard == [b"1", Eof(), "ended: gone"]


def test_what_is_kept_for_nobody_is_bounded(outlet, reading):
    outlet.put(Data(bytes(ROOM - 1)))
    assert reading == []
    outlet.put(Data(b"x"))
    assert reading == [False]
    outlet.attach(Listener())
    assert reading == [False, True]


def test_nothing_is_delivered_while_paused_not_even_the_end(outlet, reading):
    outlet.attach(listener := Listener())
    outlet.pause()
    outlet.put(Data(b"1"))
    outlet.ended("gone")
    assert (listener.heard, reading[-1]) == ([], False)
    outlet.resume()
    assert listener.heard == [b"1", "ended: gone"]


def test_a_listener_that_pauses_while_it_gets_what_was_kept_gets_no_more(outlet, reading):
    for data in (b"1", b"2", b"3"):
        outlet.put(Data(data))
    outlet.attach(listener := Listener(outlet, pause_at=b"2"))
    assert (listener.heard, reading[-1]) == ([b"1", b"2"], False)
    outlet.put(Data(b"4"))
    outlet.resume()
    assert listener.heard == [b"1", b"2", b"3", b"4"]


def test_one_end_for_each_listener_and_nothing_after_it(outlet):
    outlet.attach(first := Listener())
    outlet.ended("first reason")
    outlet.ended("second")
    outlet.put(Data(b"late"))
    outlet.attach(second := Listener())
    assert first.heard == second.heard == ["ended: first reason"]


def test_a_later_listener_learns_that_the_end_is_full(outlet):
    outlet.attach(first := Listener())
    outlet.full(full=True)
    outlet.full(full=True)
    outlet.attach(second := Listener())
    outlet.full(full=False)
    assert (first.heard, second.heard) == (["hold"], ["hold", "release"])


def test_what_was_kept_can_be_forgotten(outlet, reading):
    outlet.put(Data(bytes(ROOM)))
    outlet.forget()
    outlet.attach(listener := Listener())
    assert (listener.heard, reading[-1]) == ([], True)
