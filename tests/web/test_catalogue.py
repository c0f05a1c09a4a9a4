"""No French page with English words left: everything the console can say stands in the catalogue."""

import re
from importlib import resources

import pytest
from babel.messages.pofile import read_po

from bastion.i18n import catalogue
from tests.web import wording
from web.render import HERE

SAID = wording.everything()
SAME_IN_BOTH = {
    "Bastion", "Terminal", "Port", "Code", "Contact", "Menu", "Pages", "−10 s", "+10 s", "Information", "{who}, {time}",
    "client", "minutes", "note", "port", "quorum", "session", "version", "secrets", "bastion", "type",
    "code", "console", "contact", "SHA-256", "Session", "Sessions", "DICOM", "signature", "GMAO",
}  # fmt: skip
NAMES = {"Bastion", "FINESS", "SSH", "·", "×"}


def test_every_sentence_is_translated():
    assert sorted(SAID.keys() - catalogue("fr").keys()) == []


def test_no_translation_is_the_english_itself():
    french = catalogue("fr")
    assert sorted(what for what in SAID if french[what] == what and what not in SAME_IN_BOTH) == []


def test_translations_fill_in_the_same_facts():
    french = catalogue("fr")
    holes = re.compile(r"{\w+}")
    assert [w for w in SAID if sorted(holes.findall(w)) != sorted(holes.findall(french[w]))] == []


def test_the_consoles_catalogue_holds_nothing_idle_fuzzy_or_empty():
    with (resources.files("bastion") / "locale/fr/web.po").open("rb") as lines:
        messages = [m for m in read_po(lines, locale="fr", abort_invalid=True) if m.id]
    assert sorted(str(m.id) for m in messages if m.id not in SAID) == []
    assert [m.id for m in messages if m.fuzzy or not m.string] == []


@pytest.mark.parametrize("path", sorted((HERE / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_a_template_says_nothing_untranslated(path):
    assert [word for word in wording.loose_words(path) if word not in NAMES] == []
