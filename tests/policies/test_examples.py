from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from policies import examples
from policies.engine import PolicyEngine
from policies.model import Action, ContextFacts, DeviceFacts, PrincipalFacts, Query, SupplierFacts
from policies.problems import Fault, PolicyProblem

EngineOf = Callable[..., PolicyEngine]
FACTS = """
[context]
now = 2026-11-23T10:00:00Z
minutes = 30
factors = 2

[suppliers]
acme = { networks = ["10.0.0.0/8"], contract_active = true, papers_in_order = true }

[people]
alice = { kind = "technician", supplier = "acme" }
bruno = { kind = "staff", roles = ["approver"], facilities = ["nord"] }

[devices]
ct = { facility = "nord", suppliers = ["acme"], criticality = 2 }

[[example]]
says = "the one example"
"""
ONE = FACTS + 'who = "alice"\naction = "request"\ndevice = "ct"\nallowed = true\nrules = ["rule-0"]\n'


def fault(text: str) -> tuple[Fault, str]:
    with pytest.raises(PolicyProblem) as raised:
        examples.read(text)
    assert len(raised.value.problems) == 1
    return raised.value.problems[0].fault, str(raised.value)


def test_a_full_example_is_read():
    [example] = examples.read(
        ONE + 'context = { minutes = 90, source_ip = "10.1.2.3" }\nobligations = { idle = "PT5M" }'
    )
    assert example.query == Query(
        Action.REQUEST,
        PrincipalFacts("technician", "alice", supplier_id="acme"),
        SupplierFacts("acme", "acme", ("10.0.0.0/8",), contract_active=True, papers_in_order=True),
        DeviceFacts("ct", "ct", "nord", frozenset({"acme"}), criticality=2),
        ContextFacts(
            datetime(2026, 11, 23, 10, tzinfo=UTC), source_ip="10.1.2.3", duration=timedelta(minutes=90), factors=2
        ),
    )
    assert (example.says, example.allowed, example.rules) == ("the one example", True, {"rule-0"})
    assert example.obligations == {"idle": timedelta(minutes=5)}


def test_staff_have_roles_and_name_a_supplier_only_if_they_speak_for_one():
    text = FACTS + 'who = "bruno"\naction = "lock"\nallowed = false\nrules = ["no_rule"]\n'
    [example] = examples.read(text)
    assert example.query.principal == PrincipalFacts("staff", "bruno", duties=frozenset({("approver", "nord")}))
    assert example.query.supplier is example.query.device is None
    [example] = examples.read(text + 'supplier = "acme"\n')
    assert example.query.supplier is not None


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('who = "alice"', 'who = "nobody"', "there is no [people.nobody]"),
        ('device = "ct"', 'device = "mri"', "there is no [devices.mri]"),
        ('who = "alice"', 'who = "alice"\nsupplier = "x"', "there is no [suppliers.x]"),
        ('action = "request"', 'action = "fly"', "fly"),
        ('action = "request"', "", "action"),
        ("allowed = true", "", "allowed"),
        ("minutes = 30", "minuts = 30", "minuts"),
        ('kind = "technician"', 'name = "Alice"', "name"),
        ('rules = ["rule-0"]', 'rules = ["rule-0"]\nobligations = { aprovals = 1 }', "aprovals"),
        ('rules = ["rule-0"]', 'rules = ["rule-0"]\nobligations = { idle = "5m" }', "PT4H"),
        ('rules = ["rule-0"]', 'rules = ["rule-0"]\nrule = "x"', "rule"),
        ('rules = ["rule-0"]', "rules = 3", "iterable"),
        ('facility = "nord", ', "", "facility"),
    ],
)
def test_an_example_that_cannot_be_meant_is_named(old: str, new: str, complaint: str):
    assert old in ONE
    found, said = fault(ONE.replace(old, new))
    assert found is Fault.EXAMPLE_UNREADABLE
    assert said.startswith("examples.toml, “the one example”: ")
    assert complaint in said


def test_what_is_no_toml_is_refused():
    found, said = fault("[context]\nminutes = ")
    assert found is Fault.UNREADABLE
    assert said.startswith("examples.toml cannot be read: Invalid value")


def test_a_table_nobody_reads_is_refused():
    found, said = fault(ONE.replace("[people]", "[persons]"))
    assert found is Fault.UNREADABLE
    assert said == "examples.toml cannot be read: unknown table persons"


def test_a_file_without_examples_is_refused():
    assert fault(FACTS.partition("[[example]]")[0])[0] is Fault.EXAMPLE_NONE


def check(engine: PolicyEngine, text: str, *rules: str) -> list[str]:
    return [found.sentence for found in examples.check(engine, dict.fromkeys(rules), examples.read(text))]


def test_what_comes_out_as_written_is_no_problem(engine_of: EngineOf):
    engine = engine_of("permit (principal, action, resource);")
    assert check(engine, ONE + 'obligations = { approvals = 1, max_duration = "PT4H" }', "rule-0") == []


def test_another_answer_is_a_problem(engine_of: EngineOf):
    engine = engine_of("forbid (principal, action, resource);")
    assert check(engine, ONE, "rule-0") == [
        "examples.toml, “the one example”: expected allowed = true (rule-0), the rules say allowed = false (rule-0)."
    ]


def test_the_same_answer_by_another_rule_is_a_problem(engine_of: EngineOf):
    engine = engine_of("permit (principal, action, resource);", "permit (principal, action, resource);")
    assert check(engine, ONE, "rule-0") == [
        "examples.toml, “the one example”: expected to be decided by rule-0, but it is by rule-0, rule-1."
    ]


@pytest.mark.parametrize(
    "expected", ["approvals = 2", 'max_duration = "PT1H"', 'idle = "PT1M"', "watcher = true", "record = false"]
)
def test_another_obligation_is_a_problem(engine_of: EngineOf, expected: str):
    engine = engine_of("permit (principal, action, resource);")
    [said] = check(engine, f"{ONE}obligations = {{ {expected} }}", "rule-0")
    assert f"expected {expected.split(maxsplit=1)[0]} " in said


def test_a_rule_that_decides_nowhere_is_a_problem(engine_of: EngineOf):
    engine = engine_of("permit (principal, action, resource);", "permit (principal is Staff, action, resource);")
    assert check(engine, ONE, "rule-0", "rule-1") == [
        "The rule “rule-1” decides in no example. Please add one to examples.toml."
    ]
