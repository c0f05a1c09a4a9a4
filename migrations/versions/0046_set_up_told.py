"""That somebody is invited to set up his access, and has done so, is told."""

from migrations import topics

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

TOPICS = (
    "topic in ('request_waiting', 'emergency_waiting', 'request_unanswered', 'request_decided', 'request_withdrawn', "
    "'grant_revoked', 'question_asked', 'question_answered', 'review_due', 'review_overdue', 'report_due', "
    "'report_overdue', 'window_waiting', 'file_held', 'session_begun', 'session_ended', 'paper_ending', "
    "'roster_overdue', 'subcontractor_declared', 'technician_invited', 'technician_enrolled', 'access_cut', "
    "'device_changed', 'recording_trouble', 'digest')"
)


def upgrade() -> None:
    topics.allow(TOPICS)
