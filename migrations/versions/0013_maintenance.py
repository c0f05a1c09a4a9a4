"""Maintenance windows: times that come again, and the requests that were agreed to by one.

The guards say once more what `bastion/domain/maintenance.py` says: what was agreed to stays what it was, an agreement
needs its quorum and never the proposer alone, what has ended stays ended, and no window lasts longer than a year.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TEXT, INT = sa.String(), sa.Integer()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
REFS = {"facility_id": "facilities", "device_id": "devices", "supplier_id": "suppliers"}
CHECKS = {
    "kind": "kind in ('telediagnostic', 'telemaintenance', 'teleassistance')",
    "week": "week in (-1, 0, 1, 2, 3, 4)",
    "weekday": "weekday between 0 and 6",
    "begins": "begins between 0 and 1439",
    "minutes": "minutes between 15 and 720",
    "span": "ends > starts",
    "reason": "reason <> ''",
    "quorum": "quorum >= 1",
    "ended": "(ended_at is null) = (ended_by = '')",
    "version": "version >= 1",
}
FIXED = (
    "id", "facility_id", "device_id", "kind", "week", "weekday", "begins", "minutes", "starts", "ends", "reason",
    "created_by_id", "created_by", "created_at", "quorum",
)  # fmt: skip
# (name, event, condition or None for always, sentence)
GUARDS = (
    (
        "what",
        "update",
        " or ".join(f"new.{name} <> old.{name}" for name in FIXED)
        + " or coalesce(new.supplier_id, '') <> coalesce(old.supplier_id, '')",
        "a maintenance window stays what was agreed to",
    ),
    (
        "agreed",
        "update",
        (
            "old.agreed_at is not null and (new.agreed_at is null or new.agreed_at <> old.agreed_at "
            "or new.agreed_ids <> old.agreed_ids or new.agreed_names <> old.agreed_names)"
        ),
        "an agreement does not change",
    ),
    (
        "ended",
        "update",
        (
            "old.ended_at is not null and (new.ended_at is null or new.ended_at <> old.ended_at "
            "or coalesce(new.agreed_at <> old.agreed_at, (new.agreed_at is null) <> (old.agreed_at is null)))"
        ),
        "a window that has ended stays ended",
    ),
    ("kept", "delete", None, "what happened is never removed"),
)


def upgrade() -> None:
    op.create_table(
        "maintenance_windows",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "facility_id", "device_id")),
        sa.Column("supplier_id", TEXT, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        *(sa.Column(name, INT, nullable=False) for name in ("week", "weekday", "begins", "minutes")),
        *(sa.Column(name, AT, nullable=False) for name in ("starts", "ends")),
        *(sa.Column(name, TEXT, nullable=False) for name in ("reason", "created_by_id", "created_by")),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("quorum", INT, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("agreed_ids", "agreed_names")),
        *(sa.Column(name, AT, nullable=True) for name in ("agreed_at", "ended_at")),
        *(sa.Column(name, TEXT, nullable=False) for name in ("ended_by", "end_reason")),
        sa.Column("version", INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_maintenance_windows"),
        *(
            sa.ForeignKeyConstraint(
                [name], [f"{target}.id"], name=f"fk_maintenance_windows_{name}", deferrable=True, initially="DEFERRED"
            )
            for name, target in REFS.items()
        ),
        *(sa.CheckConstraint(rule, name=f"ck_maintenance_windows_{short}") for short, rule in CHECKS.items()),
        sa.CheckConstraint(_within_a_year(), name="ck_maintenance_windows_year"),
    )
    op.create_index("ix_maintenance_windows_device", "maintenance_windows", ["device_id", "ends"])
    op.create_index("ix_maintenance_windows_ends", "maintenance_windows", ["ended_at", "ends"])
    op.create_index("ix_maintenance_windows_created", "maintenance_windows", ["created_at"])
    op.create_table(
        "window_uses",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "window_id")),
        *(sa.Column(name, AT, nullable=False) for name in ("starts", "ends")),
        sa.PrimaryKeyConstraint("id", name="pk_window_uses"),
        *(
            sa.ForeignKeyConstraint(
                [name], [f"{target}.id"], name=f"fk_window_uses_{name}", deferrable=True, initially="DEFERRED"
            )
            for name, target in (("id", "access_requests"), ("window_id", "maintenance_windows"))
        ),
    )
    op.create_index("ix_window_uses_window", "window_uses", ["window_id", "starts"])
    for one in GUARDS:
        guard("maintenance_windows", *one)
    guard("window_uses", "made", "update", None, "what a window was used for does not change")
    guard("window_uses", "kept", "delete", None, "what happened is never removed")


def _within_a_year() -> str:
    """366 days: in microseconds on SQLite, which has no type for time."""
    if op.get_bind().dialect.name == "sqlite":
        return f"ends - starts <= {366 * 86_400_000_000}"
    return "ends - starts <= interval '366 days'"
