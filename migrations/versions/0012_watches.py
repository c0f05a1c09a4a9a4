"""Who of the hospital follows an intervention.

A watch never changes whose it is nor over what; it is left once; its signs of life only grow.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
FIXED = ("id", "grant_id", "session_id", "staff_id", "staff_name", "holder")
CHECKS = {
    "left": "(left_at is null) = (left_why is null)",
    "left_why": "left_why in ('by_hand', 'silent', 'not_allowed', 'session_over')",
    "gone": "left_at is null or not present",
    "beats": "beats >= 0",
}
# (name, event, condition or None for always, sentence)
GUARDS = (
    (
        "whose",
        "update",
        " or ".join(f"new.{name} <> old.{name}" for name in (*FIXED, "taken_at")),
        "a watch stays whose it was",
    ),
    (
        "left",
        "update",
        "old.left_at is not null and (new.left_at is null or new.left_at <> old.left_at)",
        "a watch that was left stays left",
    ),
    ("beats", "update", "new.beats < old.beats", "signs of life are not taken back"),
    ("kept", "delete", None, "what happened is never removed"),
)


def upgrade() -> None:
    op.create_table(
        "watches",
        *(sa.Column(name, TEXT, nullable=False) for name in FIXED),
        sa.Column("taken_at", AT, nullable=False),
        sa.Column("beats", sa.Integer(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("left_at", AT, nullable=True),
        sa.Column("left_why", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_watches"),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=f"fk_watches_{column}", deferrable=True, initially="DEFERRED"
            )
            for column, table in (("grant_id", "grants"), ("session_id", "sessions"), ("staff_id", "staff"))
        ),
        *(sa.CheckConstraint(rule, name=f"ck_watches_{short}") for short, rule in CHECKS.items()),
    )
    op.create_index("ix_watches_open", "watches", ["grant_id", "left_at"])
    for one in GUARDS:
        guard("watches", *one)
