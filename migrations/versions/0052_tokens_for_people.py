"""A supplier's token may be one for the list of its people; it stays what it was made as."""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0052"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("supplier_tokens", sa.Column("people", sa.Boolean(), nullable=False, server_default=sa.false()))
    guard("supplier_tokens", "scope", "update", "old.people <> new.people", "a token stays what it was made as")
