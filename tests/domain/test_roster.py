"""R-18: a confirmation holds for a quarter; after the grace whoever is not confirmed is suspended."""

from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.ids import new_id
from bastion.domain.roster import EVERY, GRACE, Confirmed, Rhythm, RosterState, enrolled

NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)
DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)


def test_confirmed_then_overdue_then_suspended_by_the_clock_alone():
    due, suspended = Rhythm(90 * DAY, 10 * DAY).from_(NOW)
    one = Confirmed("t1", NOW, due, suspended, "Ruth", "L-1")
    at = [NOW, due - INSTANT, due, suspended - INSTANT, suspended]
    assert [one.state(now).value for now in at] == ["confirmed", "confirmed", "overdue", "overdue", "suspended"]
    assert (due, suspended) == (NOW + 90 * DAY, NOW + 100 * DAY)


def test_who_is_newly_registered_counts_from_that_day():
    one = enrolled(new_id(NOW))
    assert (one.at, one.due_at, one.suspended_at) == (NOW, NOW + EVERY, NOW + EVERY + GRACE)


@pytest.mark.parametrize("ident", ["", "t1", "zzzzzzzzzzzz", "ffffffffffff" * 3])
def test_an_id_of_nobody_we_registered_is_suspended_or_no_state_at_all(ident):
    state = enrolled(ident).state(NOW)
    assert state is RosterState.SUSPENDED
