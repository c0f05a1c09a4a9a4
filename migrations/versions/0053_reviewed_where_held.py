"""A role is reviewed where it is held: lines say where. What lines there are of each verdict is read from an index."""

import json

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

SERVED = ["campaign_id", "verdict", "kind", "place", "subject_id"]


def upgrade() -> None:
    op.add_column("review_lines", sa.Column("place", sa.String(), nullable=False, server_default=""))
    _everywhere()
    guard("review_lines", "where", "update", "new.place <> old.place", "a line of a review stays as it was begun")
    op.create_index("ix_review_lines_campaign", "review_lines", SERVED)
    op.drop_index("ix_review_lines_campaign_id", "review_lines")


def _everywhere() -> None:
    """Whoever has a role in every hospital stood in reviews of the whole group only; the page said so of him."""
    base = op.get_bind()
    said = sa.text(
        "update review_lines set place = '*' where kind = 'staff' and subject_id = :who and \"right\" = :role"
    )
    for who, assignments in base.execute(sa.text("select id, assignments from staff")).fetchall():
        for one in json.loads(assignments):
            if one["facility_id"] == "*":
                base.execute(said, {"who": who, "role": one["role"]})
