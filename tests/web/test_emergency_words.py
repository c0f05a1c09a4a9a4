"""A closed set that grows must find its new word here."""

from bastion.domain.emergency import EmergencyStatus, Outcome
from web import emergency_words


def test_every_member_has_a_word_and_no_word_is_idle():
    assert set(emergency_words.STATES) == set(EmergencyStatus)
    assert set(emergency_words.OUTCOMES) == set(Outcome)
