"""Derogations: what is allowed on one old device, by whom, until when.

One is made and may be taken back once; what it allows, on which device and until when never changes: a longer time is
another derogation. That the trail was warned of its end is noted once.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

CHECKS = {
    "kind": "kind in ('ssh_legacy', 'telnet', 'serial')",
    "algorithms": "(kind = 'ssh_legacy') = (algorithms <> '[]')",
    "ends": "ends > starts",
    "owner": "owner <> '' and reason <> ''",
    "withdrawn": "(withdrawn_at is null) = (withdrawn_by = '')",
}
FIXED = ("id", "device_id", "kind", "algorithms", "owner", "reason", "starts", "ends", "created_by", "created_at")
# (name, event, condition or None for always, sentence)
GUARDS = (
    (
        "which",
        "update",
        " or ".join(f"new.{name} <> old.{name}" for name in FIXED),
        "a derogation stays as it was made",
    ),
    (
        "withdrawn",
        "update",
        (
            "old.withdrawn_at is not null and (new.withdrawn_at is null or new.withdrawn_at <> old.withdrawn_at "
            "or new.withdrawn_by <> old.withdrawn_by)"
        ),
        "a withdrawn derogation stays withdrawn",
    ),
    ("kept", "delete", None, "what happened is never removed"),
)


def upgrade() -> None:
    op.create_table(
        "derogations",
        *(sa.Column(name, TEXT, nullable=False) for name in FIXED[:6]),
        *(sa.Column(name, AT, nullable=False) for name in ("starts", "ends")),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("withdrawn_at", AT, nullable=True),
        sa.Column("withdrawn_by", TEXT, nullable=False),
        sa.Column("warned_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_derogations"),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.id"],
            name="fk_derogations_device_id",
            deferrable=True,
            initially="DEFERRED",
        ),
        *(sa.CheckConstraint(rule, name=f"ck_derogations_{short}") for short, rule in CHECKS.items()),
    )
    op.create_index("ix_derogations_device_id", "derogations", ["device_id"])
    op.create_index("ix_derogations_ends", "derogations", ["ends"])
    for one in GUARDS:
        guard("derogations", *one)
