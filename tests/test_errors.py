"""Every error a person may read: a code of its own, a sentence that fills in, and French for each sentence."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from bastion import errors
from bastion.domain.access_request import RequestState
from bastion.domain.grant import GrantStatus
from bastion.domain.held_file import FileState
from bastion.domain.session import SessionState
from bastion.i18n import catalogue, sentence

ROOT = Path(__file__).parent.parent


def tree(kind=errors.BastionError):
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == "bastion.errors":
            yield from tree(child)


def sentences():
    """Sentences given where an error is raised, outside the faces (which have catalogues of their own).

    One that stands under a name of its module is found by that name.
    """
    for folder in ("domain", "services", "proxy"):
        for path in sorted((ROOT / "bastion" / folder).rglob("*.py")):
            tree = ast.parse(path.read_text())
            named = {
                node.target.id: node.value.value
                for node in tree.body
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
                if isinstance(node.value, ast.Constant)
            }
            for said in _said(tree):
                if isinstance(said, ast.Constant):
                    yield said.value
                elif said.id in named:
                    yield named[said.id]


def _said(tree):
    """What is given as a sentence: itself or the name under which it stands; also what such a name is set to."""
    for node in ast.walk(tree):
        given = isinstance(node, ast.keyword) and node.arg == "sentence"
        named = isinstance(node, ast.Assign) and _calls_it_sentence(node)
        if (given or named) and isinstance(node.value, ast.Constant | ast.Name):
            yield node.value


def _calls_it_sentence(node):
    return any(isinstance(target, ast.Name) and target.id == "sentence" for target in node.targets)


def phrases():
    """Words of ours that stand within a sentence, wherever they are raised."""
    for path in sorted((ROOT / "bastion").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            named = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Phrase"
            if named and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value


ERRORS = {kind.__name__ for kind in tree()} - {"ConfigurationError"}  # whoever operates it reads its causes in English
NOT_SAID = {"sentence", "field", "state"}
"""What is translated as it is, and names of ours that nobody reads."""


def facts_in(tree):
    """Whatever is given to an error for its sentence, each way it may turn out; under a name, what that was set to."""
    named = defaultdict(list)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named[node.targets[0].id].append(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in ERRORS:
            given = [one.value for one in node.keywords if one.arg not in NOT_SAID]
            while given:
                fact = given.pop()
                given += [fact.body, fact.orelse] if isinstance(fact, ast.IfExp) else getattr(fact, "values", [])
                given += named.pop(fact.id, []) if isinstance(fact, ast.Name) else []
                yield fact


def test_no_error_is_given_bare_words_of_ours():
    """They would stay English in a French sentence: `Phrase` takes them along."""
    bare = [
        f"{path.relative_to(ROOT)}:{fact.lineno}: {fact.value}"
        for folder in ("bastion", "web")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for fact in facts_in(ast.parse(path.read_text()))
        if isinstance(fact, ast.Constant) and re.search("[A-Za-z]{2}", str(fact.value)) and isinstance(fact.value, str)
    ]
    assert bare == []


def test_every_error_has_a_code_of_its_own():
    codes = [kind.code for kind in tree()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("english", sorted({kind.sentence for kind in tree()} | set(sentences())))
def test_every_sentence_is_said_in_french(english):
    assert english in catalogue("fr")


@pytest.mark.parametrize("english", sorted(set(phrases()) | set(errors.STATES.values())))
def test_every_phrase_within_one_is_said_in_french_with_the_same_facts(english):
    french = catalogue("fr")[english]
    assert set(re.findall(r"{\w+}", french)) == set(re.findall(r"{\w+}", english))


MACHINES = (RequestState, GrantStatus, SessionState, FileState)


def test_every_state_a_machine_can_be_in_has_words():
    named = {state.value for machine in MACHINES for state in machine} - {"lobby"}
    assert named | {"lifted", "asked", "reviewed", "agreed", "ended", "retired", "off_list"} == set(errors.STATES)


def test_a_state_and_a_cause_are_said_in_the_reader_s_language():
    done = errors.IllegalTransition("lock l1", state="lifted")
    assert sentence(done, "fr") == "Ce n’est plus possible : l’état est déjà « levé »."
    assert sentence(errors.IllegalTransition(state="denied"), "en") == done.msgid.format(state="refused")
    missing = errors.ConfigurationError(
        "x", why=errors.Phrase("{path} is missing; run `bastion init` first", path="/x")
    )
    assert missing.public == "The configuration cannot be used: /x is missing; run `bastion init` first"
    assert sentence(missing, "fr") == (
        "La configuration ne peut pas être utilisée : /x manque ; lancez d’abord `bastion init`"
    )


def test_what_somebody_wrote_is_not_translated():
    assert sentence(errors.Locked(why="frozen"), "fr").startswith("L’accès à distance est coupé en ce moment : frozen.")
    assert errors.GrantRevoked(why="over").public.endswith("withdrawn: over.")
    assert "now! Please" in errors.Locked(why="now!").public, "what ends already is left as it is"


def test_a_sentence_is_filled_in_and_the_detail_stays_out_of_it():
    error = errors.PolicyRefused("rule 7 of library", why="nobody works at night")
    assert error.public == "The hospital's policy does not allow this: nobody works at night"
    assert "rule 7" not in error.public


def test_facts_with_braces_do_no_harm():
    assert errors.Locked(why="{0.__class__} {x}").public.startswith("Remote access is cut at the moment: {0.__class__}")
