"""A file at the release desk is found by its SHA-256 and by its reference, however many there are."""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create index ix_held_files_sha256 on held_files (sha256)")
    op.execute("create index ix_held_files_ref on held_files (substr(id, 25))")
