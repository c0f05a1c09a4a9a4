"""Hours that the clocks skip or show twice, in Paris and where the clocks never move."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bastion.domain import local_time
from bastion.domain.local_time import (
    local_date,
    midnight,
    moments,
    offset_form,
    only_moment,
    opening,
)
from bastion.errors import Invalid

PARIS, REUNION = "Europe/Paris", "Indian/Reunion"
SKIPPED, TWICE = datetime(2026, 3, 29, 2, 30), datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001 - times on a wall


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_an_ordinary_time_is_one_instant():
    wall = datetime(2026, 7, 1, 14, 0)  # noqa: DTZ001
    assert moments(wall, PARIS).instants == (utc(2026, 7, 1, 12),)
    assert only_moment(wall, PARIS, "start") == opening(wall, PARIS) == utc(2026, 7, 1, 12)
    assert offset_form(utc(2026, 7, 1, 12), PARIS) == "2026-07-01T14:00+02:00"


def test_an_hour_the_clocks_skip_does_not_exist():
    assert moments(SKIPPED, PARIS).instants == ()
    assert moments(SKIPPED, PARIS).first is None
    with pytest.raises(Invalid) as refused:
        only_moment(SKIPPED, PARIS, "start")
    assert (refused.value.field, "does not exist" in refused.value.public) == ("start", True)
    assert moments(SKIPPED, REUNION).instants == (utc(2026, 3, 28, 22, 30),)


def test_an_hour_that_comes_twice_is_refused_with_both():
    assert moments(TWICE, PARIS).instants == (utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30))
    with pytest.raises(Invalid) as refused:
        only_moment(TWICE, PARIS, "start")
    assert "as 2026-10-25T02:30+02:00 and as 2026-10-25T02:30+01:00" in refused.value.public


def test_what_begins_in_a_skipped_hour_begins_when_the_clocks_jump_and_in_a_double_one_the_first_time():
    assert opening(SKIPPED, PARIS) == utc(2026, 3, 29, 1)
    assert opening(TWICE, PARIS) == utc(2026, 10, 25, 0, 30)
    assert opening(datetime(2026, 3, 29, 2, 0), PARIS) == utc(2026, 3, 29, 1)  # noqa: DTZ001


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.sampled_from([PARIS, REUNION, "America/New_York"]))  # noqa: DTZ001
def test_every_instant_found_shows_that_time_on_the_wall(wall, zone):
    from zoneinfo import ZoneInfo

    found = moments(wall, zone).instants
    assert list(found) == sorted(set(found))
    for at in found:
        assert at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) == wall
    if found:
        assert opening(wall, zone) == found[0]


def test_days_of_23_and_25_hours():
    assert midnight(date(2026, 3, 30), PARIS) - midnight(date(2026, 3, 29), PARIS) == timedelta(hours=23)
    assert midnight(date(2026, 10, 26), PARIS) - midnight(date(2026, 10, 25), PARIS) == timedelta(hours=25)
    assert local_date(utc(2026, 6, 30, 22, 30), PARIS) == date(2026, 7, 1)


def test_windows_that_begin_at_the_same_hour_are_worked_out_once():
    """A calendar of two months has thousands of them, at a few hundred times."""
    wall = datetime(2026, 7, 6, 22, 30)  # noqa: DTZ001
    local_time._moments.cache_clear()
    found = [moments(one, PARIS) for one in (wall, wall.replace(fold=1), wall)]
    assert found == [found[0]] * 3
    assert moments(wall, REUNION) != found[0]
    assert local_time._moments.cache_info().misses == 2
