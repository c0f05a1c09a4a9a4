"""Every error a person may read: a code of its own, a sentence that fills in, and French for each sentence."""

import ast
from pathlib import Path

import pytest

from bastion import errors
from bastion.i18n import catalogue

ROOT = Path(__file__).parent.parent


def tree(kind=errors.BastionError):
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == "bastion.errors":
            yield from tree(child)


def sentences():
    """Sentences given where an error is raised, outside the faces (which have catalogues of their own)."""
    for folder in ("domain", "services"):
        for path in sorted((ROOT / "bastion" / folder).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.keyword) and node.arg == "sentence" and isinstance(node.value, ast.Constant):
                    yield node.value.value


def test_every_error_has_a_code_of_its_own():
    codes = [kind.code for kind in tree()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("english", sorted({kind.sentence for kind in tree()} | set(sentences())))
def test_every_sentence_is_said_in_french(english):
    assert english in catalogue("fr")


def test_a_sentence_is_filled_in_and_the_detail_stays_out_of_it():
    error = errors.PolicyRefused("rule 7 of library", why="nobody works at night")
    assert error.public == "The hospital's policy does not allow this: nobody works at night"
    assert "rule 7" not in error.public


def test_facts_with_braces_do_no_harm():
    assert errors.Locked(why="{0.__class__} {x}").public.startswith("Remote access is cut at the moment: {0.__class__}")
