"""Emergencies: who called whom, who agreed, and who looked at it afterwards (R-26, R-27).

The guards say once more what `bastion/domain/emergency.py` says: what was asked stays as it was asked, the day of the
review is set once, and what was reviewed is not taken back.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
REFS = {
    "id": "access_requests", "supplier_id": "suppliers", "device_id": "devices", "facility_id": "facilities",
    "caller_id": "staff",
}  # fmt: skip
CHECKS = {
    "caller": "caller <> ''",
    "agreed": "(agreed_at is null) = (review_due_at is null)",
    "due": "review_due_at is null or review_due_at > agreed_at",
    "reviewed": "(reviewed_at is null) = (outcome = '') and (reviewed_at is null) = (reviewed_by = '')",
    "outcome": "outcome in ('', 'justified', 'not_justified')",
    "order": "reviewed_at is null or agreed_at is not null",
    "version": "version >= 1",
}
INDEXES = {
    "supplier": ["supplier_id", "reviewed_at"],
    "due": ["reviewed_at", "review_due_at"],
    "created": ["created_at"],
}
FIXED = ("id", "supplier_id", "device_id", "facility_id", "caller", "callee", "call_back", "created_at")
# (name, event, condition or None for always, sentence)
GUARDS = (
    (
        "asked",
        "update",
        " or ".join(f"new.{name} <> old.{name}" for name in FIXED)
        + " or coalesce(new.caller_id, '') <> coalesce(old.caller_id, '')",
        "an emergency stays as it was asked for",
    ),
    (
        "agreed",
        "update",
        (
            "old.agreed_at is not null and (new.agreed_at is null or new.agreed_at <> old.agreed_at "
            "or new.review_due_at <> old.review_due_at or (old.agreed_by_caller and not new.agreed_by_caller))"
        ),
        "the day of a review is set once",
    ),
    (
        "reviewed",
        "update",
        (
            "old.reviewed_at is not null and (new.reviewed_at is null or new.reviewed_at <> old.reviewed_at "
            "or new.outcome <> old.outcome or new.review_note <> old.review_note)"
        ),
        "a review is not taken back",
    ),
    ("kept", "delete", None, "what happened is never removed"),
)


TOPICS = (
    "topic in ('request_waiting', 'emergency_waiting', 'request_unanswered', 'request_decided', 'file_held', "
    "'session_begun', 'session_ended', 'access_cut', 'device_changed', 'recording_trouble', 'digest')"
)
DELIVERED = ("id", "key", "topic", "recipient_kind", "recipient_id", "facility_id", "facts", "path", "at")


def upgrade() -> None:
    op.create_table(
        "emergencies",
        *(sa.Column(name, TEXT, nullable=False) for name in FIXED[:-1]),
        sa.Column("caller_id", TEXT, nullable=True),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("agreed_at", AT, nullable=True),
        sa.Column("agreed_ids", TEXT, nullable=False),
        sa.Column("agreed_by_caller", sa.Boolean(), nullable=False),
        sa.Column("review_due_at", AT, nullable=True),
        sa.Column("reviewed_at", AT, nullable=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("reviewed_by", "outcome", "review_note")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_emergencies"),
        *(
            sa.ForeignKeyConstraint(
                [name], [f"{target}.id"], name=f"fk_emergencies_{name}", deferrable=True, initially="DEFERRED"
            )
            for name, target in REFS.items()
        ),
        *(sa.CheckConstraint(rule, name=f"ck_emergencies_{short}") for short, rule in CHECKS.items()),
    )
    for short, columns in INDEXES.items():
        op.create_index(f"ix_emergencies_{short}", "emergencies", columns)
    op.execute("alter table grants add column emergency boolean not null default false")
    _topics()
    for one in GUARDS:
        guard("emergencies", *one)
    guard("grants", "emergency", "update", "new.emergency <> old.emergency", "a grant stays the emergency it was")


def _topics() -> None:
    """One more is told. SQLite makes the table anew for that, and its guard with it."""
    for table in ("outbox", "deliveries"):
        with op.batch_alter_table(table) as changed:
            changed.drop_constraint(f"ck_{table}_topic", type_="check")
            changed.create_check_constraint(f"ck_{table}_topic", TOPICS)
    if op.get_bind().dialect.name == "sqlite":
        changed_fact = " or ".join(f"new.{name} <> old.{name}" for name in DELIVERED)
        guard("deliveries", "which", "update", changed_fact, "a delivery says what it said, to whom it was meant")
