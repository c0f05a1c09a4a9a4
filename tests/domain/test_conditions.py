"""On what terms one may agree."""

from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.conditions import FARTHEST, PLAIN, Condition, Terms, checked
from bastion.errors import Invalid

NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVERY = Terms(frozenset(Condition), NOW + HOUR)


def test_conditions_and_a_later_start_stay_as_they_were_said():
    assert checked(EVERY, None, NOW, extends=False) == EVERY
    assert checked(EVERY, NOW + HOUR, NOW, extends=False) == EVERY
    assert checked(PLAIN, NOW - HOUR, NOW, extends=True) == PLAIN


@pytest.mark.parametrize(("start", "asked"), [
    (NOW - HOUR, None), (NOW + HOUR, NOW + 2 * HOUR), (NOW + FARTHEST + HOUR, None),
    (datetime(2026, 11, 30), None),  # noqa: DTZ001
])  # fmt: skip
def test_a_start_is_later_and_not_out_of_sight(start, asked):
    with pytest.raises(Invalid) as refused:
        checked(Terms(start=start), asked, NOW, extends=False)
    assert refused.value.field == "start"


@pytest.mark.parametrize("terms", [Terms(frozenset({Condition.WATCHER})), Terms(start=NOW + HOUR)])
def test_running_work_goes_on_under_the_terms_it_began_under(terms):
    with pytest.raises(Invalid):
        checked(terms, None, NOW, extends=True)
