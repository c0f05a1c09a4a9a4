"""A service of a device through which sessions went is known as used, and is kept.

Which of its services each session took was not noted before; so all that a device has by now are, if it was worked on.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.add_column("endpoints", sa.Column("used_at", AT, nullable=True))
    op.execute(
        "UPDATE endpoints SET used_at = "
        "(SELECT min(started_at) FROM sessions WHERE sessions.device_id = endpoints.device_id)"
    )
    guard("endpoints", "used", "delete", "old.used_at is not null", "what sessions went through is never removed")
    guard(
        "endpoints", "stays_used", "update", "old.used_at is not null and new.used_at is null",
        "what sessions went through stays used",
    )  # fmt: skip
