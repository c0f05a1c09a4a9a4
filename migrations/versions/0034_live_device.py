"""Whether a session is live on a device is asked at each opening, whatever has happened on it in ten years."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create index ix_sessions_live_device on sessions (device_id, grant_id, source, frozen_at) "
        "where ended_at is null"
    )
