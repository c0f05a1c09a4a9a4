"""Work orders: where each hospital's GMAO answers, and what it said of the order of a request.

What was said when a request was made stays as it was said.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
FINDINGS = "'fits', 'none_given', 'unknown', 'closed', 'other_device', 'other_supplier', 'unreachable', 'odd'"
TEXTS = ("title", "state", "asked_by", "detail")


def upgrade() -> None:
    op.create_table(
        "gmaos",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "facility_id", "url", "rule", "secret_id")),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gmaos"),
        _to("gmaos", "facility_id", "facilities"),
        _to("gmaos", "secret_id", "secrets"),
        sa.CheckConstraint("rule in ('warn', 'require')", name="ck_gmaos_rule"),
    )
    op.create_index("uq_gmaos_facility", "gmaos", ["facility_id"], unique=True)
    op.create_index("ix_gmaos_secret_id", "gmaos", ["secret_id"])
    op.create_table(
        "order_checks",
        *(sa.Column(name, TEXT, nullable=False) for name in ("request_id", "facility_id", "number", "finding")),
        sa.Column("checked_at", AT, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in TEXTS),
        sa.PrimaryKeyConstraint("request_id", name="pk_order_checks"),
        _to("order_checks", "request_id", "access_requests"),
        _to("order_checks", "facility_id", "facilities"),
        sa.CheckConstraint(f"finding in ({FINDINGS})", name="ck_order_checks_finding"),
    )
    guard("order_checks", "said", "update", None, "what the GMAO said stays as it was said")
    guard("order_checks", "kept", "delete", None, "what happened is never removed")


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=f"fk_{table}_{column}", deferrable=True, initially="DEFERRED"
    )
