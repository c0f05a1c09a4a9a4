"""Of which tables the database knows how much they hold."""

from typing import Final

import sqlalchemy as sa

from bastion.store.database import Database

_KEPT: Final = "select 1 from sqlite_master where name = 'sqlite_stat1'"
_COUNTED: Final = {
    "sqlite": "select distinct tbl from sqlite_stat1",
    # Whose indices on an expression are counted too, by names of their own.
    "postgresql": "select distinct tablename from pg_stats join pg_tables using (schemaname, tablename) "
    "where schemaname = 'public'",
}


async def counted(database: Database) -> set[str]:
    async with database.read() as uow:
        if uow.transaction.dialect == "sqlite" and not await uow.transaction.rows(sa.text(_KEPT)):
            return set()
        return {row[0] for row in await uow.transaction.rows(sa.text(_COUNTED[uow.transaction.dialect]))}
