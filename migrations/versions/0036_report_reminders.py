"""Who owes a report is reminded before the lack of it blocks, and told when it does."""

import sqlalchemy as sa
from alembic import op

from migrations import topics

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TOPICS = (
    "topic in ('request_waiting', 'emergency_waiting', 'request_unanswered', 'request_decided', 'question_asked', "
    "'question_answered', 'review_due', 'review_overdue', 'report_due', 'report_overdue', 'window_waiting', "
    "'file_held', 'session_begun', 'session_ended', 'access_cut', 'device_changed', 'recording_trouble', 'digest')"
)


def upgrade() -> None:
    topics.allow(TOPICS)
    op.add_column("report_dues", sa.Column("reminders", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_report_dues_due", "report_dues", ["due_at", "reminders"])
