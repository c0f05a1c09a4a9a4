"""R-54: six months, at most twelve, and longer only with a stated reason."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.retention import Due, Hold, Kept, Retention, due, later

ENDED = datetime(2026, 1, 31, 10, tzinfo=UTC)
YOUNG, OLD = datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2090-01-01")
NOW = datetime(2026, 8, 1, tzinfo=UTC)


def test_six_months_is_the_default_and_the_term_is_half_open():
    term = datetime(2026, 7, 31, 10, tzinfo=UTC)
    assert Retention().term(ENDED) == term
    kept = [Kept("a", ENDED)]
    assert due(kept, term - timedelta(microseconds=1), Retention()) == ()
    assert due(kept, term, Retention()) == (Due("a", term),)


@pytest.mark.parametrize("months", [0, -1, 13, 600])
def test_the_cap_is_twelve_months(months):
    with pytest.raises(ValueError, match="1 to 12"):
        Retention(months)


def test_the_longest_overdue_comes_first():
    kept = [Kept("b", ENDED), Kept("c", ENDED - timedelta(days=9)), Kept("a", ENDED), Kept("young", NOW)]
    assert [one.recording_id for one in due(kept, NOW, Retention())] == ["c", "a", "b"]


def test_a_hold_keeps_while_it_stands_even_beyond_the_cap():
    kept = [Kept("a", ENDED), Kept("b", ENDED)]
    hold = Hold("a", "incident 42", NOW)
    assert [d.recording_id for d in due(kept, NOW - timedelta(seconds=1), Retention(), [hold])] == ["b"]
    assert [d.recording_id for d in due(kept, NOW, Retention(), [hold])] == ["a", "b"]
    years = datetime(2036, 1, 1, tzinfo=UTC)
    assert [d.recording_id for d in due(kept, years, Retention(12), [Hold("a", "court")])] == ["b"]
    assert [d.recording_id for d in due(kept, NOW, Retention(), [hold, Hold("a", "court")])] == ["b"]


def test_a_hold_without_reason_is_none():
    with pytest.raises(ValueError, match="reason"):
        Hold("a", "  ")


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [("2026-08-31", 6, "2027-02-28"), ("2027-08-31", 6, "2028-02-29"), ("2026-12-15", 1, "2027-01-15"),
     ("2028-02-29", 12, "2029-02-28"), ("2026-06-30", 12, "2027-06-30")],
)  # fmt: skip
def test_months_of_the_calendar(start, months, end):
    assert later(datetime.fromisoformat(start), months) == datetime.fromisoformat(end)


@given(st.datetimes(timezones=st.just(UTC), min_value=YOUNG, max_value=OLD), st.integers(1, 12))
def test_a_term_is_never_short_of_its_months(moment, months):
    end = later(moment, months)
    assert timedelta(days=28 * months) <= end - moment <= timedelta(days=31 * months)
    assert end.time() == moment.time()


def test_a_month_is_the_least():
    assert Retention(1).term(datetime(2026, 1, 31, tzinfo=UTC)) == datetime(2026, 2, 28, tzinfo=UTC)
