"""The bastion's own reasons are told from people's, and read in the reader's language."""

import pytest

from bastion.domain import own_words
from bastion.domain.own_words import AGREED_BEFORE, CONTRACT_OVER, HANDED_OVER, recognised, told
from bastion.errors import Phrase
from bastion.i18n import translator


@pytest.mark.parametrize("text", own_words.ALL)
def test_each_of_them_is_french_for_a_french_reader_and_stays_english_for_another(text):
    written = text.format(name="Carl Weiss", ref="F-7")
    assert told(written, translator("en")) == written
    french = told(written, translator("fr"))
    assert french == translator("fr")(text).format(name="Carl Weiss", ref="F-7")
    assert french != written


@pytest.mark.parametrize("text", ["", "Handed over.", CONTRACT_OVER[:-1], f"{CONTRACT_OVER} Really.", "Files"])
def test_what_a_person_wrote_stays_as_it_is(text):
    assert told(text, translator("fr")) == text
    assert not isinstance(recognised(text), Phrase)


def test_names_with_braces_and_lines_are_facts_and_never_words_of_ours():
    name = "{ref} d'Arc\n{name}"
    assert told(HANDED_OVER.format(name=name), translator("fr")) == f"Transmise à {name}."
    assert recognised(AGREED_BEFORE.format(ref="F-7")).facts == {"ref": "F-7"}
