"""Indexes for a house with a million requests behind it: each list newest first, and what people copy and look for."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

NEW = (
    ("access_requests", "waiting", ("stored_state", "expires_at")),
    ("access_requests", "facility", ("facility_id", "created_at")),
    ("access_requests", "supplier", ("supplier_id", "created_at")),
    ("access_requests", "device", ("device_id", "created_at")),
    ("access_requests", "whose", ("technician_id", "created_at")),
    ("access_requests", "order", (sa.text("lower(work_order)"),)),
    ("access_requests", "ref", (sa.text("substr(id, 25)"),)),
    ("sessions", "request", ("request_id",)),
    ("sessions", "reason", ("end_reason", "started_at")),
    ("suppliers", "name", (sa.text("lower(name)"),)),
    ("technicians", "name", (sa.text("lower(name)"),)),
    ("technicians", "register", ("name", "id")),
)


def upgrade() -> None:
    for name in ("supplier_id", "device_id", "facility_id"):  # the new ones begin with the same column
        op.drop_index(f"ix_access_requests_{name}", "access_requests")
    for table, short, columns in NEW:
        op.create_index(f"ix_{table}_{short}", table, list(columns))
