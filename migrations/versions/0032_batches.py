"""Several devices asked for at once: their requests share a reference, which does not change.

Requests made before this version were made alone.
"""

from alembic import op

from migrations.guards import guard

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table access_requests add column batch_id varchar not null default ''")
    op.execute("create index ix_access_requests_batch on access_requests (substr(batch_id, 25)) where batch_id <> ''")
    guard(
        "access_requests", "batch", "update", "new.batch_id <> old.batch_id",
        "what a request was asked together with does not change",
    )  # fmt: skip
