"""What somebody does who owns the database: switch the guards off, then change what he likes."""

import sqlalchemy as sa
from sqlalchemy.sql import Executable

from bastion.store.database import Database


async def tamper(database: Database, *deeds: Executable) -> None:
    transaction = await database._backend.begin(reading=False)
    try:
        if transaction.dialect == "postgresql":
            await transaction.change(sa.text("set local session_replication_role = replica"))
        else:
            for (name,) in await transaction.rows(sa.text("select name from sqlite_master where type = 'trigger'")):
                await transaction.change(sa.text(f"drop trigger {name}"))
        for deed in deeds:
            await transaction.change(deed)
        await transaction.commit()
    finally:
        await transaction.close()


async def attempt(database: Database, *deeds: Executable) -> int:
    """The same deeds with the guards on; return how many rows they touched."""
    transaction = await database._backend.begin(reading=False)
    try:
        touched = [await transaction.change(deed) for deed in deeds]
        await transaction.commit()
    finally:
        await transaction.close()
    return sum(touched)
