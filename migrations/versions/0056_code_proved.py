"""Since when an authenticator is known to work: a first code of it was right. Those in use are taken to."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.add_column("credentials", sa.Column("totp_proved_at", AT, nullable=True))
    op.execute("update credentials set totp_proved_at = totp_enrolled_at where length(totp_sealed) > 0")
