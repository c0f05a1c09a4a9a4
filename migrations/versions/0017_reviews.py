"""Reviews of access rights: campaigns, and a line for each right, decided by a person or by the day it is due."""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
LINE = ("id", "campaign_id", "kind", "subject_id", "right", "name", "company")
CHECKS = {
    "kind": "kind in ('staff', 'technician', 'window')",
    "verdict": "verdict is null or verdict in ('confirmed', 'withdrawn')",
    "decided": "(verdict is null) = (decided_at is null) and (decided_at is null) = (decided_by = '')",
}


def upgrade() -> None:
    op.create_table(
        "review_campaigns",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "name", "facilities")),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_review_campaigns"),
        sa.CheckConstraint("name <> ''", name="ck_review_campaigns_name"),
        sa.CheckConstraint("due_at > created_at", name="ck_review_campaigns_due_at"),
    )
    op.create_table(
        "review_lines",
        *(sa.Column(name, TEXT, nullable=False) for name in LINE),
        sa.Column("verdict", TEXT, nullable=True),
        sa.Column("decided_at", AT, nullable=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("decided_by", "note")),
        sa.PrimaryKeyConstraint("id", name="pk_review_lines"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["review_campaigns.id"], name="fk_review_lines_campaign_id", deferrable=True,
            initially="DEFERRED",
        ),
        *(sa.CheckConstraint(rule, name=f"ck_review_lines_{short}") for short, rule in CHECKS.items()),
    )  # fmt: skip
    op.create_index("ix_review_lines_campaign_id", "review_lines", ["campaign_id"])
    op.create_index("ix_review_lines_subject", "review_lines", ["subject_id", "kind"])
    guard("review_campaigns", "as_it_was", "update", None, "a review stays as it was begun")
    guard("review_campaigns", "kept", "delete", None, "what happened is never removed")
    changed = " or ".join(f'new."{name}" <> old."{name}"' for name in LINE)
    guard("review_lines", "which", "update", changed, "a line of a review stays as it was begun")
    guard(
        "review_lines", "decided", "update", "old.verdict is not null and new.verdict is null",
        "what a reviewer decided is not undecided again",
    )  # fmt: skip
    guard("review_lines", "kept", "delete", None, "what happened is never removed")
