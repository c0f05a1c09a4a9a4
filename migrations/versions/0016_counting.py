"""From when the time of a grant counts: its planned start, how far it may move, and the first connection.

Grants made before this version count from their start, as they did.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
MOVED = (
    "new.slack <> old.slack or coalesce(new.due <> old.due, (new.due is null) <> (old.due is null)) or "
    "(old.first_used_at is not null and (new.first_used_at is null or new.first_used_at <> old.first_used_at))"
)


def upgrade() -> None:
    op.add_column("grants", sa.Column("due", AT, nullable=True))
    op.execute(
        "alter table grants add column slack bigint not null default 0 constraint ck_grants_slack check (slack >= 0)"
    )
    op.add_column("grants", sa.Column("first_used_at", AT, nullable=True))
    guard("grants", "counting", "update", MOVED, "from when a grant counts is set once")
