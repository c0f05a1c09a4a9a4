"""Telling people: the outbox of facts, what is delivered to whom, the webhooks, and who declined what by mail.

A fact enters the outbox in the transaction of its audit event. A delivery never changes whom it is for nor what it
says; the same occasion reaches each recipient once.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TOPICS = (
    "'request_waiting', 'request_unanswered', 'request_decided', 'file_held', 'session_begun', 'session_ended', "
    "'access_cut', 'device_changed', 'recording_trouble', 'digest'"
)
CHECKS = {
    "topic": f"topic in ({TOPICS})",
    "recipient_kind": "recipient_kind in ('staff', 'technician', 'webhook')",
    "state": "state in ('waiting', 'sent', 'failed', 'dropped')",
    "ended": "(state = 'waiting') = (ended_at is null)",
    "attempts": "attempts >= 0",
}
FIXED = ("id", "key", "topic", "recipient_kind", "recipient_id", "facility_id", "facts", "path", "at")
SENTENCE = "a delivery says what it said, to whom it was meant"


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", NUMBER, nullable=False, autoincrement=False),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sa.CheckConstraint(f"topic in ({TOPICS})", name="ck_outbox_topic"),
    )
    op.create_table(
        "deliveries",
        *(sa.Column(name, TEXT, nullable=False) for name in FIXED[:8]),
        sa.Column("at", AT, nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("trouble", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        *(sa.CheckConstraint(rule, name=f"ck_deliveries_{short}") for short, rule in CHECKS.items()),
    )
    op.create_index("uq_deliveries_key", "deliveries", ["key", "recipient_id"], unique=True)
    op.create_index("ix_deliveries_due", "deliveries", ["state", "due_at"])
    op.create_index("ix_deliveries_at", "deliveries", ["at", "id"])
    op.create_table(
        "webhooks",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "name", "url", "topics")),
        sa.Column("facility_id", TEXT, nullable=True),
        sa.Column("secret_id", TEXT, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        *(
            sa.ForeignKeyConstraint(
                [f"{one}_id"], [f"{many}.id"], name=f"fk_webhooks_{one}_id", deferrable=True, initially="DEFERRED"
            )
            for one, many in (("facility", "facilities"), ("secret", "secrets"))
        ),
        sa.CheckConstraint("url like 'https://%'", name="ck_webhooks_url"),
    )
    op.create_index("uq_webhooks_name", "webhooks", ["name"], unique=True)
    op.create_index("ix_webhooks_facility_id", "webhooks", ["facility_id"])
    op.create_index("ix_webhooks_secret_id", "webhooks", ["secret_id"])
    op.create_table(
        "mail_choices",
        sa.Column("person_id", TEXT, nullable=False),
        sa.Column("muted", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_mail_choices"),
    )
    condition = " or ".join(f"new.{name} <> old.{name}" for name in FIXED)
    guard("deliveries", "which", "update", condition, SENTENCE)
