"""Weekends and the public holidays of France are days off, on the hospital's own calendar."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bastion.domain.working_days import Holidays, WorkingDays, easter, french

PARIS, REUNION = "Europe/Paris", "Indian/Reunion"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [
        (1961, 4, 2), (2000, 4, 23), (2008, 3, 23), (2011, 4, 24), (2019, 4, 21), (2024, 3, 31), (2025, 4, 20),
        (2026, 4, 5), (2027, 3, 28), (2028, 4, 16), (2029, 4, 1), (2030, 4, 21), (2038, 4, 25), (2076, 4, 19),
        (2100, 3, 28), (2285, 3, 22),
    ],
)  # fmt: skip
def test_easter_of_these_years(year, month, day):
    assert easter(year) == date(year, month, day)


def test_easter_is_a_sunday_between_22_march_and_25_april_in_every_year():
    days = {easter(year) for year in range(1900, 2900)}
    assert {day.weekday() for day in days} == {6}
    assert {(day.month, day.day) for day in days} <= {
        (first.month, first.day) for first in (date(2001, 3, 22) + timedelta(days=n) for n in range(35))
    }


@pytest.mark.parametrize(
    ("year", "moving"),
    [
        (2024, {(4, 1), (5, 9), (5, 20)}),
        (2025, {(4, 21), (5, 29), (6, 9)}),
        (2026, {(4, 6), (5, 14), (5, 25)}),
        (2027, {(3, 29), (5, 6), (5, 17)}),
        (2028, {(4, 17), (5, 25), (6, 5)}),
        (2029, {(4, 2), (5, 10), (5, 21)}),
        (2030, {(4, 22), (5, 30), (6, 10)}),
    ],
)
def test_the_holidays_of_a_year_are_eleven(year, moving):
    fixed = {(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)}
    assert {(day.month, day.day) for day in french(year)} == fixed | moving
    assert len(french(year)) == 11


def test_where_two_fall_on_one_day_there_are_ten():
    """Ascension on 1 May in 2008 and on 8 May in 1997."""
    assert [len(french(year)) for year in (1997, 2008)] == [10, 10]


@pytest.mark.parametrize(
    ("at", "days", "ends"),
    [
        (utc(2026, 11, 25, 9), 3, utc(2026, 11, 30, 23)),  # Wednesday: Thursday, Friday, Monday
        (utc(2026, 11, 27, 23, 30), 1, utc(2026, 11, 30, 23)),  # Saturday already, on the wall
        (utc(2026, 3, 27, 9), 1, utc(2026, 3, 30, 22)),  # over the clocks' jump
        (utc(2026, 10, 22, 9), 2, utc(2026, 10, 26, 23)),
        (utc(2026, 12, 24, 9), 1, utc(2026, 12, 28, 23)),  # Christmas is a Friday
        (utc(2026, 12, 31, 9), 3, utc(2027, 1, 6, 23)),  # into the next year's first day
        (utc(2024, 5, 7, 9), 3, utc(2024, 5, 14, 22)),  # 8 May, Ascension, a weekend
        (utc(2026, 7, 13, 22, 30), 1, utc(2026, 7, 15, 22)),  # 14 July already, on the wall
    ],
)
def test_working_days_leave_weekends_and_holidays_out(at, days, ends):
    assert WorkingDays(days).end(at, PARIS) == ends


def test_the_day_is_the_hospital_s_own():
    at = utc(2026, 12, 24, 21)  # past midnight of Christmas in Reunion, and before it in Paris
    assert WorkingDays(1).end(at, REUNION) == WorkingDays(1).end(at, PARIS) - timedelta(hours=3)
    assert WorkingDays(1).end(utc(2026, 12, 23, 21), REUNION) == utc(2026, 12, 28, 20)
    assert WorkingDays(1).end(utc(2026, 12, 23, 21), PARIS) == utc(2026, 12, 24, 23)


def test_in_other_countries_only_weekends_are_days_off():
    elsewhere = WorkingDays(1, Holidays.NONE)
    assert elsewhere.end(utc(2026, 12, 24, 9), PARIS) == utc(2026, 12, 25, 23)
    assert elsewhere.end(utc(2026, 12, 25, 9), PARIS) == utc(2026, 12, 28, 23)
