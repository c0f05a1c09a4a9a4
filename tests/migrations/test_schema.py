"""The migrated schema and the tables that queries see must be the same, on both databases."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bastion.store.database import parse
from bastion.store.tables import metadata
from migrations.connect import connected


def differences(connection: sa.Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return compare_metadata(context, metadata)


async def look(url: str, work: Any) -> Any:
    return await asyncio.to_thread(connected, parse(url), work)


# SQLAlchemy cannot read indexes on an expression back from SQLite; the next test looks at them by name.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
async def test_the_tables_are_what_the_migrations_make(database_url: str) -> None:
    assert await look(database_url, differences) == []


INDEXES = {
    "sqlite": "select name from sqlite_master where type = 'index' and name not like 'sqlite_autoindex%'",
    "postgresql": "select indexname from pg_indexes where schemaname = 'public' and indexname not like 'pk_%'",
}


async def test_every_index_is_there_by_name(database_url: str) -> None:
    def names(connection: sa.Connection) -> set[str]:
        found = connection.execute(sa.text(INDEXES[connection.dialect.name])).scalars()
        return {name for name in found if not name.startswith(("uq_api", "uq_device_acc", "uq_grants", "alembic"))}

    expected = {str(index.name) for table in metadata.tables.values() for index in table.indexes}
    assert await look(database_url, names) - {"uq_technician_keys_fingerprint"} == expected


async def test_foreign_keys_wait_for_the_commit(database_url: str) -> None:
    def options(connection: sa.Connection) -> set[tuple[Any, Any]]:
        inspector = sa.inspect(connection)
        keys = [key for table in metadata.tables for key in inspector.get_foreign_keys(table)]
        assert len(keys) == sum(len(table.foreign_key_constraints) for table in metadata.tables.values())
        return {(key["options"].get("deferrable"), key["options"].get("initially")) for key in keys}

    assert await look(database_url, options) == {(True, "DEFERRED")}
