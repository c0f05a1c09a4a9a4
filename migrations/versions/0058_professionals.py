"""The hospitals' lists of professionals who answer for patient data: an entry is retired once, and never changed."""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
SAID = ("id", "facility_id", "name", "title", "rpps", "starts", "created_by", "created_at")


def upgrade() -> None:
    op.create_table(
        "professionals",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "facility_id", "name", "title", "rpps")),
        sa.Column("starts", AT, nullable=False),
        sa.Column("ends", AT, nullable=True),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("retired_at", AT, nullable=True),
        sa.Column("retired_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_professionals"),
        sa.ForeignKeyConstraint(
            ["facility_id"],
            ["facilities.id"],
            name="fk_professionals_facility_id_facilities",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_professionals_facility", "professionals", ["facility_id", "name"])
    changed = " or ".join(f"new.{name} <> old.{name}" for name in SAID)
    guard(
        "professionals",
        "said",
        "update",
        f"{changed} or new.ends <> old.ends or (new.ends is null) <> (old.ends is null)",
        "an entry of the list of professionals does not change",
    )
    guard(
        "professionals",
        "retired",
        "update",
        "old.retired_at is not null",
        "who was retired from the list of professionals stays so",
    )
    guard("professionals", "kept", "delete", None, "an entry of the list of professionals is kept")
