"""R-46: declared first; 21 days to object, silence allows, an objection forbids."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.subcontractor import TIME_TO_OBJECT, WHY_NOT, Subcontractor, SubcontractorState
from bastion.errors import IllegalTransition

NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)
DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
ONE = Subcontractor("u1", "s1", "Sub & Co", "123456789", "FR", "Denis", NOW)
WAITING, ALLOWED = SubcontractorState.WAITING, SubcontractorState.ALLOWED
OBJECTED, ENDED = SubcontractorState.OBJECTED, SubcontractorState.ENDED


def test_silence_allows_on_day_22():
    assert ONE.allowed_from == NOW + 21 * DAY
    at = [NOW, NOW + 21 * DAY - INSTANT, NOW + 21 * DAY, NOW + 400 * DAY]
    assert [ONE.state(now) for now in at] == [WAITING, WAITING, ALLOWED, ALLOWED]
    assert TIME_TO_OBJECT == 21 * DAY


def test_an_objection_forbids_for_good():
    gone = ONE.object("Ruth", "no attestation", NOW + 20 * DAY)
    assert [gone.state(now) for now in (NOW + 20 * DAY, NOW + 400 * DAY)] == [OBJECTED, OBJECTED]
    assert (gone.objected_by, gone.objection) == ("Ruth", "no attestation")
    for again in (lambda: gone.object("Ruth", "x", NOW + 20 * DAY), lambda: gone.end("Denis", NOW + 20 * DAY)):
        with pytest.raises(IllegalTransition):
            again()


def test_after_21_days_there_is_no_objection_any_more():
    with pytest.raises(IllegalTransition):
        ONE.object("Ruth", "too late", NOW + 21 * DAY)


@pytest.mark.parametrize("days", [0, 20, 21, 90])
def test_it_may_end_at_any_time_and_once(days):
    gone = ONE.end("Denis", NOW + days * DAY)
    assert gone.state(NOW + days * DAY) is ENDED
    with pytest.raises(IllegalTransition):
        gone.end("Denis", NOW + days * DAY)
    with pytest.raises(IllegalTransition):
        gone.object("Ruth", "x", NOW)


def test_whoever_is_employed_there_reads_why_he_does_not_work():
    why = ONE.why_not(NOW)
    assert str(why) == (
        "the employer Sub & Co is a subcontractor the hospital may object to until 2026-12-20."
    )  # fmt: skip
    assert ONE.why_not(NOW + 21 * DAY) is None
    assert "has objected" in str(ONE.object("Ruth", "no", NOW).why_not(NOW))
    assert "no longer a declared" in str(replace(ONE, ended_at=NOW, ended_by="x").why_not(NOW))
    assert {*WHY_NOT} == {*SubcontractorState} - {ALLOWED}
