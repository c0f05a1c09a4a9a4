"""The examples a set of rules must live up to: real requests with the answer its author expects.

The file is TOML. `[context]` says what every example starts from; `[suppliers.*]`, `[people.*]` and `[devices.*]` give
the facts their names; each `[[example]]` is one request. Staff have the same `roles` in all their `facilities`, or
`duties = { approver = ["nord/imaging"], auditor = ["sud"] }`: a role in a ward, another in another facility.

    [[example]]
    says = "a maintainer asks for two hours"
    who = "alice"
    action = "request"
    device = "ct-01"                  # left out: no single device
    supplier = "acme"                 # left out: the technician's own
    context = { minutes = 300 }       # what differs from [context]
    allowed = true
    rules = ["maintainer"]            # exactly the deciding rules, or a built-in answer such as "no_rule"
    obligations = { approvals = 1, max_duration = "PT4H", idle = "PT15M", watcher = false }   # those that matter
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

from policies.engine import PolicyEngine
from policies.model import (
    Action,
    ContextFacts,
    Decision,
    DeviceFacts,
    Obligations,
    PrincipalFacts,
    Query,
    SupplierFacts,
    each,
)
from policies.obligations import parse_duration
from policies.problems import Fault, PolicyProblem, Problem, problem

FILE = "examples.toml"
TABLES = frozenset({"context", "suppliers", "people", "devices", "example"})


@dataclass(frozen=True, slots=True)
class Example:
    """A query and the answer expected to it. `obligations` holds those its author cares about."""

    says: str
    query: Query
    allowed: bool
    rules: frozenset[str]
    obligations: Mapping[str, Any] = field(default_factory=dict)

    def problems(self, decision: Decision) -> Iterator[Problem]:
        """Compare with what the rules say."""
        deciding = {reason.policy_id for reason in decision.reasons}
        if decision.allowed != self.allowed:
            facts = {"expected": _answer(self.allowed, self.rules), "actual": _answer(decision.allowed, deciding)}
            yield problem(Fault.EXAMPLE_DECISION, example=self.says, **facts)
            return
        if deciding != self.rules:
            lists = {"expected": _listed(self.rules), "actual": _listed(deciding)}
            yield problem(Fault.EXAMPLE_RULES, example=self.says, **lists)
        for name, expected in self.obligations.items():
            actual = getattr(decision.obligations, name)
            if actual != expected:
                facts = {"name": name, "expected": expected, "actual": actual}
                yield problem(Fault.EXAMPLE_OBLIGATION, example=self.says, **facts)


def read(text: str) -> list[Example]:
    """Read the file's text. Raises `PolicyProblem` naming the example that cannot be read."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyProblem([problem(Fault.UNREADABLE, file=FILE, why=error)]) from None
    if unknown := document.keys() - TABLES:
        raise PolicyProblem([problem(Fault.UNREADABLE, file=FILE, why=f"unknown table {_listed(unknown)}")])
    examples = [_example(table, document) for table in document.get("example", [])]
    if not examples:
        raise PolicyProblem([problem(Fault.EXAMPLE_NONE)])
    return examples


def check(engine: PolicyEngine, rules: Mapping[str, object], examples: list[Example]) -> list[Problem]:
    """Put every example to the engine; each rule must decide in one, so that none is there unseen."""
    problems: list[Problem] = []
    unseen = set(rules)
    for example in examples:
        decision = engine.decide(example.query)
        problems += example.problems(decision)
        unseen -= {reason.policy_id for reason in decision.reasons}
    return problems + [problem(Fault.NOT_EXERCISED, rule=rule) for rule in sorted(unseen)]


def _answer(allowed: bool, rules: Iterable[str]) -> str:
    """Say it as the file does, in every language."""
    return f"allowed = {str(allowed).lower()} ({_listed(rules)})"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _unreadable(example: str, why: object) -> PolicyProblem:
    return PolicyProblem([problem(Fault.EXAMPLE_UNREADABLE, example=example, why=why)])


def _example(table: dict[str, Any], document: Mapping[str, Any]) -> Example:
    try:
        return _read_example(document, **table)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unreadable(str(table.get("says", "?")), error) from None


def _read_example(
    document: Mapping[str, Any],
    *,
    says: str,
    who: str,
    action: str,
    allowed: bool,
    rules: list[str],
    device: str = "",
    supplier: str = "",
    context: Mapping[str, Any] | None = None,
    obligations: Mapping[str, Any] | None = None,
) -> Example:
    principal = _person(who, _named(document, "people", who))
    company = supplier or principal.supplier_id
    query = Query(
        action=Action(action),
        principal=principal,
        supplier=_supplier(company, _named(document, "suppliers", company)) if company else None,
        device=_device(device, _named(document, "devices", device)) if device else None,
        context=_context(**{**document.get("context", {}), **(context or {})}),
    )
    return Example(says, query, allowed, frozenset(rules), _obligations(**(obligations or {})))


def _named(document: Mapping[str, Any], table: str, name: str) -> dict[str, Any]:
    try:
        return dict(document[table][name])
    except KeyError:
        raise ValueError(f"there is no [{table}.{name}]") from None


def _person(who: str, facts: dict[str, Any]) -> PrincipalFacts:
    duties = each(facts.pop("roles", []), facts.pop("facilities", []))
    for role, places in facts.pop("duties", {}).items():
        duties |= each([role], places)
    return PrincipalFacts(id=who, supplier_id=facts.pop("supplier", ""), duties=duties, **facts)


def _supplier(name: str, facts: dict[str, Any]) -> SupplierFacts:
    return SupplierFacts(id=name, code=name, networks=tuple(facts.pop("networks", [])), **facts)


def _device(name: str, facts: dict[str, Any]) -> DeviceFacts:
    facility, suppliers = facts.pop("facility"), frozenset(facts.pop("suppliers"))
    return DeviceFacts(id=name, code=name, facility_id=facility, supplier_ids=suppliers, **facts)


def _context(*, minutes: float = 0, **facts: Any) -> ContextFacts:
    return ContextFacts(duration=timedelta(minutes=minutes), **facts)


def _obligations(**expected: Any) -> dict[str, Any]:
    """Check the names, and read durations."""
    unknown = expected.keys() - {known.name for known in fields(Obligations)}
    if unknown:
        raise ValueError(f"unknown obligation {_listed(unknown)}")
    durations = expected.keys() & {"max_duration", "idle", "early", "late"}
    return {name: parse_duration(value) if name in durations else value for name, value in expected.items()}
