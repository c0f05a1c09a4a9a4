"""Alembic's entry. `migrations.config` passes the database's URL as an attribute."""

import sqlalchemy as sa
from alembic import context

from bastion.store.tables import metadata
from migrations.connect import connected


def _run(connection: sa.Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    context.run_migrations()


connected(context.config.attributes["url"], _run)
