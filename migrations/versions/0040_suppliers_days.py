"""Days that end in a supplier's file are told: a paper, its list of people, the time to object to a subcontractor."""

from migrations import topics

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

TOPICS = (
    "topic in ('request_waiting', 'emergency_waiting', 'request_unanswered', 'request_decided', 'question_asked', "
    "'question_answered', 'review_due', 'review_overdue', 'report_due', 'report_overdue', 'window_waiting', "
    "'file_held', 'session_begun', 'session_ended', 'paper_ending', 'roster_overdue', 'subcontractor_declared', "
    "'access_cut', 'device_changed', 'recording_trouble', 'digest')"
)


def upgrade() -> None:
    topics.allow(TOPICS)
