"""R-35: silence ends a session at its limit, with a word a minute before; without a limit it never does."""

from datetime import UTC, datetime, timedelta

from bastion.domain.quiet import WARNING, Quiet

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
LIMIT = timedelta(minutes=15)
QUIET, ANY = Quiet(LIMIT), Quiet()


def test_it_is_over_at_the_limit_and_near_a_minute_before():
    assert [QUIET.over(NOW, NOW + LIMIT + late) for late in (-INSTANT, timedelta(), INSTANT)] == [False, True, True]
    soon = NOW + LIMIT - WARNING
    assert [QUIET.near(NOW, soon + late) for late in (-INSTANT, timedelta(), INSTANT)] == [False, True, True]
    assert QUIET.left(NOW, soon) == WARNING


def test_what_is_to_come_is_looked_for_again():
    soon, end = NOW + LIMIT - WARNING, NOW + LIMIT
    assert QUIET.moments(NOW, NOW) == [soon, end]
    assert QUIET.moments(NOW, soon) == [end]
    assert QUIET.moments(NOW, end) == []


def test_without_a_limit_nothing_is_ever_over():
    for at in (NOW, NOW + timedelta(days=400)):
        assert (ANY.over(NOW, at), ANY.near(NOW, at), ANY.moments(at, NOW)) == (False, False, [])
