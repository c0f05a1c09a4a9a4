"""What was seen of what was typed in a session, and in what it differed from what was declared (R-60).

Of sessions that ended before this version neither was looked at.
"""

from alembic import op

from migrations.guards import guard

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

CHANGED = "old.recording_digest <> '' and (new.acts <> old.acts or new.differences <> old.differences)"
DIFFERS = "differences <> '[]'"


def upgrade() -> None:
    for name in ("acts", "differences"):
        op.execute(f"alter table sessions add column {name} varchar not null default '[]'")
    op.execute(f"create index ix_sessions_differs on sessions (started_at) where {DIFFERS}")
    guard("sessions", "compared", "update", CHANGED, "what a sealed recording was found to differ in does not change")
