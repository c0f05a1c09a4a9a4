from datetime import timedelta

import pytest

from bastion.proxy.steady import SteadyClock
from tests.proxy.fakes import NOW, FakeClock


@pytest.fixture
def times():
    """A wall clock and a count of seconds that pass; `steady` is made of both."""
    wall, passed = FakeClock(), [0.0]
    return wall, passed, SteadyClock(wall.now, lambda: passed[0])


def test_it_follows_the_wall_clock(times):
    wall, passed, steady = times
    wall.move(seconds=5)
    passed[0] += 5
    assert steady.now() == NOW + timedelta(seconds=5)


def test_a_clock_set_back_is_overruled_by_what_has_really_passed(times):
    wall, passed, steady = times
    wall.move(hours=-1)
    passed[0] += 90
    assert steady.now() == NOW + timedelta(seconds=90)


def test_a_clock_set_forward_counts(times):
    wall, _, steady = times
    wall.move(hours=1)
    assert steady.now() == NOW + timedelta(hours=1)
