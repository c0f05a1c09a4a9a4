import pytest

from policies.loader import LIBRARY
from policies.model import Reason
from policies.obligations import DEFAULT
from policies.problems import Fault, PolicyProblem
from policies.rules import LoadedPolicies, compile_rules

SCHEMA = (LIBRARY / "schema.cedarschema").read_text(encoding="utf-8")
GOOD = '@id("good") @sentence_en("Yes.") @sentence_fr("Oui.") permit (principal, action, resource);'


def compiled(*texts: str) -> LoadedPolicies:
    return compile_rules({f"{number}.cedar": text for number, text in enumerate(texts)}, SCHEMA)


def faults(*texts: str) -> list[Fault]:
    with pytest.raises(PolicyProblem) as raised:
        compiled(*texts)
    assert all("{" not in sentence for sentence in raised.value.sentences)
    return [found.fault for found in raised.value.problems]


def sentences(*texts: str) -> str:
    with pytest.raises(PolicyProblem) as raised:
        compiled(*texts)
    return str(raised.value)


def test_a_permit_becomes_a_rule():
    rule = compiled(GOOD).rules["good"]
    assert rule.id == "good"
    assert rule.reason == Reason("good", "Yes.", "Oui.")
    assert rule.obligations == DEFAULT


def test_a_forbid_obliges_to_nothing():
    assert compiled(GOOD.replace("permit", "forbid")).rules["good"].obligations is None


def test_rules_keep_the_order_of_the_files_and_of_the_lines():
    many = "\n".join(GOOD.replace('"good"', f'"r{number}"') for number in range(12))
    assert list(compiled(GOOD, many).rules) == ["good", *(f"r{number}" for number in range(12))]


def test_no_rule_at_all_is_a_set_too():
    assert compiled("", "// nothing\n").rules == {}


def test_what_is_not_cedar_is_refused():
    assert faults(GOOD, "permit (principal") == [Fault.SYNTAX]
    assert sentences(GOOD, "permit (principal").startswith("1.cedar is not written in Cedar: ")


def test_a_template_is_refused():
    assert faults(GOOD.replace("principal", "principal == ?principal")) == [Fault.TEMPLATE]


@pytest.mark.parametrize(
    ("instead", "complaint"),
    [
        ('action == Action::"shel"', "unrecognized action"),
        ("action) when { context.sourceDeclard", "sourceDeclard"),
        ('action) when { context.kind == Kind::"telepathy"', "telepathy"),
        ('action) when { principal in Role::"aprover"', "aprover"),
        ("action) when { context.duration > 4", "unexpected type"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused_by_the_name_of_the_rule(instead: str, complaint: str):
    head, open_end = instead.partition(")")[0], instead.partition(")")[2]
    text = GOOD.replace("action,", f"{head},")
    if open_end:
        text = text.replace(";", f"{open_end} }};")
    said = sentences(text)
    assert complaint in said
    assert said.startswith("0.cedar, rule “good”: ")
    assert "policy0" not in said


@pytest.mark.parametrize("name", ["", '@id("")', '@id("Upper")', '@id("a_b")', '@id("-a")', '@id("é")', "@id"])
def test_a_rule_without_a_usable_id_is_refused(name: str):
    text = GOOD + "\n" + GOOD.replace('@id("good")', name)
    assert faults(text) == [Fault.NO_ID]
    assert "rule number 2" in sentences(text)


def test_an_id_used_twice_is_refused_once_also_across_files():
    assert faults(GOOD, GOOD + GOOD) == [Fault.SAME_ID]
    assert faults(GOOD + GOOD) == [Fault.SAME_ID]


@pytest.mark.parametrize("name", ["sentence_en", "sentence_fr"])
@pytest.mark.parametrize("value", [None, "", "  ", "two\\nlines", "\\u{1b}]52;c;", "\\u{9b}2J"])
def test_a_rule_without_a_plain_sentence_is_refused(name: str, value: str | None):
    said = {"sentence_en": "Yes.", "sentence_fr": "Oui."}[name]
    text = GOOD.replace(f'@{name}("{said}")', "" if value is None else f'@{name}("{value}")')
    assert faults(text) == [Fault.NO_SENTENCE]
    assert f"@{name}" in sentences(text)


def test_a_misspelt_annotation_is_refused():
    text = '@aprovals("2") @watcher("required") ' + GOOD
    assert faults(text) == [Fault.UNKNOWN_ANNOTATION]
    assert "@aprovals" in sentences(text)
    assert "@approvals" in sentences(text)


@pytest.mark.parametrize(
    ("annotation", "fault"),
    [
        ('@approvals("many")', Fault.BAD_APPROVALS),
        ("@approvals", Fault.BAD_APPROVALS),
        ('@max_duration("4h")', Fault.BAD_DURATION),
        ('@idle("PT0M")', Fault.BAD_DURATION),
        ('@watcher("perhaps")', Fault.BAD_WATCHER),
        ("@watcher", Fault.BAD_WATCHER),
        ('@record("false")', Fault.BAD_RECORD),
    ],
)
def test_an_obligation_that_cannot_be_kept_is_refused(annotation: str, fault: Fault):
    assert faults(f"{annotation} {GOOD}") == [fault]
    assert sentences(f"{annotation} {GOOD}").startswith("0.cedar, rule “good”: @")


def test_an_obligation_on_a_forbid_is_refused():
    assert faults('@approvals("2") ' + GOOD.replace("permit", "forbid")) == [Fault.ON_FORBID]


def test_every_fault_is_said_at_once():
    text = '@record("false") @idle("x") ' + GOOD.replace("Oui.", "") + GOOD.replace("action,", 'action == Action::"x",')
    found = faults(text)
    assert set(found) == {Fault.BAD_RECORD, Fault.BAD_DURATION, Fault.NO_SENTENCE, Fault.SCHEMA, Fault.SAME_ID}


def test_the_hash_names_the_content_and_not_the_layout():
    other = GOOD.replace('"good"', '"other"')
    names = {
        compiled(GOOD + other).hash,
        compiled(other, GOOD).hash,
        compiled("// a comment\n" + GOOD.replace(", ", ",\n"), other).hash,
    }
    assert len(names) == 1
    assert len(names.pop()) == 64


@pytest.mark.parametrize(
    ("old", "new"),
    [("Yes.", "Yes!"), ('"good"', '"better"'), ("permit", "forbid"), ("resource)", "resource is Device)")],
)
def test_the_hash_changes_with_every_word_that_counts(old: str, new: str):
    assert compiled(GOOD).hash != compiled(GOOD.replace(old, new)).hash
    assert compiled(GOOD).hash != compiled('@approvals("1") ' + GOOD).hash


def test_the_hash_changes_with_the_schema():
    longer = SCHEMA.replace("emergency: Bool,", "emergency: Bool, night?: Bool,")
    assert compile_rules({"0.cedar": GOOD}, longer).hash != compiled(GOOD).hash
