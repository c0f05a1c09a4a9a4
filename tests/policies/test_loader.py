import re
from pathlib import Path

import pytest

from policies.engine import PolicyEngine
from policies.examples import FILE as EXAMPLES
from policies.loader import LIBRARY, SCHEMA, load
from policies.model import NO_RULE, Query
from policies.problems import Fault, PolicyProblem

NOTHING_ALLOWED = """
[context]
now = 2026-11-23T10:00:00Z
[people]
alice = { kind = "technician" }
[[example]]
says = "nothing"
who = "alice"
action = "connect"
allowed = false
rules = ["no_rule"]
"""


def faults(directory: Path) -> list[Fault]:
    with pytest.raises(PolicyProblem) as raised:
        load(directory)
    assert all("{" not in sentence for sentence in raised.value.sentences)
    return [found.fault for found in raised.value.problems]


def test_the_shipped_library_loads_and_a_copy_is_the_same_set(directory: Path):
    assert load(directory).hash == load(None).hash


def test_a_directory_replaces_the_library(tmp_path: Path, query: Query):
    (tmp_path / "own.cedar").write_text("// nothing is allowed here\n")
    (tmp_path / EXAMPLES).write_text(NOTHING_ALLOWED)
    policies = load(tmp_path)
    assert policies.rules == {}
    assert PolicyEngine(policies).decide(query).reasons == (NO_RULE,)


def test_files_are_taken_in_the_order_of_their_names(directory: Path):
    rules = (directory / "staff.cedar").read_text(encoding="utf-8")
    one_each = [f"@id({rule}" for rule in re.sub("//.*", "", rules).split("@id(")[1:]]
    for number, rule in reversed(list(enumerate(one_each))):
        (directory / f"staff-{number:02}.cedar").write_text(rule, encoding="utf-8")
    (directory / "staff.cedar").unlink()
    assert list(load(directory).rules) == list(load(None).rules)


def test_other_files_are_left_alone(directory: Path):
    (directory / "notes.txt").write_bytes(b"\xff")
    (directory / "old").mkdir()
    (directory / "old" / "broken.cedar").write_text("permit (")
    assert load(directory).hash == load(None).hash


def test_a_byte_order_mark_does_no_harm(directory: Path):
    for name in ("staff.cedar", EXAMPLES, SCHEMA):
        (directory / name).write_bytes(b"\xef\xbb\xbf" + (directory / name).read_bytes())
    assert load(directory).hash == load(None).hash


def test_a_missing_directory_is_refused(tmp_path: Path):
    assert faults(tmp_path / "gone") == [Fault.DIRECTORY]


def test_an_empty_directory_is_a_mistake_and_says_what_is_missing(tmp_path: Path):
    assert faults(tmp_path) == [Fault.NO_RULES, Fault.NO_EXAMPLES]


def test_rules_without_examples_are_refused(directory: Path):
    (directory / EXAMPLES).unlink()
    assert faults(directory) == [Fault.NO_EXAMPLES]


def test_a_file_that_cannot_be_read_is_named(directory: Path):
    (directory / "dir.cedar").mkdir()
    assert faults(directory) == [Fault.UNREADABLE]


def test_a_file_that_is_not_text_is_named(directory: Path):
    (directory / "staff.cedar").write_bytes(b"\xff\xfe")
    assert faults(directory) == [Fault.UNREADABLE]


def test_another_schema_is_refused(directory: Path):
    schema = directory / SCHEMA
    schema.write_text(schema.read_text(encoding="utf-8").replace("criticality: Long", "criticality: String"))
    assert faults(directory) == [Fault.FOREIGN_SCHEMA]


def test_faults_in_the_rules_are_told(directory: Path):
    (directory / "more.cedar").write_text("permit (principal, action, resource);")
    assert faults(directory) == [Fault.NO_ID]


def test_a_set_that_breaks_its_own_examples_is_refused(directory: Path):
    staff = directory / "staff.cedar"
    staff.write_text(staff.read_text(encoding="utf-8").replace("when { context.isRequester }", "when { false }", 1))
    assert faults(directory) == [Fault.EXAMPLE_DECISION, Fault.NOT_EXERCISED]


def test_a_set_whose_obligations_were_loosened_is_refused(directory: Path):
    rules = directory / "suppliers.cedar"
    rules.write_text(rules.read_text(encoding="utf-8").replace('@watcher("required")\n', "", 1))
    assert faults(directory) == [Fault.EXAMPLE_OBLIGATION, Fault.EXAMPLE_OBLIGATION]


def test_the_library_is_shipped_with_schema_and_examples():
    assert {path.name for path in LIBRARY.iterdir()} == {
        "door.cedar",
        "staff.cedar",
        "suppliers.cedar",
        SCHEMA,
        EXAMPLES,
    }
