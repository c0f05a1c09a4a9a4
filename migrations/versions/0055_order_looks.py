"""Each look at the work order of a request is kept, not the first alone; what was said stays said."""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
FINDINGS = "'fits', 'none_given', 'unknown', 'closed', 'other_device', 'other_supplier', 'unreachable', 'odd'"
FROM_BEFORE = (
    "insert into order_looks (id, request_id, facility_id, number, finding, checked_at, title, state, asked_by, "
    "detail, looked_by) select request_id, request_id, facility_id, number, finding, checked_at, title, state, "
    "asked_by, detail, '' from order_checks"
)


def upgrade() -> None:
    op.create_table(
        "order_looks",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "request_id", "facility_id", "number", "finding")),
        sa.Column("checked_at", AT, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("title", "state", "asked_by", "detail", "looked_by")),
        sa.PrimaryKeyConstraint("id", name="pk_order_looks"),
        _to("request_id", "access_requests"),
        _to("facility_id", "facilities"),
        sa.CheckConstraint(f"finding in ({FINDINGS})", name="ck_order_looks_finding"),
    )
    op.create_index("ix_order_looks_request_id", "order_looks", ["request_id"])
    op.execute(FROM_BEFORE)
    op.drop_table("order_checks")
    if op.get_bind().dialect.name == "postgresql":
        for name in ("said", "kept"):
            op.execute(f"drop function order_checks_{name}()")
    guard("order_looks", "said", "update", None, "what the GMAO said stays as it was said")
    guard("order_looks", "kept", "delete", None, "what happened is never removed")


def _to(column: str, target: str) -> sa.ForeignKeyConstraint:
    name = f"fk_order_looks_{column}"
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, deferrable=True, initially="DEFERRED")
