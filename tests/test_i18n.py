from pathlib import Path

import pytest

from bastion import errors, i18n
from bastion.errors import DeviceUnreachable

PO = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.fixture
def catalogues(tmp_path, monkeypatch):
    """A locale tree of our own: `add("web", "Hello", "Bonjour")`."""
    folder = tmp_path / "locale" / "fr"
    folder.mkdir(parents=True)
    monkeypatch.setattr(i18n.resources, "files", lambda _package: tmp_path)
    i18n.catalogue.cache_clear()

    def add(area: str, english: str, french: str) -> None:
        file: Path = folder / f"{area}.po"
        file.write_text((file.read_text() if file.exists() else PO) + f'msgid "{english}"\nmsgstr "{french}"\n\n')

    yield add
    i18n.catalogue.cache_clear()


def test_every_area_is_merged_and_what_is_not_translated_stays_english(catalogues):
    catalogues("web", "Hello", "Bonjour")
    catalogues("proxy", "Wait", "Patientez")
    say = i18n.translator("fr")
    assert [say("Hello"), say("Wait"), say("Nobody wrote this")] == ["Bonjour", "Patientez", "Nobody wrote this"]


def test_english_and_unknown_languages_show_the_sentence_itself(catalogues):
    catalogues("web", "Hello", "Bonjour")
    assert i18n.translator("en")("Hello") == i18n.translator("tlh")("Hello") == "Hello"


def test_two_areas_that_translate_one_sentence_differently_are_named(catalogues):
    catalogues("web", "Hello", "Bonjour")
    catalogues("proxy", "Hello", "Salut")
    assert i18n.translator("fr")("Hello") == "Salut"
    assert i18n.disagreements("fr") == ["web.po: Hello"]


def test_our_own_areas_agree():
    assert i18n.disagreements("fr") == []


def test_one_thing_has_one_name_in_french():
    said = [french for french in i18n.catalogue("fr").values() if "authentificateur" in french.lower()]
    assert said == [], "what makes the codes is an « application d’authentification »"


@pytest.mark.parametrize(
    ("another", "word"), [("hôpital", "établissement"), ("caduque", "expiré"), ("p. ex.", "par exemple"),
                          ("par ex.", "par exemple")],
)  # fmt: skip
def test_the_french_have_one_word_for_each_of_these(another, word):
    assert [french for french in i18n.catalogue("fr").values() if another in french.lower()] == [], f"say « {word} »"


def test_a_french_sentence_drops_a_vowel_before_a_name_and_before_nothing_else(catalogues):
    catalogues("web", "Of {who}, of {device}", "De {who}, de {device}, pour que {name} de {{who}}")
    say = i18n.translator("fr")("Of {who}, of {device}")
    assert say.format(who="Alice", device="irm", name="Élodie") == "D’Alice, de irm, pour qu’Élodie de {who}"
    assert say.format(who="Bob", device="irm", name="") == "De Bob, de irm, pour que  de {who}"
    assert i18n.translator("en")("Of {who}").format(who="Alice") == "Of Alice"


def test_an_error_is_translated_before_its_facts_are_filled_in(catalogues):
    catalogues("errors", DeviceUnreachable.sentence, "L’appareil {device} ne répond pas.")
    assert i18n.sentence(DeviceUnreachable(device="ct-01"), "fr") == "L’appareil ct-01 ne répond pas."
    assert i18n.sentence(DeviceUnreachable(device="ct-01"), "en").startswith("The device ct-01 does not answer.")


def test_facts_are_data_never_a_template():
    assert "{0.__class__}" in i18n.sentence(errors.Locked(why="{0.__class__}"), "en")
