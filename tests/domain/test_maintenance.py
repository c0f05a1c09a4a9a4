"""Times that come again: weekly, monthly, over midnight, over the days on which the clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bastion.domain.access_request import InterventionKind
from bastion.domain.maintenance import LAST, MaintenanceWindow, Rhythm, WindowStatus, checked
from bastion.errors import AlreadyAgreed, Conflict, IllegalTransition, Invalid, SelfApproval

PARIS = "Europe/Paris"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SUNDAY, TUESDAY = 6, 1


def window(rhythm: Rhythm = Rhythm(0, TUESDAY, 22 * 60, 120), **changes: object) -> MaintenanceWindow:  # noqa: B008
    made = MaintenanceWindow(
        "win-1234abcd", "fac", "dev", "sup", InterventionKind.TELEDIAGNOSTIC, rhythm.week, rhythm.weekday,
        rhythm.begins, rhythm.minutes, NOW, NOW + 300 * DAY, "monthly look", "stf-1", "Eve", NOW, 2,
    )  # fmt: skip
    return replace(made, **changes)


def boxes(one: MaintenanceWindow, after: datetime, until: datetime, zone: str = PARIS) -> list[tuple[str, str]]:
    form = "%m-%d %H:%M"
    return [(box.start.strftime(form), box.end.strftime(form)) for box in one.occurrences(zone, after, until)]


def test_every_week_at_the_same_time_on_the_wall_in_winter_and_in_summer():
    march = boxes(window(), datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 4, 8, tzinfo=UTC))
    assert march == [
        ("03-24 21:00", "03-24 23:00"), ("03-31 20:00", "03-31 22:00"), ("04-07 20:00", "04-07 22:00"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("week", "days"), [(1, ["04-07", "05-05"]), (4, ["04-28", "05-26"]), (LAST, ["04-28", "05-26"])]
)
def test_once_a_month(week, days):
    found = boxes(
        window(Rhythm(week, TUESDAY, 600, 60)), datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    )
    assert [start[:5] for start, _ in found] == days


def test_the_last_one_is_the_fifth_where_there_is_one():
    found = boxes(window(Rhythm(LAST, 0, 600, 60)), datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert found == [("03-30 08:00", "03-30 09:00")]


def test_a_window_over_the_hour_that_is_skipped_ends_at_its_time_on_the_wall_and_lasts_no_longer_over_one_shown_twice():
    one = window(Rhythm(0, SUNDAY, 60, 180))  # 01:00 to 04:00
    assert boxes(one, datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)) == [
        ("03-29 00:00", "03-29 02:00")
    ]
    assert boxes(one, datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC)) == [
        ("10-24 23:00", "10-25 02:00")
    ]


@pytest.mark.parametrize(("begins", "minutes"), [(150, 60), (120, 60), (90, 60), (150, 15), (180, 60), (60, 720)])
def test_where_the_clocks_go_back_a_window_lasts_what_was_agreed_to(begins, minutes):
    (box,) = window(Rhythm(0, SUNDAY, begins, minutes)).occurrences(
        PARIS, datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 20, tzinfo=UTC)
    )
    assert box.length == timedelta(minutes=minutes)


def test_a_window_that_lies_within_the_skipped_hour_does_not_take_place_that_day():
    one = window(Rhythm(0, SUNDAY, 2 * 60 + 15, 30))
    assert boxes(one, datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 4, 6, tzinfo=UTC)) == [
        ("04-05 00:15", "04-05 00:45")
    ]


def test_one_that_began_yesterday_is_still_on_and_its_end_is_not_in_it():
    one = window(Rhythm(0, TUESDAY, 23 * 60, 180))
    start = datetime(2026, 3, 3, 22, tzinfo=UTC)
    assert one.at(PARIS, start - timedelta(microseconds=1)) is None
    assert one.at(PARIS, start).start == start
    assert one.at(PARIS, start + timedelta(minutes=179, seconds=59)).start == start
    assert one.at(PARIS, start + timedelta(hours=3)) is None


def test_nothing_before_it_holds_nor_from_its_last_day_on():
    assert boxes(window(), NOW - 30 * DAY, NOW) == []
    one = window(ends=datetime(2026, 3, 10, 21, tzinfo=UTC))
    assert boxes(one, NOW, NOW + 100 * DAY) == [("03-03 21:00", "03-03 23:00")]


@given(
    st.sampled_from([0, 1, 2, 3, 4, LAST]), st.integers(0, 6), st.integers(0, 1439), st.integers(15, 720),
    st.sampled_from([PARIS, "America/New_York", "Indian/Reunion"]), st.integers(0, 300),
)  # fmt: skip
def test_looking_at_any_moment_agrees_with_the_list(week, weekday, begins, minutes, zone, hours):
    one = window(Rhythm(week, weekday, begins, minutes))
    listed = list(one.occurrences(zone, NOW, NOW + 60 * DAY))
    assert listed == sorted(listed, key=lambda box: box.start)
    moment = NOW + timedelta(hours=hours * 4)
    assert one.at(zone, moment) == next((box for box in listed if box.contains(moment)), None)


def test_two_that_would_be_on_together_are_found():
    one, other = window(), window(Rhythm(1, TUESDAY, 23 * 60, 60))
    assert one.overlaps(other, PARIS) is not None
    assert one.overlaps(window(Rhythm(0, TUESDAY, 0, 60)), PARIS) is None, "half open: one ends as the other begins"
    assert one.overlaps(window(Rhythm(0, SUNDAY, 22 * 60, 120)), PARIS) is None


def test_it_is_agreed_to_by_others_ended_by_anybody_and_over_by_itself():
    one = window()
    assert (one.status(NOW), one.missing, one.ref) == (WindowStatus.PROPOSED, 2, "1234ABCD")
    with pytest.raises(SelfApproval):
        one.agree("stf-1", "Eve", 1, NOW)
    half = one.agree("stf-2", "Max", 1, NOW)
    assert (half.status(NOW), half.missing) == (WindowStatus.PROPOSED, 1)
    with pytest.raises(AlreadyAgreed):
        half.agree("stf-2", "Max", 1, NOW)
    with pytest.raises(Conflict):
        half.agree("stf-3", "Zoe", 9, NOW)
    whole = half.agree("stf-3", "Zoe", 1, NOW)
    assert (whole.status(NOW), whole.agreed_names) == (WindowStatus.AGREED, ("Max", "Zoe"))
    assert whole.status(whole.ends) is WindowStatus.OVER
    gone = whole.end("Ruth", "contract over", NOW)
    assert (gone.status(NOW), gone.ended_by) == (WindowStatus.ENDED, "Ruth")
    for act in (
        lambda: gone.end("x", "y", NOW),
        lambda: gone.agree("z", "Z", 1, NOW),
        lambda: whole.agree("z", "Z", 1, NOW),
    ):
        with pytest.raises(IllegalTransition):
            act()


def test_it_covers_its_kind_and_its_company_or_all_of_them():
    one = window()
    assert one.covers("sup", InterventionKind.TELEDIAGNOSTIC)
    assert not one.covers("sup", InterventionKind.TELEMAINTENANCE)
    assert not one.covers("other", InterventionKind.TELEDIAGNOSTIC)
    assert replace(one, supplier_id="").covers("other", InterventionKind.TELEDIAGNOSTIC)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"week": 5}, "week"), ({"weekday": 7}, "weekday"), ({"begins": 1440}, "begins"), ({"begins": -1}, "begins"),
        ({"minutes": 14}, "minutes"), ({"minutes": 721}, "minutes"), ({"ends": NOW}, "ends"),
        ({"ends": NOW + 367 * DAY}, "ends"), ({"reason": "  a "}, "reason"), ({"reason": "x" * 2001}, "reason"),
    ],
    ids=str,
)  # fmt: skip
def test_bad_ones_are_refused_at_their_field(changes, field):
    with pytest.raises(Invalid) as refused:
        checked(window(**changes))
    assert refused.value.field == field


@pytest.mark.parametrize(("week", "day", "on"), [
    (1, date(2026, 4, 7), True), (2, date(2026, 4, 7), False), (2, date(2026, 4, 14), True),
    (1, date(2026, 4, 8), False), (4, date(2026, 4, 28), True), (LAST, date(2026, 4, 21), False),
    (LAST, date(2026, 4, 28), True), (LAST, date(2026, 3, 24), False), (LAST, date(2026, 3, 31), True),
    (0, date(2026, 4, 14), True), (1, date(2026, 9, 1), True), (2, date(2026, 9, 8), True),
])  # fmt: skip
def test_which_tuesday_of_the_month(week, day, on):
    assert Rhythm(week, TUESDAY, 600, 60).on(day) is on


def test_how_many_more_must_agree_is_never_less_than_nobody():
    assert [window(agreed_ids=ids).missing for ids in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == [2, 1, 0, 0]


def test_a_span_is_half_open_at_both_ends():
    one = window()
    ((start, end),) = [(box.start, box.end) for box in one.occurrences(PARIS, NOW, NOW + 6 * DAY)]
    tick = timedelta(microseconds=1)
    assert list(one.occurrences(PARIS, start - DAY, start)) == []
    assert len(list(one.occurrences(PARIS, start - DAY, start + tick))) == 1
    assert len(list(one.occurrences(PARIS, end - tick, end + DAY))) == 1
    assert list(one.occurrences(PARIS, end, end + DAY)) == []


def test_two_that_touch_do_not_overlap():
    first = window(Rhythm(0, TUESDAY, 20 * 60, 120))
    after, before = window(Rhythm(0, TUESDAY, 22 * 60, 60)), window(Rhythm(0, TUESDAY, 19 * 60, 60))
    assert first.overlaps(after, PARIS) is None
    assert first.overlaps(before, PARIS) is None
    assert first.overlaps(window(Rhythm(0, TUESDAY, 21 * 60, 60)), PARIS) is not None


def test_a_window_that_says_what_it_is_for_is_taken_tidied():
    assert checked(window(reason="  weekly look ")).reason == "weekly look"
