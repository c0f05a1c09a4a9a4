"""The suppliers' web door: sessions and invitations of technicians, and who speaks for a company.

A session that ended, and an invitation that was used or replaced, stay so.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def _guards(table: str, column: str, sentence: str) -> None:
    """Refuse to take back, or to move, an instant that was written once."""
    guard(
        table, column, "update",
        f"old.{column} is not null and (new.{column} is null or new.{column} <> old.{column})", sentence,
    )  # fmt: skip


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=f"fk_{table}_{column}", deferrable=True, initially="DEFERRED"
    )


def upgrade() -> None:
    op.create_table(
        "portal_sessions",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("technician_id", TEXT, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("factor_at", AT, nullable=True),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_portal_sessions"),
        _key("portal_sessions", "technician_id", "technicians"),
    )
    op.create_index("ix_portal_sessions_technician_id", "portal_sessions", ["technician_id"])
    op.create_index("ix_portal_sessions_expires", "portal_sessions", ["expires_at"])
    op.create_table(
        "portal_invitations",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("technician_id", TEXT, nullable=False),
        sa.Column("secret_id", TEXT, nullable=False),
        sa.Column("made_by", TEXT, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("used_at", AT, nullable=True),
        sa.Column("void_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_portal_invitations"),
        _key("portal_invitations", "technician_id", "technicians"),
        _key("portal_invitations", "secret_id", "secrets"),
        sa.CheckConstraint("used_at is null or void_at is null", name="ck_portal_invitations_one_end"),
    )
    op.create_index("ix_portal_invitations_technician_id", "portal_invitations", ["technician_id"])
    op.create_index("ix_portal_invitations_secret_id", "portal_invitations", ["secret_id"])
    op.create_table(
        "correspondents",
        sa.Column("technician_id", TEXT, nullable=False),
        sa.Column("supplier_id", TEXT, nullable=False),
        sa.Column("named_by", TEXT, nullable=False),
        sa.Column("named_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("technician_id", name="pk_correspondents"),
        _key("correspondents", "technician_id", "technicians"),
        _key("correspondents", "supplier_id", "suppliers"),
    )
    op.create_index("ix_correspondents_supplier_id", "correspondents", ["supplier_id"])
    _guards("portal_sessions", "ended_at", "a session that ended stays ended")
    _guards("portal_invitations", "used_at", "a link opens once")
    _guards("portal_invitations", "void_at", "a link that was replaced opens nothing")
