"""A closed set that grows must find its new word here."""

from bastion.domain.maintenance import WEEKS, Rhythm, WindowStatus
from web import window_words


def test_every_member_has_a_word_and_no_word_is_idle():
    assert set(window_words.STATES) == set(WindowStatus)
    assert set(window_words.WEEKS) == set(WEEKS)


def test_a_rhythm_is_said_for_every_week():
    said = {
        window_words.rhythm(Rhythm(week, 6, 1410, 60), lambda text, **facts: text.format(**facts), "en")
        for week in WEEKS
    }
    assert len(said) == len(WEEKS)
    assert "every Sunday, 23:30 to 00:30" in said
