"""One question for how long and from when: what is understood, and what is said of everything else."""

from datetime import UTC, datetime, timedelta

import pytest

from bastion.errors import Invalid
from bastion.proxy.lobby.timing import NO_DAY, NO_START, NO_TIME, Timing, age_of, read, typed_as
from bastion.proxy.notices import Words
from bastion.services.drafts import PAST

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PARIS = "Europe/Paris"


@pytest.mark.parametrize(
    ("answer", "minutes", "start"),
    [
        ("90", 90, None), ("1h30", 90, None), (" 2 h ", 120, None),
        ("2h 2026-03-02 22:00", 120, datetime(2026, 3, 2, 21, 0, tzinfo=UTC)),
        ("2h 02/03/2026 22h00", 120, datetime(2026, 3, 2, 21, 0, tzinfo=UTC)),
        ("45 min  2026-07-14 8:05", 45, datetime(2026, 7, 14, 6, 5, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_a_length_and_for_later_the_hour_on_the_hospitals_wall(answer, minutes, start):
    assert read(answer, PARIS, NOW) == Timing(minutes, start)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("soon", NO_TIME), ("0", NO_TIME), ("2026-03-02 22:00", NO_TIME), (" 2026-03-02 22:00", NO_TIME),
        ("2h tomorrow", NO_START), ("2h 2026-03-02", NO_START), ("2h 2026-03-02 22:00 x", NO_START),
        ("1h demain 22h", NO_START), ("2 h demain", NO_START), ("2 heures demain", NO_START),
        ("45 minutes environ", NO_TIME), ("30 secondes", NO_TIME), ("2h environ", NO_TIME),
        ("2h 2026-02-30 22:00", NO_DAY), ("2h 2026-03-02 25:00", NO_DAY), ("2h 31/02/2026 22:00", NO_DAY),
        ("2h 0001-01-01 00:00", NO_DAY), ("2h 9999-12-31 23:59", NO_DAY),
        ("2h 2026-03-01 12:59", PAST), ("2h 1999-03-01 12:59", PAST),
    ],
)  # fmt: skip
def test_anything_else_is_said_to_be_none(answer, sentence):
    with pytest.raises(Invalid) as refused:
        read(answer, PARIS, NOW)
    assert refused.value.msgid == sentence


@pytest.mark.parametrize("answer", ["1h 2026-03-29 02:30", "1h 2026-10-25 02:30"], ids=["skipped", "twice"])
def test_an_hour_that_the_clocks_skip_or_show_twice_is_refused(answer):
    with pytest.raises(Invalid) as refused:
        read(answer, PARIS, NOW)
    assert refused.value.field == "start"


@pytest.mark.parametrize(
    ("answer", "age"),
    [
        ("48 h", timedelta(hours=48)), ("20 min", timedelta(minutes=20)), ("3d", timedelta(days=3)),
        ("3j", timedelta(days=3)), ("3 jours", timedelta(days=3)), ("il y a 3 jours", timedelta(days=3)),
        ("Il y a 2 h", timedelta(hours=2)), ("1 day ago", timedelta(days=1)), ("2h ago", timedelta(hours=2)),
        ("", None), ("il y a", None), ("long ago", None), ("3x", None),
    ],
)  # fmt: skip
def test_how_long_ago_a_backup_was_made(answer, age):
    assert age_of(answer) == age


@pytest.mark.parametrize(("language", "text"), [("en", "2h 2026-03-01 22:00"), ("fr", "2h 01/03/2026 22:00")])
def test_an_example_is_written_as_the_reader_writes_days_and_is_understood(language, text):
    moment = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)  # past midnight in Paris
    assert Words(language).phrase(typed_as(moment, "Europe/Paris", "22:00", "2h ")) == text
    assert read(text, "Europe/Paris", moment).start == datetime(2026, 3, 1, 21, 0, tzinfo=UTC)
