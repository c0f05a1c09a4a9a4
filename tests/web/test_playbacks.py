from datetime import UTC, datetime, timedelta
from typing import Any, cast

from web.playbacks import LENGTH, MOST, Playbacks

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FILM = cast("Any", object())


def test_T31_an_opened_recording_is_there_for_the_browser_that_opened_it_only():
    kept = Playbacks()
    kept.keep("mine", "r1", FILM, NOW)
    assert kept.of("mine", "r1", NOW) is FILM
    assert kept.of("other", "r1", NOW) is None
    assert kept.of("mine", "r2", NOW) is None


def test_the_reason_given_is_good_for_an_hour():
    kept = Playbacks()
    kept.keep("mine", "r1", FILM, NOW)
    assert kept.of("mine", "r1", NOW + LENGTH - timedelta(seconds=1)) is FILM
    assert kept.of("mine", "r1", NOW + LENGTH) is None


def test_signing_out_forgets():
    kept = Playbacks()
    kept.keep("mine", "r1", FILM, NOW)
    kept.keep("other", "r1", FILM, NOW)
    kept.forget("mine")
    assert kept.of("mine", "r1", NOW) is None
    assert kept.of("other", "r1", NOW) is FILM


def test_the_oldest_go_when_there_are_too_many():
    kept = Playbacks()
    for number in range(MOST + 1):
        kept.keep("mine", str(number), FILM, NOW)
    assert kept.of("mine", "0", NOW) is None
    assert kept.of("mine", str(MOST), NOW) is FILM
