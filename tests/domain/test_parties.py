from datetime import UTC, datetime, timedelta

from bastion.domain.parties import EVERYWHERE, Role, Staff, Technician, assigned, operator_actor, system_actor

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_technician_is_usable_until_his_last_instant():
    person = Technician("t", "alice", "Alice", "a@x", "acme", valid_until=NOW)
    assert person.usable(NOW - timedelta(microseconds=1))
    assert not person.usable(NOW)
    assert not Technician("t", "alice", "Alice", "a@x", "acme", active=False).usable(NOW)


def test_staff_cover_their_facilities_or_all():
    local = Staff("s", "eve", "Eve", "", assigned({Role.APPROVER}, {"chu"}))
    group = Staff("s", "eve", "Eve", "", assigned({Role.SECURITY}, {EVERYWHERE}))
    assert (local.covers("chu"), local.covers("ch2"), group.covers("ch2")) == (True, False, True)


def test_the_operator_is_no_approver_and_the_clockwork_has_no_role():
    assert Role.APPROVER not in operator_actor("root").roles
    assert system_actor().roles == frozenset()
    assert operator_actor("root").covers("anything")
