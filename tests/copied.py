"""The rows of one database, put into others of the same make.

They are taken as the driver sees them, so that a copy differs in nothing. Tables are filled parents first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import sqlalchemy as sa

from bastion.store.database import Database
from bastion.store.tables import metadata
from bastion.store.transaction import Transaction

_HEAD: Final = "audit_head"
_FORWARD: Final = sa.text("update audit_head set seq = :seq, digest = :digest where id = :id")
"""The one row that every database has from the beginning."""


@dataclass(frozen=True)
class Rows:
    """All rows of a database, by table, with the statement that writes them."""

    tables: Sequence[tuple[sa.TextClause, Sequence[Mapping[str, Any]]]]

    @classmethod
    async def of(cls, database: Database) -> Self:
        async with database.read() as uow:
            found = [(table.name, await _all(uow.transaction, table.name)) for table in metadata.sorted_tables]
        return cls([(_FORWARD if name == _HEAD else _insert(name, rows[0]), rows) for name, rows in found if rows])

    async def into(self, transaction: Transaction) -> None:
        for statement, rows in self.tables:
            await transaction.change(statement, rows)


async def _all(transaction: Transaction, table: str) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in await transaction.rows(sa.text(f"select * from {table}"))]


def _insert(table: str, columns: Mapping[str, Any]) -> sa.TextClause:
    return sa.text(f"insert into {table} ({', '.join(columns)}) values ({', '.join(f':{name}' for name in columns)})")
