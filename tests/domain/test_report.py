"""What a report holds, and until when it is owed (R-59, R-40)."""

from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.report import LONGEST, LONGEST_TAKEN, MOST, SHORTEST, After, ReportDue, ReportForm, checked
from bastion.errors import Conflict, Invalid

NOW = datetime(2026, 11, 29, 10, tzinfo=UTC)
WEEK = timedelta(days=7)
DUE = ReportDue("r", "t", "s", "f", None, None)


def test_what_is_owed_is_not_put_off_and_ends_when_written():
    owed = DUE.worked_again(NOW, NOW + WEEK)
    assert (owed.owed_since, owed.due_at) == (NOW, NOW + WEEK)
    assert owed.worked_again(NOW + WEEK, NOW + 2 * WEEK) == owed
    assert owed.written() == DUE
    assert DUE.worked_again(NOW, None).due_at is None


def test_it_is_overdue_from_its_day_on_and_never_without_one():
    owed = DUE.worked_again(NOW, NOW + WEEK)
    assert [owed.overdue(NOW + WEEK - timedelta(microseconds=1)), owed.overdue(NOW + WEEK)] == [False, True]
    assert not DUE.worked_again(NOW, None).overdue(NOW + 100 * WEEK)


def test_a_form_is_tidied():
    form = checked(ReportForm("  done ", After.LIMITED, "  ", NOW + WEEK), 0, NOW)
    assert form == ReportForm("done", After.LIMITED, "", None)


@pytest.mark.parametrize(("form", "field"), [
    (ReportForm("  x ", After.LIMITED), "done"), (ReportForm("x" * (LONGEST + 1), After.LIMITED), "done"),
    (ReportForm("done", After.LIMITED, "x" * (LONGEST_TAKEN + 1), NOW + WEEK), "taken"),
    (ReportForm("done", After.LIMITED, "logs"), "erased_by"),
    (ReportForm("done", After.LIMITED, "logs", NOW), "erased_by"),
    (ReportForm("done", After.LIMITED, "logs", datetime(2027, 1, 1)), "erased_by"),  # noqa: DTZ001 - the mistake
])  # fmt: skip
def test_what_is_missing_is_named(form: ReportForm, field: str):
    with pytest.raises(Invalid) as refused:
        checked(form, 0, NOW)
    assert refused.value.field == field


def test_there_is_an_end_to_adding():
    form = ReportForm("done", After.IN_SERVICE)
    assert checked(form, MOST - 1, NOW) == form
    with pytest.raises(Conflict):
        checked(form, MOST, NOW)


def test_a_report_of_just_the_allowed_length_is_taken():
    for done in ("x" * SHORTEST, "x" * LONGEST):
        assert checked(ReportForm(done, After.LIMITED), 0, NOW).done == done
    assert (
        len(checked(ReportForm("done", After.LIMITED, "x" * LONGEST_TAKEN, NOW + WEEK), 0, NOW).taken) == LONGEST_TAKEN
    )
