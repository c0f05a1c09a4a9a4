"""The files of one state at the release desk are found in their order, however many there are of it."""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_held_files_state_arrived", "held_files", ["stored_state", "arrived_at"])
