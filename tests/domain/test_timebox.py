from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bastion.domain.timebox import TimeBox, whole_minutes

NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


def test_it_is_half_open():
    box = TimeBox(NOW, NOW + timedelta(hours=1))
    assert box.contains(NOW)
    assert not box.contains(box.end)
    assert not box.contains(NOW - timedelta(microseconds=1))


def test_an_hour_is_an_hour_when_the_clocks_change():
    start = datetime(2026, 3, 29, 1, 30, tzinfo=PARIS).astimezone(UTC)
    box = TimeBox(start, start + timedelta(hours=1))
    assert box.end.astimezone(PARIS).hour == 3
    assert box.left(start) == timedelta(hours=1)


def test_it_refuses_naive_and_backward_instants():
    with pytest.raises(ValueError, match="aware"):
        TimeBox(datetime(2026, 1, 1), NOW)  # noqa: DTZ001 - the naive instant is the point
    with pytest.raises(ValueError, match="after"):
        TimeBox(NOW, NOW - timedelta(seconds=1))


def test_nothing_is_left_after_the_end():
    assert TimeBox(NOW, NOW).left(NOW + timedelta(days=1)) == timedelta()


@given(st.integers(0, 20_000), st.integers(0, 20_000))
def test_walking_from_wake_to_wake_meets_every_warning_once_and_the_end(length, offset):
    box = TimeBox(NOW, NOW + timedelta(seconds=length))
    seen, now, wakes = [], NOW + timedelta(seconds=min(offset, length)), 0
    due = [w for w in box.warnings if box.end - w > now]
    while box.contains(now):
        before, now = now, box.next_wake(now)
        warning = box.due_warning(before, now)
        seen += [warning] if warning is not None else []
        wakes += 1
        assert now > before
    assert sorted(seen) == sorted(due)
    assert wakes <= len(box.warnings) + 1


def test_a_minute_counts_once_it_is_over():
    assert whole_minutes(timedelta(minutes=90, seconds=59)) == 90
