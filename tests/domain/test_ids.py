from datetime import UTC, datetime, timedelta

from bastion.domain.ids import new_id

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_ids_sort_by_time_and_never_repeat():
    made = [new_id(NOW + timedelta(milliseconds=n // 10)) for n in range(1000)]
    assert len(set(made)) == 1000
    assert [m[:12] for m in made] == sorted(m[:12] for m in made)
    assert all(len(m) == 32 and int(m, 16) >= 0 for m in made)
