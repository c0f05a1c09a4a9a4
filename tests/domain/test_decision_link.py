from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.decision_link import MOST_TRIES, DecisionLink

NOW = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
LINK = DecisionLink("x" * 64, "stf-1", "req-1", NOW, NOW + timedelta(minutes=30))


def test_it_opens_until_its_end_and_not_at_it():
    assert LINK.trouble(NOW) == ""
    assert LINK.trouble(LINK.expires_at - timedelta(microseconds=1)) == ""
    assert LINK.trouble(LINK.expires_at) == "expired"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"used_at": NOW}, "used"),
        ({"void_at": NOW}, "replaced or taken back"),
        ({"tries": MOST_TRIES}, "too many tries"),
        ({"tries": MOST_TRIES - 1}, ""),
    ],
)
def test_what_is_spent_stays_spent(changes, why):
    assert replace(LINK, **changes).trouble(NOW) == why
