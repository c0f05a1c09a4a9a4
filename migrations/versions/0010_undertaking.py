"""The confidentiality undertaking: versions of its text, and who accepted which.

Neither ever changes. Version 1 is the text that comes with the product; the hospital's own begin at 2.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "undertakings",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("text_fr", "text_en", "published_by")),
        sa.Column("published_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_undertakings"),
        sa.CheckConstraint("version > 1", name="ck_undertakings_version"),
        sa.CheckConstraint("text_fr <> '' and text_en <> ''", name="ck_undertakings_text"),
    )
    op.create_table(
        "undertaking_acceptances",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "technician_id")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("accepted_at", AT, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("way", "source")),
        sa.PrimaryKeyConstraint("id", name="pk_undertaking_acceptances"),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technicians.id"], name="fk_undertaking_acceptances_technician_id", deferrable=True,
            initially="DEFERRED",
        ),
        sa.CheckConstraint("version > 0", name="ck_undertaking_acceptances_version"),
        sa.CheckConstraint("way in ('terminal', 'web', 'enrolment')", name="ck_undertaking_acceptances_way"),
    )  # fmt: skip
    op.create_index(
        "uq_undertaking_acceptances_technician", "undertaking_acceptances", ["technician_id", "version"], unique=True
    )
    for table in ("undertakings", "undertaking_acceptances"):
        guard(table, "as_it_was", "update", None, "an undertaking stays as it was given")
        guard(table, "kept", "delete", None, "what happened is never removed")
