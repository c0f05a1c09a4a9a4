"""Who owes a report is reminded before the lack of it blocks, and told when it does."""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TOPICS = (
    "topic in ('request_waiting', 'emergency_waiting', 'request_unanswered', 'request_decided', 'question_asked', "
    "'question_answered', 'review_due', 'review_overdue', 'report_due', 'report_overdue', 'window_waiting', "
    "'file_held', 'session_begun', 'session_ended', 'access_cut', 'device_changed', 'recording_trouble', 'digest')"
)
DELIVERED = ("id", "key", "topic", "recipient_kind", "recipient_id", "facility_id", "facts", "path", "at")


def upgrade() -> None:
    """SQLite makes the tables anew for that, and the guard of deliveries with them."""
    for table in ("outbox", "deliveries"):
        with op.batch_alter_table(table) as changed:
            changed.drop_constraint(f"ck_{table}_topic", type_="check")
            changed.create_check_constraint(f"ck_{table}_topic", TOPICS)
    if op.get_bind().dialect.name == "sqlite":
        fact = " or ".join(f"new.{name} <> old.{name}" for name in DELIVERED)
        guard("deliveries", "which", "update", fact, "a delivery says what it said, to whom it was meant")
    op.add_column("report_dues", sa.Column("reminders", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_report_dues_due", "report_dues", ["due_at", "reminders"])
