"""R-47: the newest version counts, and accepting takes more than a yes."""

from datetime import UTC, datetime

import pytest

from bastion.domain.undertaking import MAX_TEXT, SHIPPED, Undertaking, accepts, checked, current
from bastion.errors import Invalid

NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)
SECOND = Undertaking(2, "fr 2", "en 2", "Ruth", NOW)


def test_the_shipped_text_counts_until_the_hospital_publishes_its_own():
    assert current([]) is SHIPPED
    assert current([SECOND, Undertaking(3, "fr", "en", "Ruth", NOW), SECOND]).version == 3


def test_the_text_is_read_in_ones_own_language():
    assert (SECOND.text("fr"), SECOND.text("en"), SECOND.text("de")) == ("fr 2", "en 2", "en 2")
    assert "secret professionnel" in SHIPPED.text("fr")
    assert "patients" in SHIPPED.text("en")


@pytest.mark.parametrize("answer", ["accept", " Accepte ", "J'ACCEPTE", "j’accepte.", "I  accept!"])
def test_the_word_of_either_language_accepts(answer):
    assert accepts(answer)


@pytest.mark.parametrize("answer", ["", "yes", "oui", "o", "1", "accept not", "n'accepte", "accepter"])
def test_nothing_else_does(answer):
    assert not accepts(answer)


def test_the_shipped_text_is_one_a_hospital_could_publish():
    assert checked(SHIPPED.text_fr, "text_fr") == SHIPPED.text_fr
    assert checked(SHIPPED.text_en, "text_en") == SHIPPED.text_en


@pytest.mark.parametrize("text", ["", " \n ", "a\x1b[2Jb", "a\u202eb", "x" * (MAX_TEXT + 1)])
def test_texts_that_cannot_be_shown_are_refused_at_their_field(text):
    with pytest.raises(Invalid) as refused:
        checked(text, "text_en")
    assert refused.value.field == "text_en"


def test_line_ends_of_any_system_are_kept_as_lines():
    assert checked("one  \r\ntwo\r\n\r\nthree\n", "text_fr") == "one\ntwo\n\nthree"
