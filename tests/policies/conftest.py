"""The facts the tests of the rules start from: a supplier, its technician, a hospital's person, a device."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policies.engine import PolicyEngine
from policies.loader import LIBRARY
from policies.model import Action, ContextFacts, DeviceFacts, PrincipalFacts, Query, SupplierFacts, each
from policies.rules import compile_rules
from tests.policy_sets import shipped

SCHEMA = (LIBRARY / "schema.cedarschema").read_text(encoding="utf-8")
SENTENCES = '@sentence_en("English.") @sentence_fr("Français.")'


@pytest.fixture(scope="session")
def library() -> PolicyEngine:
    return PolicyEngine(shipped())


@pytest.fixture
def engine_of() -> Callable[..., PolicyEngine]:
    """An engine over rules given as text; `@id` and sentences are added where a rule begins without them."""

    def build(*rules: str) -> PolicyEngine:
        named = [
            rule if rule.startswith("@id") else f'@id("rule-{number}") {SENTENCES} {rule}'
            for number, rule in enumerate(rules)
        ]
        return PolicyEngine(compile_rules({"own.cedar": "\n".join(named)}, SCHEMA))

    return build


@pytest.fixture
def query() -> Query:
    """A technician who has everything it takes to open a shell; tests spoil one fact at a time."""
    return Query(
        action=Action.SHELL,
        principal=PrincipalFacts("technician", "alice", supplier_id="acme"),
        supplier=SupplierFacts(
            "acme", "ACME", ("198.51.100.0/24", "203.0.113.0/25"), contract_active=True, papers_in_order=True
        ),
        device=DeviceFacts("ct-01", "CT-01", "nord", frozenset({"acme"}), criticality=2),
        context=ContextFacts(
            now=datetime(2026, 11, 23, 10, 0, tzinfo=UTC),
            source_ip="203.0.113.7",
            kind="telemaintenance",
            duration=timedelta(hours=2),
            factors=2,
            approvals=1,
            report_overdue=False,
            country_declared=True,
            outside_eea=False,
        ),
    )


@pytest.fixture
def by() -> Callable[..., Query]:
    """A query of the hospital's people, who did not make the request in question."""

    def build(base: Query, action: Action, *roles: str, facilities: str = "nord") -> Query:
        staff = PrincipalFacts("staff", "bruno", duties=each(roles, facilities.split()))
        return replace(base, action=action, principal=staff, context=replace(base.context, is_requester=False))

    return build


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A hospital's own rules: a copy of the library, to change."""
    for path in LIBRARY.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path
