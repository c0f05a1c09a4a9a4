"""The mail addresses people had are kept for a while, and a change is told there."""

import sqlalchemy as sa
from alembic import op

from migrations import topics

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
TOPICS = (
    "topic in ('request_waiting', 'emergency_waiting', 'request_unanswered', 'request_decided', 'request_withdrawn', "
    "'grant_revoked', 'grant_given_back', 'question_asked', 'question_answered', 'review_due', 'review_overdue', "
    "'report_due', 'report_overdue', 'report_written', 'window_waiting', 'rights_due', 'file_held', 'session_begun', "
    "'session_ended', 'paper_ending', 'roster_overdue', 'subcontractor_declared', 'technician_invited', "
    "'technician_enrolled', 'address_changed', 'access_cut', 'device_changed', 'recording_trouble', 'digest')"
)


def upgrade() -> None:
    op.create_table(
        "former_addresses",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("by_company", sa.Boolean(), nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_former_addresses"),
    )
    op.create_index("ix_former_addresses_person", "former_addresses", ["person_id", "changed_at"])
    op.create_index("ix_former_addresses_changed", "former_addresses", ["changed_at"])
    topics.allow(TOPICS)
