"""Files handed in for an import: kept from the look at them until they are applied, a day at most."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "import_drafts",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("register", TEXT, nullable=False),
        sa.Column("file_name", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_import_drafts"),
        sa.CheckConstraint("register in ('devices', 'suppliers', 'technicians')", name="ck_import_drafts_register"),
    )
    op.create_index("ix_import_drafts_created", "import_drafts", ["created_at"])
    op.create_index("ix_import_drafts_created_by", "import_drafts", ["created_by"])
