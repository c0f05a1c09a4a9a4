from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.lock import LockScope
from bastion.errors import Invalid
from web import fields


def test_a_day_begins_and_ends_at_local_midnight():
    assert fields.day_start("2026-11-22", "since") == datetime(2026, 11, 21, 23, tzinfo=UTC)
    assert fields.day_end("2026-11-22", "until") == datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert fields.day_start(" ", "since") is None
    assert fields.day_end("", "until") is None


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-22", 24)])
def test_a_day_lasts_as_long_as_the_clocks_make_it(day, hours):
    start, end = fields.day_start(day, "x"), fields.day_end(day, "x")
    assert start is not None
    assert end is not None
    assert end - start == timedelta(hours=hours)


def test_a_local_moment_is_read_on_the_wall_of_its_hospital():
    assert fields.local_moment("2026-11-22T14:30", "start", "Europe/Paris") == datetime(
        2026, 11, 22, 13, 30, tzinfo=UTC
    )
    assert fields.local_moment("2026-11-22T14:30", "start", "Indian/Reunion") == datetime(
        2026, 11, 22, 10, 30, tzinfo=UTC
    )
    assert fields.local_moment("", "start", "Europe/Paris") is None


def test_an_hour_that_the_clocks_skip_is_refused():
    with pytest.raises(Invalid) as refused:
        fields.local_moment("2026-03-29T02:30", "start", "Europe/Paris")
    assert refused.value.field == "start"
    assert "skip" in refused.value.public


def test_an_hour_that_happens_twice_is_refused_unless_its_offset_says_which():
    with pytest.raises(Invalid) as refused:
        fields.local_moment("2026-10-25T02:30", "start", "Europe/Paris")
    assert (refused.value.field, "comes twice" in refused.value.public) == ("start", True)
    assert fields.local_moment("2026-10-25T02:30+01:00", "start", "Europe/Paris") == datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )


@pytest.mark.parametrize("read", [
    lambda text: fields.day_start(text, "f"), lambda text: fields.day_end(text, "f"),
    lambda text: fields.local_moment(text, "f", "Europe/Paris"), lambda text: fields.whole(text, "f"),
    lambda text: fields.choice(text, LockScope, "f"), lambda text: fields.whole_of(text, (1, 4), "f"),
])  # fmt: skip
@pytest.mark.parametrize(
    "text", ["tomorrow", "2026-13-45", "0001-01-01", "9999-12-31", "'; drop table", "\x00", "9" * 5000]
)
def test_nonsense_names_its_field(read, text):
    with pytest.raises(Invalid) as refused:
        read(text)
    assert refused.value.field == "f"


def test_numbers_and_choices():
    assert fields.whole("42", "f") == 42
    assert fields.choice("device", LockScope, "f") is LockScope.DEVICE
    assert fields.whole_of("4", (1, 4), "f") == 4
    assert fields.length(90) == timedelta(minutes=90)


@pytest.mark.parametrize(
    ("text", "number"), [("3", 3), ("", 0), ("-1", 0), ("x", 0), ("²", 0), ("9" * 30, 10_000), ("9" * 5000, 10_000)]
)
def test_a_page_number_is_never_an_error(text, number):
    assert fields.page_number(text) == number


@pytest.mark.parametrize("text", ["²", "٣", "-1", "", "x", "9" * 5000, "1e3"])
def test_what_is_no_number_one_would_type_counts_nothing(text):
    assert fields.count(text) == 0


def test_a_number_counts():
    assert [fields.count(text) for text in ("0", "45", "999999999")] == [0, 45, 999_999_999]
