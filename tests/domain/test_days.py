"""A day on which something ends is its last one, whole, by the clock on the wall; and it is shown as that day again."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bastion.domain.local_time import day_end, last_day, local_date

PARIS = "Europe/Paris"
LAST = date(2026, 12, 31)
ZONES = st.sampled_from([PARIS, "UTC", "Indian/Reunion", "America/Cayenne", "Pacific/Noumea", "America/Miquelon"])


def test_the_last_day_belongs_to_it_and_the_next_does_not():
    assert day_end(LAST) == datetime(2026, 12, 31, 23, tzinfo=UTC)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), ZONES)
def test_a_day_that_was_said_is_shown_again_in_every_zone(day, zone):
    end = day_end(day, zone)
    assert last_day(end, zone) == day
    assert local_date(end - timedelta(microseconds=1), zone) == day
    assert local_date(end, zone) == day + timedelta(days=1)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (datetime(2026, 12, 30, 23, tzinfo=UTC), date(2026, 12, 30)),  # the beginning of the 31st, from an old form
        (datetime(2026, 12, 31, tzinfo=UTC), date(2026, 12, 30)),  # the same, from an old command line
        (datetime(2027, 1, 1, tzinfo=UTC), date(2026, 12, 31)),  # from a program
        (datetime(2026, 12, 31, 17, tzinfo=UTC), date(2026, 12, 31)),
    ],
)
def test_what_is_stored_already_is_shown_by_its_last_day(stored, shown):
    assert last_day(stored, PARIS) == shown


def test_a_day_sent_again_makes_nothing_longer():
    known = datetime(2026, 12, 31, 17, tzinfo=UTC)
    assert day_end(LAST, PARIS, known) == known
    assert day_end(date(2027, 1, 1), PARIS, known) == datetime(2027, 1, 1, 23, tzinfo=UTC)
