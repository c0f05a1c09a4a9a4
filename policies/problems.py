"""Why a set of rules was not taken: one sentence per fault, for the person who wrote it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """English sentences; each has its French one in `bastion/locale/fr/policies.po`."""

    DIRECTORY = "The policy directory {path} cannot be read: {why}"
    NO_RULES = "There is no *.cedar file in {path}. For rules that allow nothing, put an empty one there."
    NO_EXAMPLES = "There is no examples.toml in {path}. Rules are taken only with examples of what they decide."
    FOREIGN_SCHEMA = "{path} differs from the schema of this release, which always applies. Please delete the file."
    UNREADABLE = "{file} cannot be read: {why}"
    SYNTAX = "{file} is not written in Cedar: {why}"
    TEMPLATE = "{file} holds a template (?principal or ?resource). Please write it out as rules."
    SCHEMA = "{file}, rule “{rule}”: {why}"
    NO_ID = '{file}: rule number {number} has no usable @id. Please add one like @id("night-shift").'
    SAME_ID = "{file}: the @id “{rule}” is used more than once."
    NO_SENTENCE = "{file}, rule “{rule}”: please add @{name} with one line of plain text."
    UNKNOWN_ANNOTATION = "{file}, rule “{rule}”: @{name} is unknown. Known are {known}."
    ON_FORBID = "{file}, rule “{rule}”: @{name} has no effect on a forbid. Please put it on a permit."
    BAD_APPROVALS = "{file}, rule “{rule}”: @approvals is a number from 0 to 9, not “{value}”."
    BAD_DURATION = "{file}, rule “{rule}”: @{name} is a duration like PT4H or PT15M, not “{value}”."
    BAD_WATCHER = '{file}, rule “{rule}”: @watcher is "required" or left out, not “{value}”.'
    BAD_RECORD = '{file}, rule “{rule}”: @record is "true" or left out: everything is recorded.'
    BAD_SAS = '{file}, rule “{rule}”: @sas is "free", "rule" or "person", not “{value}”.'
    BAD_COUNTED = '{file}, rule “{rule}”: @counted is "approval" or "connection", not “{value}”.'
    EXAMPLE_UNREADABLE = "examples.toml, “{example}”: {why}"
    EXAMPLE_DECISION = "examples.toml, “{example}”: expected {expected}, the rules say {actual}."
    EXAMPLE_RULES = "examples.toml, “{example}”: expected to be decided by {expected}, but it is by {actual}."
    EXAMPLE_OBLIGATION = "examples.toml, “{example}”: expected {name} {expected}, the rules say {actual}."
    EXAMPLE_NONE = "examples.toml holds no [[example]]."
    NOT_EXERCISED = "The rule “{rule}” decides in no example. Please add one to examples.toml."


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: `fault` is the English sentence to translate, `params` what to fill in."""

    fault: Fault
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        return self.fault.value.format(**self.params)


def problem(fault: Fault, /, **params: object) -> Problem:
    return Problem(fault, params)


class PolicyProblem(Exception):
    """A set of rules that was refused. Holds every fault found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(found.sentence for found in problems))
        self.problems = tuple(problems)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The English sentences, filled in."""
        return tuple(found.sentence for found in self.problems)
