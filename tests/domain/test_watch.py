"""Who is there, judged from counts alone."""

from dataclasses import replace
from datetime import UTC, datetime

from bastion.domain.watch import LAPSE, LOOK, SILENCE, Presence, Watch

WATCH = Watch("w1", "g1", "s1", "p1", "Eve", "browser", datetime(2026, 3, 29, tzinfo=UTC), beats=7)


def beats(count: int) -> list[Watch]:
    return [replace(WATCH, beats=count)]


def test_a_watch_seen_for_the_first_time_is_not_believed():
    presence = Presence()
    presence.look(beats(7), 100.0)
    assert not presence.there("w1", 100.0)
    presence.look(beats(7), 100.2)
    assert not presence.there("w1", 100.2), "a page that closed before we looked"
    presence.look(beats(8), 100.4)
    assert presence.there("w1", 100.4)


def test_T10_silence_is_noticed_within_a_second():
    assert SILENCE + LOOK < 1.0
    presence = Presence()
    presence.look(beats(7), 100.0)
    presence.look(beats(8), 100.1)
    presence.look(beats(8), 100.09 + SILENCE)
    assert presence.there("w1", 100.09 + SILENCE)
    assert not presence.there("w1", 100.11 + SILENCE)
    presence.look(beats(9), 103.0)
    assert presence.there("w1", 103.0), "the network was away for a moment"


def test_a_watch_that_was_left_is_forgotten():
    presence = Presence()
    presence.look(beats(7), 100.0)
    presence.look(beats(8), 100.1)
    presence.look([], 100.2)
    assert not presence.there("w1", 100.2)
    assert not presence.lapsed("w1", 200.0)


def test_after_long_silence_it_lapses():
    presence = Presence()
    presence.look(beats(7), 100.0)
    presence.look(beats(8), 101.0)
    assert not presence.lapsed("w1", 101.0 + LAPSE)
    assert presence.lapsed("w1", 101.1 + LAPSE)
