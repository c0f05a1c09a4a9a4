"""More is told: questions and answers on a request, reviews due and overdue, windows that wait for an agreement."""

from migrations import topics

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

TOPICS = (
    "topic in ('request_waiting', 'emergency_waiting', 'request_unanswered', 'request_decided', 'question_asked', "
    "'question_answered', 'review_due', 'review_overdue', 'window_waiting', 'file_held', "
    "'session_begun', 'session_ended', 'access_cut', 'device_changed', 'recording_trouble', 'digest')"
)


def upgrade() -> None:
    topics.allow(TOPICS)
