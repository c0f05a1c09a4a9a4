"""R-27: a caller is known by the name that people type, not by the register's own spelling alone."""

import pytest

from bastion.domain.caller import Likeness, likeness

CLAIRE = ("cdubois", "Claire Dubois, ingénieure biomédicale", "claire.dubois@chu.example")
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
        ("Élodie LEFÈVRE-ROY, imagerie", ELODIE),
    ],
)
def test_who_is_meant(said, person):
    assert likeness(said, *person) is Likeness.FULL


@pytest.mark.parametrize("said", ["Dubois", "Mme Dubois", "Claire", "C. Dubois", "Claire Martin", "Claire du biomed"])
def test_who_may_be_meant(said):
    assert likeness(said, *CLAIRE) is Likeness.PARTIAL


@pytest.mark.parametrize("said", ["Dr Anne Roux", "Mme", "C. D.", "Clairette", "biomédicale", "chu.example", ""])
def test_who_is_not_meant(said):
    assert likeness(said, *CLAIRE) is Likeness.NONE


def test_an_empty_register_is_nobody():
    assert likeness("", "", "") is Likeness.NONE
