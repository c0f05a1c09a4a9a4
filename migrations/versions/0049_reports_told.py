"""That an intervention was reported on is told to programs, and written back to the GMAO."""

from alembic import op

from migrations.guards import guard

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

TOPICS = (
    "topic in ('request_waiting', 'emergency_waiting', 'request_unanswered', 'request_decided', 'request_withdrawn', "
    "'grant_revoked', 'grant_given_back', 'question_asked', 'question_answered', 'review_due', 'review_overdue', "
    "'report_due', 'report_overdue', 'report_written', 'window_waiting', 'rights_due', 'file_held', 'session_begun', "
    "'session_ended', 'paper_ending', 'roster_overdue', 'subcontractor_declared', 'technician_invited', "
    "'technician_enrolled', 'access_cut', 'device_changed', 'recording_trouble', 'digest')"
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
