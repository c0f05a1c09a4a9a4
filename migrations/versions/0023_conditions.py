"""On what terms people agreed: conditions, and a later start than was asked for.

Agreements and grants made before this version hold no condition.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    for table in ("approvals", "grants"):
        op.execute(f"alter table {table} add column conditions varchar not null default '[]'")
    op.add_column("approvals", sa.Column("start", AT, nullable=True))
    guard("grants", "conditions", "update", "new.conditions <> old.conditions", "a grant keeps its conditions")
