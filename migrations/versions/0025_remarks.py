"""Questions and answers on requests: what was written stays as it was written."""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "remarks",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "request_id", "side", "author_id", "author_name")),
        sa.Column("at", AT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_remarks"),
        sa.ForeignKeyConstraint(
            ["request_id"], ["access_requests.id"], name="fk_remarks_request_id", deferrable=True, initially="DEFERRED"
        ),
        sa.CheckConstraint("side in ('hospital', 'asker')", name="ck_remarks_side"),
        sa.CheckConstraint("text <> ''", name="ck_remarks_text"),
    )
    op.create_index("ix_remarks_request_id", "remarks", ["request_id"])
    for event in ("update", "delete"):
        guard("remarks", f"kept_{event}", event, None, "what was written stays")
