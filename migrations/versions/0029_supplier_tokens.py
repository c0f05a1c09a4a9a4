"""Tokens of suppliers' people: whose it is, what it may and until when never change; revoked it stays."""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
FIXED = ("id", "technician_id", "supplier_id", "label", "hash", "writes", "created_at", "expires_at")


def upgrade() -> None:
    op.create_table(
        "supplier_tokens",
        *(sa.Column(name, TEXT, nullable=False) for name in FIXED[:5]),
        sa.Column("writes", sa.Boolean(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("revoked_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_supplier_tokens"),
        *(_to(target, column) for target, column in (("technicians", "technician_id"), ("suppliers", "supplier_id"))),
        sa.CheckConstraint("expires_at > created_at", name="ck_supplier_tokens_expires_at"),
    )
    op.create_index("uq_supplier_tokens_hash", "supplier_tokens", ["hash"], unique=True)
    op.create_index("ix_supplier_tokens_technician_id", "supplier_tokens", ["technician_id"])
    op.create_index("ix_supplier_tokens_supplier_id", "supplier_tokens", ["supplier_id"])
    changed = " or ".join(f"old.{name} <> new.{name}" for name in FIXED)
    guard("supplier_tokens", "fixed", "update", changed, "a token stays what it was made as")
    revived = "old.revoked_at is not null and (new.revoked_at is null or new.revoked_at <> old.revoked_at)"
    guard("supplier_tokens", "revoked", "update", revived, "a revoked token stays revoked")


def _to(target: str, column: str) -> sa.ForeignKeyConstraint:
    name = f"fk_supplier_tokens_{column}"
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, deferrable=True, initially="DEFERRED")
