"""What an import would do to a register: each change, each bad line, and a mark by which it is known again."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bastion.domain.device import Device
from bastion.domain.parties import Staff, Supplier, Technician
from bastion.domain.professional import Professional
from bastion.errors import Invalid

DRAFT_LIFE: Final = timedelta(days=1)
"""A file that was looked at and never applied is forgotten after this."""
Entry = Device | Supplier | Technician | Staff | Professional


class Register(StrEnum):
    DEVICES = "devices"
    SUPPLIERS = "suppliers"
    TECHNICIANS = "technicians"
    STAFF = "staff"
    PROFESSIONALS = "professionals"


@dataclass(frozen=True, slots=True)
class Draft:
    """A file somebody has handed in, not yet applied. Only he sees it."""

    id: str
    register: Register
    file_name: str
    content: bytes = field(repr=False)
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FieldChange:
    """`old` is empty for a new entry."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that the import would make, or change."""

    line: int
    key: str
    fields: tuple[FieldChange, ...]
    entry: Entry = field(repr=False)
    before: Entry | None = field(repr=False, default=None)

    @property
    def new(self) -> bool:
        return self.before is None


@dataclass(frozen=True, slots=True)
class BadLine:
    """`problem.field` names the column, as the product calls it; `also` is what else is wrong in this line."""

    line: int
    problem: Invalid
    also: tuple[Invalid, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    register: Register
    changes: tuple[Change, ...]
    bad: tuple[BadLine, ...]
    unchanged: int
    ignored: tuple[str, ...]
    """Columns of the file that mean nothing here."""
    mark: str

    @property
    def faults(self) -> tuple[tuple[int, Invalid], ...]:
        """All that is wrong, with the number of its line."""
        return tuple((one.line, problem) for one in self.bad for problem in (one.problem, *one.also))

    @property
    def created(self) -> int:
        return sum(change.new for change in self.changes)

    @property
    def changed(self) -> int:
        return len(self.changes) - self.created


def mark_of(register: Register, data: bytes, changes: tuple[Change, ...], bad: tuple[BadLine, ...]) -> str:
    """The same file against the same register has the same mark; a change of either has another."""
    facts = [
        register, hashlib.sha256(data).hexdigest(),
        [[c.line, c.key, c.new, *([f.name, f.old, f.new] for f in c.fields)] for c in changes],
        [[b.line, one.field, one.public] for b in bad for one in (b.problem, *b.also)],
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
