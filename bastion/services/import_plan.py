"""Holds a file against a register: what would be made, what changed, and which lines cannot be used."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Final

from bastion import clock
from bastion.domain.ids import new_id
from bastion.domain.importing import BadLine, Change, Entry, FieldChange, Plan, Register, mark_of
from bastion.domain.local_time import HOME_ZONE, last_day, local_date
from bastion.domain.parties import Assignment
from bastion.domain.sheet import Line, Sheet, read
from bastion.errors import Invalid
from bastion.services.duties import as_written
from bastion.services.import_columns import (
    Facts,
    clean,
    column_of,
    columns,
    entry_of,
    is_code,
    known_by,
    meant,
    without,
)

_LAST_DAYS: Final = ("contract_end", "valid_until", "ends")
_UNSAID: Final = frozenset({"id", "created_by", "created_at", "retired_at", "retired_by"})
_SHOWN_AS: Final = {
    "facility_id": "facility", "supplier_id": "supplier", "supplier_ids": "suppliers", "employer_id": "employer",
    "assignments": "roles", "starts": "since", "ends": "until",
}  # fmt: skip


def sheet_of(register: Register, data: bytes) -> tuple[Sheet, tuple[str, ...]]:
    """Read a file; return it with our name of each column, empty for one that means nothing here."""
    sheet = read(data, lambda heading: bool(column_of(register, heading)))
    names = tuple(column_of(register, heading) for heading in sheet.heading)
    twice = next((name for name in names if name and names.count(name) > 1), "")
    if twice:
        raise Invalid(
            twice, field="file", sentence="Two columns of this file both mean “{column}”. Keep one.", column=twice
        )
    key = next((name for name in known_by(register) if name not in names), "")
    if key:
        raise Invalid(
            key, field="file", column=key,
            sentence="The first line of this file names no column “{column}”. Name the columns there.",
        )  # fmt: skip
    return sheet, names


def planned(register: Register, data: bytes, facts: Facts) -> Plan:
    sheet, names = sheet_of(register, data)
    changes: list[Change] = []
    bad: list[BadLine] = []
    seen: dict[str, int] = {}
    shown = _Shown(facts)
    unchanged = 0
    for line in sheet.lines:
        try:
            change = _change(register, _cells(line, names), facts, line, seen, shown)
        except Invalid as problem:
            bad.append(BadLine(line.number, problem, _else_wrong(register, line, names, facts, problem)))
        else:
            if change.fields:
                changes.append(change)
            else:
                unchanged += 1
    ignored = tuple(heading for heading, name in zip(sheet.heading, names, strict=True) if heading and not name)
    mark = mark_of(register, data, tuple(changes), tuple(bad))
    return Plan(register, tuple(changes), tuple(bad), unchanged, ignored, mark)


def _else_wrong(
    register: Register, line: Line, names: tuple[str, ...], facts: Facts, problem: Invalid
) -> tuple[Invalid, ...]:  # fmt: skip
    """What else a line has wrong: it is read anew without what is known to be, until nothing more is found."""
    cells, wrong, others = _raw(line, names), {problem.field}, list[Invalid]()
    while (column := problem.field) in columns(register):
        if column in ("code", "login") and is_code(cells.get(column, "")):
            break  # this entry is what is wrong; of another nothing is known
        cells = without(column, cells, facts)
        try:
            kept = clean(cells)
            entry_of(register, kept, facts, facts.entries.get(meant(register, kept)[0]), "")
        except Invalid as another:
            if another.field in wrong:
                break
            problem = another
            wrong.add(another.field)
            others.append(another)
        else:
            break
    return tuple(others)


def _raw(line: Line, names: tuple[str, ...]) -> Mapping[str, str]:
    return {name: cell for name, cell in zip(names, line.cells, strict=False) if name}


def _cells(line: Line, names: tuple[str, ...]) -> Mapping[str, str]:
    if len(line.cells) < len(names) or any(line.cells[len(names) :]):
        raise Invalid(
            "cells", field="", sentence="This line has {found} cells, the first line has {wanted}.",
            found=len(line.cells), wanted=len(names),
        )  # fmt: skip
    return clean(_raw(line, names))


def _change(
    register: Register, cells: Mapping[str, str], facts: Facts, line: Line, seen: dict[str, int], shown: "_Shown"
) -> Change:
    key, words = meant(register, cells)
    first = seen.setdefault(key, line.number)
    if first != line.number:
        raise Invalid(
            key, field=known_by(register)[0], sentence="“{key}” stands in line {first} already.", key=words, first=first
        )
    old = facts.entries.get(key)
    entry = entry_of(register, cells, facts, old, new_id(clock.now()))
    return Change(line.number, words, shown.changes(old, entry), entry, old)


class _Shown:
    """Says values as the file does: codes and names for ids, days for instants, duties as they are written."""

    def __init__(self, facts: Facts) -> None:
        self._codes = {f.id: f.code for f in facts.facilities.values()}
        self._codes |= {s.id: s.code for s in facts.suppliers.values()}
        self._codes |= {one.id: one.name for one in facts.subcontractors}
        self._zones = {f.id: f.timezone for f in facts.facilities.values()}

    def changes(self, old: Entry | None, new: Entry) -> tuple[FieldChange, ...]:
        names = [f.name for f in fields(new) if f.name not in _UNSAID]
        return tuple(
            FieldChange(_SHOWN_AS.get(name, name), before, after)
            for name in names
            if (after := self._said(new, name)) != (before := self._said(old, name) if old else "")
        )

    def _said(self, entry: Entry, name: str) -> str:
        zone = self._zones.get(getattr(entry, "facility_id", ""), HOME_ZONE)
        return self._text(_value(entry, name, zone))

    def _text(self, value: object) -> str:
        match value:
            case None:
                return ""
            case bool():
                return "yes" if value else "no"
            case date():
                return value.isoformat()
            case frozenset():
                return " ".join(sorted(self._one(one) for one in value))
            case tuple():
                between = " | " if any(isinstance(one, Assignment) for one in value) else " "
                return between.join(self._one(one) for one in value)
        return self._one(value)

    def _one(self, value: object) -> str:
        return (
            as_written(value, self._codes) if isinstance(value, Assignment) else self._codes.get(str(value), str(value))
        )


def _value(entry: Entry, name: str, zone: str) -> object:
    """What stands under this name; of an instant the day that was said there: the first one, or the last."""
    value = getattr(entry, name)
    if not isinstance(value, datetime):
        return value
    return last_day(value, zone) if name in _LAST_DAYS else local_date(value, zone)
