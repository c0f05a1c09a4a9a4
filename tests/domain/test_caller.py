"""R-27: a caller is known by the name that people type, not by the register's own spelling alone."""

import pytest

from bastion.domain.caller import Likeness, likeness

CLAIRE = ("cdubois", "Claire Dubois, ingénieure biomédicale", "claire.dubois@chu.example")
MARTIN = ("cdubois", "Claire Martin", "anne.roy@chu.example")
"""Her login and her address say names that she bore."""
LI = ("jli", "Jo Li Chen", "")
ELODIE = ("elodie", "Dr Élodie Lefèvre-Roy", "elodie@chu.example")


@pytest.mark.parametrize(
    ("said", "person"),
    [
        ("Claire Dubois", CLAIRE),
        ("DUBOIS Claire", CLAIRE),
        ("Mme Claire  Dubois (biomed)", CLAIRE),
        ("cdubois", CLAIRE),
        ("Claire.Dubois@chu.example", CLAIRE),
        ("le biomed, claire.dubois@autre.example", CLAIRE),
        ("elodie lefevre roy", ELODIE),
        ("le biomed, cdubois@autre.example", MARTIN),
        ("anne.roy", MARTIN),
        ("Élodie LEFÈVRE-ROY, imagerie", ELODIE),
    ],
)
def test_who_is_meant(said, person):
    assert likeness(said, *person) is Likeness.FULL


@pytest.mark.parametrize("said", ["Dubois", "Mme Dubois", "Claire", "C. Dubois", "Claire Martin", "Claire du biomed"])
def test_who_may_be_meant(said):
    assert likeness(said, *CLAIRE) is Likeness.PARTIAL


@pytest.mark.parametrize(("said", "likely"), [
    ("Mme Roy", Likeness.PARTIAL), ("CDUBOIS, biomed", Likeness.PARTIAL), ("Anne Dupont", Likeness.PARTIAL),
    ("Roy du chu", Likeness.PARTIAL), ("Mme chu example", Likeness.NONE),
])  # fmt: skip
def test_a_word_of_a_login_or_an_address_is_one_of_the_name(said, likely):
    assert likeness(said, *MARTIN) is likely


def test_two_letters_in_common_say_nothing_and_three_do():
    assert likeness("Li Wang", *LI) is Likeness.NONE
    assert likeness("Mme Roy", *ELODIE) is Likeness.PARTIAL
    assert likeness("Jo Li Chen", *LI) is Likeness.FULL


@pytest.mark.parametrize("said", ["Dr Anne Roux", "Mme", "C. D.", "Clairette", "biomédicale", "chu.example", ""])
def test_who_is_not_meant(said):
    assert likeness(said, *CLAIRE) is Likeness.NONE


def test_an_empty_register_is_nobody():
    assert likeness("", "", "") is Likeness.NONE
