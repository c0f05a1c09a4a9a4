"""Requests that take over somebody's open authorisation. A handover is a fact: it neither changes nor goes."""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "handovers",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "grant_id", "from_name", "by_name")),
        sa.Column("created_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_handovers"),
        *(
            sa.ForeignKeyConstraint(
                [name], [f"{target}.id"], name=f"fk_handovers_{name}", deferrable=True, initially="DEFERRED"
            )
            for name, target in (("id", "access_requests"), ("grant_id", "grants"))
        ),
    )
    op.create_index("ix_handovers_grant_id", "handovers", ["grant_id"])
    guard("handovers", "made", "update", None, "a handover does not change")
    guard("handovers", "kept", "delete", None, "what happened is never removed")
