from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.parties import Technician
from bastion.domain.readiness import Readiness, readiness

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OVER = NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("active", "until", "barred", "key", "enrolled", "proved", "said"),
    [
        (False, OVER, True, False, False, False, Readiness.OUT_OF_USE),
        (True, OVER, True, False, False, False, Readiness.OVER),
        (True, None, True, False, False, False, Readiness.BARRED),
        (True, None, False, False, False, False, Readiness.NOTHING_SET_UP),
        (True, None, False, False, True, True, Readiness.NO_KEY),
        (True, None, False, True, False, False, Readiness.NO_AUTHENTICATOR),
        (True, None, False, True, True, False, Readiness.UNTRIED),
        (True, None, False, True, True, True, Readiness.READY),
    ],
)
def test_the_gravest_that_stands_in_the_way_is_said(active, until, barred, key, enrolled, proved, said):
    person = Technician("t1", "alice", "Alice", "a@acme", "s1", "en", until, active)
    assert readiness(person, NOW, barred=barred, has_key=key, enrolled=enrolled, proved=proved) is said
