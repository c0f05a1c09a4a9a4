"""People and programs are told that nobody answers for the patient data of an authorisation any more."""

from migrations import topics

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

TOPICS = (
    "topic in ('request_waiting', 'emergency_waiting', 'request_unanswered', 'request_decided', 'request_withdrawn', "
    "'grant_revoked', 'grant_given_back', 'grant_unanswered', 'question_asked', "
    "'question_answered', 'review_due', 'review_overdue', "
    "'report_due', 'report_overdue', 'report_written', 'window_waiting', 'window_ended', 'rights_due', 'file_held', "
    "'session_begun', 'session_ended', 'paper_ending', 'roster_overdue', 'subcontractor_declared', "
    "'technician_invited', 'technician_enrolled', 'address_changed', 'access_cut', 'device_changed', "
    "'recording_trouble', 'digest')"
)


def upgrade() -> None:
    topics.allow(TOPICS)
