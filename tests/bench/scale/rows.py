"""How an invented row is written: what stands in the columns nobody speaks of, and how PostgreSQL takes a value."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import sqlalchemy as sa

from bastion.store.columns import Closed, Fields, Instant, Records, Several
from tests.bench.scale.hospital import EPOCH, TICK


class Row:
    """How a table's rows are written: its columns, and what each has when nothing is said."""

    def __init__(self, table: sa.Table) -> None:
        self.columns = [column.name for column in table.c]
        self.usual = {column.name: nothing(column) for column in table.c}
        marks = ", ".join("?" * len(self.columns))
        names = ", ".join(f'"{name}"' for name in self.columns)
        self.insert = f'insert into "{table.name}" ({names}) values ({marks})'

    def values(self, said: dict[str, Any]) -> tuple[Any, ...]:
        return tuple({**self.usual, **said}.values())


def nothing(column: "sa.Column[Any]") -> Any:
    """What stands in a column of which nobody says anything."""
    if column.nullable:
        return None
    if column.server_default is not None:
        said = str(column.server_default.arg).strip("'")  # type: ignore[attr-defined]
        return int(said) if said.isdigit() else {"false": 0, "true": 1}.get(said, said)
    kind = column.type
    if isinstance(kind, Several | Records):
        return "[]"
    if isinstance(kind, Fields):
        return "{}"
    if isinstance(kind, Closed):
        return next(iter(kind.kind)).value
    return "" if isinstance(getattr(kind, "impl", kind), sa.String) else 0


@dataclass(frozen=True)
class Kinds:
    """At which places of a row an instant or a yes and no stands: SQLite has numbers for both."""

    moments: tuple[int, ...]
    flags: tuple[int, ...]

    @classmethod
    def of(cls, columns: "Iterable[sa.Column[Any]]") -> Self:
        kinds = [column.type for column in columns]
        return cls(
            tuple(n for n, kind in enumerate(kinds) if isinstance(kind, Instant)),
            tuple(n for n, kind in enumerate(kinds) if isinstance(kind, sa.Boolean)),
        )

    def as_postgres(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for place in self.moments:
            values[place] = None if values[place] is None else _moment(values[place])
        for place in self.flags:
            values[place] = bool(values[place])
        return values


def _moment(micros: int) -> datetime:
    return EPOCH + micros * TICK
