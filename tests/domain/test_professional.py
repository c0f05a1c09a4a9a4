"""R-38: who may answer for patient data, from when and until when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.professional import Professional, checked_rpps
from bastion.errors import IllegalTransition, Invalid

NOW = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROUX = Professional("p1", "f1", "Dr Roux", "radiologist", "", NOW, NOW + 2 * HOUR, "Denis", NOW)


@pytest.mark.parametrize("said", ["", " ", "10003456786", "100 0345 6786"])
def test_a_number_has_eleven_digits_and_fits_its_check_digit(said):
    assert checked_rpps(said) in {"", "10003456786"}


@pytest.mark.parametrize("said", ["1000345678", "10003456787", "100034567861", "1000345678x", "18", "١٠٠٠٣٤٥٦٧٨٦"])
def test_what_is_no_number_is_refused(said):
    with pytest.raises(Invalid) as refused:
        checked_rpps(said)
    assert refused.value.field == "rpps"


def test_he_answers_for_the_whole_of_the_work_or_not_at_all():
    assert ROUX.stands(NOW, NOW + 2 * HOUR)
    assert not ROUX.stands(NOW - timedelta(microseconds=1), NOW + HOUR)
    assert not ROUX.stands(NOW + HOUR, NOW + 2 * HOUR + timedelta(minutes=1))
    assert replace(ROUX, ends=None).stands(NOW, NOW + 900 * HOUR)
    assert not ROUX.retire("Denis", NOW).stands(NOW, NOW + HOUR)
    assert (ROUX.over(NOW + HOUR), ROUX.over(NOW + 2 * HOUR), ROUX.retire("Denis", NOW).over(NOW)) == (
        False,
        True,
        True,
    )


def test_ends_are_said_and_read_by_the_minute():
    assert ROUX.stands(NOW, NOW + 2 * HOUR + timedelta(seconds=59.9))
    assert not ROUX.stands(NOW, NOW + 2 * HOUR + timedelta(seconds=60))


def test_he_is_retired_once():
    with pytest.raises(IllegalTransition):
        ROUX.retire("Denis", NOW).retire("Denis", NOW)


@pytest.mark.parametrize(("said", "means"), [
    ("dr roux", True), (" Dr  Roux ", True), ("Dr Roux, radiologist", True), ("Roux", False), ("", False),
])  # fmt: skip
def test_he_is_meant_by_his_whole_name(said, means):
    assert ROUX.named(said) is means
