"""Reviews of access rights are signed as a whole: one signature each, with the table that was signed."""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
COUNTS = ("confirmed", "withdrawn", "suspended")
CHECKS = {
    "signed_by": "signed_by <> ''",
    "counts": "confirmed >= 0 and withdrawn >= 0 and suspended >= 0 and confirmed + withdrawn + suspended > 0",
    "digest": "length(digest) = 64",
    "statement": "statement <> ''",
}


def upgrade() -> None:
    op.create_table(
        "review_signatures",
        *(sa.Column(name, TEXT, nullable=False) for name in ("campaign_id", "signed_by")),
        sa.Column("signed_at", AT, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        *(sa.Column(name, TEXT, nullable=False) for name in ("digest", "remark", "statement")),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_review_signatures"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["review_campaigns.id"], name="fk_review_signatures_campaign_id", deferrable=True,
            initially="DEFERRED",
        ),
        *(sa.CheckConstraint(rule, name=f"ck_review_signatures_{short}") for short, rule in CHECKS.items()),
    )  # fmt: skip
    guard("review_signatures", "as_it_was", "update", None, "what was signed stays as it was signed")
    guard("review_signatures", "kept", "delete", None, "what happened is never removed")
