"""The state machines, once more, in the database: what the domain calls an illegal transition is refused here too, and
what is written once (audit events, approvals) is neither changed nor removed.

Each guard is a condition on OLD and NEW, in SQL both databases understand.
"""

from alembic import op

from migrations.guards import guard, refusing

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REMOVED = "what happened is never removed"

# (table, name, event, condition or None for always, sentence)
GUARDS: tuple[tuple[str, str, str, str | None, str], ...] = (
    (
        "access_requests",
        "decided",
        "update",
        "old.stored_state <> 'pending' and new.stored_state <> old.stored_state",
        "a decided request stays as it was decided",
    ),
    (
        "access_requests",
        "asked",
        "update",
        (
            "new.technician_id <> old.technician_id or new.device_id <> old.device_id or new.wanted <> old.wanted or "
            "new.created_by_id <> old.created_by_id or new.quorum <> old.quorum or new.max_duration <> old.max_duration"
        ),
        "what was asked does not change",
    ),
    (
        "grants",
        "revoked",
        "update",
        (
            "old.revoked_at is not null and (new.revoked_at is null or new.revoked_at <> old.revoked_at or "
            'new."end" <> old."end")'
        ),
        "a revoked grant stays revoked",
    ),
    (
        "grants",
        "given",
        "update",
        (
            "new.technician_id <> old.technician_id or new.device_id <> old.device_id or new.start <> old.start or "
            'new.account_id <> old.account_id or new."end" < old."end" or new.channels <> old.channels'
        ),
        "a grant is not moved to somebody or something else, nor shortened",
    ),
    (
        "sessions",
        "ended",
        "update",
        (
            "old.ended_at is not null and (new.ended_at is null or new.ended_at <> old.ended_at or "
            "new.end_reason <> old.end_reason)"
        ),
        "a session ends once",
    ),
    (
        "sessions",
        "cut",
        "update",
        "old.cut_at is not null and (new.cut_at is null or new.cut_at <> old.cut_at)",
        "a cut is not taken back",
    ),
    (
        "sessions",
        "sealed",
        "update",
        "old.recording_digest <> '' and new.recording_digest <> old.recording_digest",
        "a recording is sealed once",
    ),
    (
        "sessions",
        "whose",
        "update",
        (
            "new.grant_id <> old.grant_id or new.technician_id <> old.technician_id or new.device_id <> old.device_id "
            "or new.started_at <> old.started_at"
        ),
        "a session stays whose it was",
    ),
    (
        "locks",
        "lifted",
        "update",
        "old.lifted_at is not null and (new.lifted_at is null or new.lifted_at <> old.lifted_at)",
        "a lifted lock stays lifted",
    ),
    (
        "locks",
        "whom",
        "update",
        "new.scope <> old.scope or new.subject_id <> old.subject_id or new.imposed_at <> old.imposed_at",
        "a lock is not moved to somebody else",
    ),
    ("audit_head", "forward", "update", "new.seq <= old.seq", "the audit chain only grows"),
    ("audit_events", "written", "update", None, "an audit event does not change"),
    ("approvals", "said", "update", None, "an approval does not change"),
    ("access_requests", "kept", "delete", None, REMOVED),
    ("approvals", "kept", "delete", None, REMOVED),
    ("grants", "kept", "delete", None, REMOVED),
    ("sessions", "kept", "delete", None, REMOVED),
    ("locks", "kept", "delete", None, REMOVED),
    ("audit_events", "kept", "delete", None, REMOVED),
    ("audit_head", "kept", "delete", None, REMOVED),
)


def upgrade() -> None:
    for table, name, event, condition, sentence in GUARDS:
        guard(table, name, event, condition, sentence)
    if op.get_bind().dialect.name == "postgresql":
        _no_truncate("audit_events", "audit_head", "approvals")


def _no_truncate(*tables: str) -> None:
    """PostgreSQL can empty a table without touching a row."""
    op.execute(refusing("no_truncate", "this table is never emptied"))
    for table in tables:
        op.execute(f"create trigger {table}_no_truncate before truncate on {table} execute function no_truncate()")
