"""Indexes for a calendar of any week: what begins on a day, what goes on as it begins, and that of one device."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_grants_device_id", "grants")  # the new one begins with the same column
    op.drop_index("ix_grants_end", "grants")
    op.create_index("ix_grants_end", "grants", ["end", "start"])
    op.create_index("ix_grants_start", "grants", ["start"])
    op.create_index("ix_grants_device", "grants", ["device_id", "start"])
