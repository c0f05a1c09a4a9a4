"""A page of a review is read in its order from an index; whom a review withdrew is found without reading its lines."""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

OF_A_PAGE: "list[str | sa.TextClause]" = [
    "campaign_id", sa.text("(verdict is not null)"), "kind", "company", "name", "right", "place", "id",
]  # fmt: skip


def upgrade() -> None:
    op.create_index("ix_review_lines_page", "review_lines", OF_A_PAGE)
    op.drop_index("ix_review_lines_subject", "review_lines")
    op.create_index("ix_review_lines_subject", "review_lines", ["subject_id", "kind", "verdict"])
