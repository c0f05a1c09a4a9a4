"""Links of mails that open one request for one person: kept as digests, used once, never revived."""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def _key(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=f"fk_decision_links_{column}", deferrable=True, initially="DEFERRED"
    )


def upgrade() -> None:
    op.create_table(
        "decision_links",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", "staff_id", "request_id")),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("opened_from", TEXT, nullable=False),
        sa.Column("used_at", AT, nullable=True),
        sa.Column("void_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_decision_links"),
        _key("staff_id", "staff"),
        _key("request_id", "access_requests"),
        sa.CheckConstraint("length(id) = 64", name="ck_decision_links_digest"),
        sa.CheckConstraint("used_at is null or void_at is null", name="ck_decision_links_one_end"),
        sa.CheckConstraint("expires_at > created_at", name="ck_decision_links_times"),
        sa.CheckConstraint("tries between 0 and 5", name="ck_decision_links_tries"),
    )
    op.create_index("ix_decision_links_staff_id", "decision_links", ["staff_id"])
    op.create_index("ix_decision_links_request_id", "decision_links", ["request_id"])
    op.create_index("ix_decision_links_expires", "decision_links", ["expires_at"])
    for column, sentence in (("used_at", "a link decides once"), ("void_at", "a link that is void stays void")):
        guard(
            "decision_links", column, "update",
            f"old.{column} is not null and (new.{column} is null or new.{column} <> old.{column})", sentence,
        )  # fmt: skip
    guard(
        "decision_links", "whose", "update",
        "new.staff_id <> old.staff_id or new.request_id <> old.request_id or new.expires_at <> old.expires_at "
        "or new.tries < old.tries",
        "a link stays with its person, its request and its end",
    )  # fmt: skip
