"""That an intervention was reported on is told to programs, and written back to the GMAO."""

from migrations import topics

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


def upgrade() -> None:
    topics.allow(TOPICS)
