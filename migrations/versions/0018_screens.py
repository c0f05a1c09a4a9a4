"""What was seen on the screens of a recording, by kind: it marks the recording as health data (R-39, R-44).

Recordings sealed before this version were not looked at; their list of findings is empty.
"""

from alembic import op

from migrations.guards import guard

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

CHANGED = "old.recording_digest <> '' and new.screen_findings <> old.screen_findings"
HEALTH = "screen_findings not in ('[]', '[\"too_large\"]')"


def upgrade() -> None:
    op.execute("alter table sessions add column screen_findings varchar not null default '[]'")
    op.execute(f"create index ix_sessions_health on sessions (started_at) where {HEALTH}")
    guard("sessions", "seen", "update", CHANGED, "what was seen in a sealed recording does not change")
