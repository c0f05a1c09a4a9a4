"""Devices in the order of their register without sorting them all; the days of the trail from the index alone."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_devices_register", "devices", ["code", "id"])
    op.drop_index("ix_audit_events_at", "audit_events")
    op.create_index("ix_audit_events_at", "audit_events", ["at", "seq"])
