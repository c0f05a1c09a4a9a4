from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.lock import Lock, LockScope, Subject, first_hit

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALICE = Subject("alice", "acme", "ct")


def lock(scope: LockScope, subject: str = "", **more: object) -> Lock:
    return Lock("l", scope, subject, "crisis", "Eve", NOW, **more)


@pytest.mark.parametrize(
    ("scope", "hit", "miss"),
    [
        (LockScope.SUPPLIER, "acme", "other"),
        (LockScope.TECHNICIAN, "alice", "bob"),
        (LockScope.DEVICE, "ct", "mri"),
    ],
)
def test_a_lock_stops_what_it_names_and_nothing_else(scope, hit, miss):
    assert lock(scope, hit).hits(ALICE)
    assert not lock(scope, miss).hits(ALICE)


def test_a_lock_on_all_stops_everybody():
    assert lock(LockScope.ALL).hits(ALICE)
    assert lock(LockScope.ALL).hits(Subject("x", "y"))


def test_a_lock_ends_when_lifted_or_past_its_term():
    late = NOW + timedelta(hours=1)
    assert lock(LockScope.ALL).active(NOW + timedelta(days=999))
    assert not lock(LockScope.ALL, until=late).active(late)
    assert not lock(LockScope.ALL, lifted_at=NOW).active(NOW)


def test_the_first_active_hit_is_found():
    dead, other, hit = lock(LockScope.ALL, lifted_at=NOW), lock(LockScope.DEVICE, "mri"), lock(LockScope.DEVICE, "ct")
    assert first_hit([dead, other, hit], ALICE, NOW) is hit
    assert first_hit([dead, other], ALICE, NOW) is None
