"""Reports on interventions: what was written stays as it was written; what is owed has one row a request."""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "report_dues",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "technician_id", "supplier_id", "facility_id")),
        sa.Column("owed_since", AT, nullable=True),
        sa.Column("due_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_report_dues"),
        _to("report_dues", "access_requests", "id"),
        _to("report_dues", "technicians", "technician_id"),
        _to("report_dues", "suppliers", "supplier_id"),
        _to("report_dues", "facilities", "facility_id"),
        sa.CheckConstraint("due_at is null or owed_since is not null", name="ck_report_dues_due_at"),
    )
    op.create_index("ix_report_dues_technician", "report_dues", ["technician_id", "owed_since"])
    op.create_index("ix_report_dues_supplier", "report_dues", ["supplier_id", "owed_since"])
    op.create_index("ix_report_dues_overdue", "report_dues", ["supplier_id", "due_at"])
    said = ("id", "request_id", "author_id", "author_name", "author_company")
    op.create_table(
        "reports",
        *(sa.Column(name, TEXT, nullable=False) for name in said),
        sa.Column("at", AT, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("done", "after", "taken")),
        sa.Column("erased_by", AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        _to("reports", "access_requests", "request_id"),
        sa.CheckConstraint("after in ('in_service', 'limited', 'out_of_service')", name="ck_reports_after"),
        sa.CheckConstraint("done <> ''", name="ck_reports_done"),
        sa.CheckConstraint("(taken = '') = (erased_by is null)", name="ck_reports_taken"),
    )
    op.create_index("ix_reports_request_id", "reports", ["request_id"])
    for event in ("update", "delete"):
        guard("reports", f"kept_{event}", event, None, "what was written stays")
    guard("report_dues", "kept_delete", "delete", None, "a debt is settled, not removed")


def _to(table: str, target: str, column: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, deferrable=True, initially="DEFERRED")
