from datetime import UTC, datetime

import pytest

from bastion.domain.access_request import InterventionKind
from bastion.domain.device import ChannelKind
from bastion.domain.parties import EVERYWHERE, Role
from policies import entities
from policies.loader import LIBRARY
from policies.model import BUILT_IN, NO_RULE, SESSION_ACTIONS, Action, ContextFacts


@pytest.mark.parametrize(("language", "says"), [("fr", "Aucune règle"), ("fr-FR", "Aucune règle"), ("en", "No rule")])
def test_a_reason_speaks_the_readers_language(language: str, says: str):
    assert NO_RULE.sentence(language).startswith(says)


def test_built_in_answers_speak_both_languages_and_collide_with_no_rule_id():
    for reason in BUILT_IN:
        assert "_" in reason.policy_id
        assert reason.sentence_en.strip()
        assert reason.sentence_fr.strip()
        assert reason.sentence_en != reason.sentence_fr


def test_forgotten_facts_open_nothing():
    forgotten = ContextFacts(now=datetime(2026, 1, 1, tzinfo=UTC))
    assert forgotten.is_requester
    assert (forgotten.source_ip, forgotten.kind, forgotten.factors, forgotten.approvals) == ("", "", 0, 0)


def test_every_channel_kind_is_a_session_action():
    assert {kind.value for kind in ChannelKind} <= {action.value for action in SESSION_ACTIONS}


def test_the_schema_knows_the_products_roles_kinds_and_actions():
    schema = (LIBRARY / "schema.cedarschema").read_text(encoding="utf-8")
    roles = ", ".join(f'"{role}"' for role in Role)
    kinds = ", ".join(f'"{kind}"' for kind in [*InterventionKind, entities.UNKNOWN_KIND])
    assert f"entity Role enum [{roles}];" in schema
    assert sorted(_members(schema, "Kind")) == sorted(kinds.replace('"', "").split(", "))
    declared = [name for line in schema.splitlines() if line.startswith("action ") for name in _names(line)]
    assert set(declared) - {"supplierWork", "session"} == {action.value for action in Action}


def test_words_shared_with_the_domain_are_the_same():
    assert {kind.value for kind in InterventionKind} == entities.KINDS
    assert entities.EVERYWHERE == EVERYWHERE


def _members(schema: str, name: str) -> list[str]:
    line = next(line for line in schema.splitlines() if line.startswith(f"entity {name} enum"))
    return [part.strip(' "') for part in line.partition("[")[2].partition("]")[0].split(",")]


def _names(line: str) -> list[str]:
    return [name.strip(" ;") for name in line.removeprefix("action ").partition(" in ")[0].split(",")]
