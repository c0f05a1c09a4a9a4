"""What the database keeps of the texts it is sent: the longest of each column, over all tables."""

from typing import Final

import sqlalchemy as sa

from bastion.store import tables as t
from bastion.store.database import Database

MOST: Final = 25_000
"""Characters of the longest text that anybody may leave: an undertaking in one language takes 20,000."""


async def too_long(database: Database) -> dict[str, int]:
    """The columns that hold a longer one, and how long it is."""
    found = {}
    async with database.read() as uow:
        for table in t.metadata.sorted_tables:
            kept = [column for column in table.columns if not isinstance(column.type, sa.LargeBinary)]
            longest = [sa.func.max(sa.func.length(sa.cast(column, sa.Text))) for column in kept]
            (row,) = await uow.transaction.rows(sa.select(*longest).select_from(table))
            found |= {f"{table.name}.{one.name}": size for one, size in zip(kept, row, strict=True) if size}
    return {name: size for name, size in found.items() if size > MOST}
