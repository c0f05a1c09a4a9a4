"""Cedar texts → a checked set of rules, ready to be asked. No files here; `loader.py` reads them."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cedarpy import PolicySet, Schema, policies_to_json_str, validate_policies

from policies import obligations
from policies.model import Obligations, Reason
from policies.problems import Fault, PolicyProblem, Problem, problem

SENTENCES = ("sentence_en", "sentence_fr")
KNOWN = ("id", *SENTENCES, *obligations.NAMES)
_ID = re.compile("[a-z0-9][a-z0-9-]{0,63}")
_POSITION = re.compile(r"^for policy `policy\d+`[,:] ")


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy: the sentence it decides with, and what it obliges to (`None` for a forbid)."""

    reason: Reason
    obligations: Obligations | None
    cedar: Mapping[str, Any] = field(repr=False)
    """The policy in Cedar's JSON form."""

    @property
    def id(self) -> str:
        return self.reason.policy_id


@dataclass(frozen=True, slots=True)
class LoadedPolicies:
    """A set in force. `rules` keeps the order of the files; `hash` names the content, whatever its layout."""

    rules: Mapping[str, Rule]
    hash: str
    policy_set: PolicySet = field(repr=False)
    schema: Schema = field(repr=False)
    read_the_clock: bool = True
    """Whether any rule looks at `context.now`; if none does, the same facts have the same answer at any time."""
    count_agreements: bool = True
    """Whether any rule looks at `context.approvals`; if none does, several people agree in any order."""


def compile_rules(texts: Mapping[str, str], schema_text: str) -> LoadedPolicies:
    """Check the texts (file name → Cedar) and return the set.

    Raises `PolicyProblem` with every fault found; a text that is not Cedar at all is named alone.
    """
    schema = Schema.from_str(schema_text)
    policies = {file: _parse(file, text) for file, text in texts.items()}
    problems = [fault for file, found in policies.items() for fault in _faults(file, texts[file], found, schema)]
    problems += _repeated(policies)
    if problems:
        raise PolicyProblem(problems)
    rules = {rule.id: rule for found in policies.values() for rule in map(_rule, found)}
    # Keyed by @id instead of by position, so that Cedar itself names the deciding rules by it.
    cedar = {name: rule.cedar for name, rule in rules.items()}
    document = {"staticPolicies": cedar, "templates": {}, "templateLinks": []}
    return LoadedPolicies(
        rules, _hash(cedar, schema_text), PolicySet.from_json_str(json.dumps(document)), schema,
        *(any(_reads(policy.get("conditions"), name) for policy in cedar.values()) for name in ("now", "approvals")),
    )  # fmt: skip


_CONTEXT: Final = {"Var": "context"}


def _reads(part: object, name: str) -> bool:
    """Whether an expression in Cedar's JSON form looks at this attribute of the context, or at all of it."""
    if isinstance(part, list):
        return any(_reads(one, name) for one in part)
    if not isinstance(part, dict):
        return False
    if part == _CONTEXT:
        return True
    for way in (".", "has"):
        looked = part.get(way)
        if isinstance(looked, dict) and looked.get("left") == _CONTEXT:
            return bool(looked.get("attr") == name)
    return any(_reads(one, name) for one in part.values())


def _parse(file: str, text: str) -> list[dict[str, Any]]:
    """Return the policies in the order they stand in; raises `PolicyProblem` where the text is not Cedar."""
    try:
        document = json.loads(policies_to_json_str(text))
    except ValueError as error:
        raise PolicyProblem([problem(Fault.SYNTAX, file=file, why=error)]) from None
    if document["templates"]:
        raise PolicyProblem([problem(Fault.TEMPLATE, file=file)])
    by_position = sorted(document["staticPolicies"].items(), key=lambda item: int(item[0].removeprefix("policy")))
    return [policy for _, policy in by_position]


def _rule(policy: Mapping[str, Any]) -> Rule:
    """Make a rule of a policy without faults."""
    annotations = policy["annotations"]
    stated = obligations.parse(annotations)[0] if policy["effect"] == "permit" else None
    return Rule(Reason(annotations["id"], *(annotations[name] for name in SENTENCES)), stated, policy)


def _faults(file: str, text: str, policies: list[dict[str, Any]], schema: Schema) -> Iterator[Problem]:
    for number, policy in enumerate(policies, start=1):
        annotations = policy.get("annotations", {})
        name = annotations.get("id") or ""
        if not _ID.fullmatch(name):
            yield problem(Fault.NO_ID, file=file, number=number)
            continue
        for found in _annotation_faults(policy["effect"], annotations):
            yield Problem(found.fault, {"file": file, "rule": name, **found.params})
    result = validate_policies(text, schema)
    for error in result.errors:
        rule = result.id_annotations_by_policy_id.get(error.policy_id, error.policy_id)
        yield problem(Fault.SCHEMA, file=file, rule=rule, why=_POSITION.sub("", error.error))


def _annotation_faults(effect: str, annotations: Mapping[str, str | None]) -> Iterator[Problem]:
    for name in SENTENCES:
        sentence = annotations.get(name) or ""
        # What stands here reaches terminals and pages: no control characters, no line breaks.
        if not (sentence.strip() and sentence.isprintable()):
            yield problem(Fault.NO_SENTENCE, name=name)
    for name in sorted(annotations.keys() - set(KNOWN)):
        yield problem(Fault.UNKNOWN_ANNOTATION, name=name, known=", ".join("@" + known for known in KNOWN))
    if effect == "permit":
        yield from obligations.parse({name: value or "" for name, value in annotations.items()})[1]
    else:
        yield from (problem(Fault.ON_FORBID, name=name) for name in obligations.NAMES if name in annotations)


def _repeated(policies: Mapping[str, list[dict[str, Any]]]) -> Iterator[Problem]:
    seen: Counter[str] = Counter()
    for file, found in policies.items():
        for policy in found:
            name = policy.get("annotations", {}).get("id")
            seen[name] += 1
            if name and seen[name] == 2:  # said once, however often it is repeated
                yield problem(Fault.SAME_ID, file=file, rule=name)


def _hash(cedar: Mapping[str, Mapping[str, Any]], schema_text: str) -> str:
    """SHA-256 over rules and schema, blind to comments, layout and the files the rules are spread over."""
    content = {"policies": cedar, "schema": schema_text}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
