"""The sentences of mails: each in French too, and for each topic at least one wording."""

import re
from typing import Final

from bastion.domain.telling import Topic
from bastion.i18n import catalogue
from bastion.services.letter_words import FOOT, OR_SIGN_IN, PROOF, URGENT, WORDS, YOURS

AROUND: Final = {FOOT, OR_SIGN_IN, PROOF, URGENT, YOURS}
"""What stands around the words of a topic."""


def test_every_sentence_of_a_mail_has_its_french():
    said = {text for subject, lines in WORDS.values() for text in (subject, *lines)} | AROUND
    french, holes = catalogue("fr"), re.compile(r"{\w+}")
    assert sorted(said - french.keys()) == []
    assert [text for text in said if sorted(holes.findall(text)) != sorted(holes.findall(french[text]))] == []
    wordings = set(WORDS) - {
        "request_agreed",
        "request_refused",
        "cut",
        "cut_lifted",
        "session_unwatched",
        "request_next",
        "request_expired",
        "request_nobody",
        "batch_waiting",
        "batch_unanswered",
        "question_technician",
        "more_waiting",
        "more_agreed",
        "revoked_technician",
        "handed_over",
        "enrolled_again",
        "invited_by_company",
        "address_of",
        "window_contract",
    }
    assert wordings == set(Topic) - {Topic.REQUEST_DECIDED, Topic.ACCESS_CUT}
