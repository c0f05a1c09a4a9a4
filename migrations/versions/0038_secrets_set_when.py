"""When the secret of an account on a device was last set, and by whom."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.add_column("device_accounts", sa.Column("sealed_at", AT, nullable=True))
    op.add_column("device_accounts", sa.Column("sealed_by", sa.String(), nullable=False, server_default=""))
    op.execute("UPDATE device_accounts SET sealed_at = (SELECT created_at FROM secrets WHERE secrets.id = secret_id)")
