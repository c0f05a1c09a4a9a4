"""Subcontractors, countries, the contract's number and beginning, and the supplier's word for its people.

Until now nobody said from which country anybody works; what was there before is taken to be in France, and shows so.
Whoever is registered counts as confirmed on the day of this change.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
FIXED = ("id", "supplier_id", "name", "registration", "country", "declared_by", "declared_at")
CHANGED = " or ".join(f"new.{name} <> old.{name}" for name in FIXED)
CHECKS = {
    "name": "name <> ''",
    "country": "length(country) = 2",
    "objected": "(objected_at is null) = (objected_by = '')",
    "objection": "(objected_at is null) = (objection = '')",
    "ended": "(ended_at is null) = (ended_by = '')",
    "one_end": "objected_at is null or ended_at is null",
}


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=f"fk_{table}_{column}", deferrable=True, initially="DEFERRED"
    )


def _texts(*names: str) -> list["sa.Column[str]"]:
    return [sa.Column(name, TEXT, nullable=False) for name in names]


def upgrade() -> None:
    for name, before in (
        ("countries", '["FR"]'), ("contract_number", ""), ("security_contact", ""),
    ):  # fmt: skip
        op.add_column("suppliers", sa.Column(name, TEXT, nullable=False, server_default=sa.text(f"'{before}'")))
    op.add_column("suppliers", sa.Column("contract_start", AT, nullable=True))
    op.add_column("technicians", sa.Column("employer_id", TEXT, nullable=False, server_default=sa.text("''")))
    op.add_column("technicians", sa.Column("country", TEXT, nullable=False, server_default="FR"))
    op.add_column("sessions", sa.Column("country", TEXT, nullable=False, server_default="FR"))
    op.create_index("ix_sessions_country", "sessions", ["country", "started_at"])
    _subcontractors()
    _rosters()


def _subcontractors() -> None:
    op.create_table(
        "subcontractors",
        *_texts(*FIXED[:6]),
        sa.Column("declared_at", AT, nullable=False),
        sa.Column("objected_at", AT, nullable=True),
        *_texts("objected_by", "objection"),
        sa.Column("ended_at", AT, nullable=True),
        *_texts("ended_by"),
        sa.PrimaryKeyConstraint("id", name="pk_subcontractors"),
        _key("subcontractors", "supplier_id", "suppliers"),
        *(sa.CheckConstraint(rule, name=f"ck_subcontractors_{short}") for short, rule in CHECKS.items()),
    )
    op.create_index("ix_subcontractors_supplier_id", "subcontractors", ["supplier_id"])
    guard("subcontractors", "which", "update", CHANGED, "a subcontractor stays as it was declared")
    for name in ("objected", "ended"):
        changed = f"old.{name}_at is not null and (new.{name}_at is null or new.{name}_at <> old.{name}_at)"
        guard("subcontractors", name, "update", changed, "what was said of a subcontractor stays said")
    guard("subcontractors", "kept", "delete", None, "what happened is never removed")


def _rosters() -> None:
    op.create_table(
        "rosters",
        *_texts("technician_id"),
        *(sa.Column(name, AT, nullable=False) for name in ("at", "due_at", "suspended_at")),
        *_texts("by", "reference"),
        sa.PrimaryKeyConstraint("technician_id", name="pk_rosters"),
        _key("rosters", "technician_id", "technicians"),
        sa.CheckConstraint("at < due_at and due_at <= suspended_at", name="ck_rosters_order"),
    )
    op.create_table(
        "confirmations",
        *_texts("id", "supplier_id"),
        sa.Column("at", AT, nullable=False),
        *_texts("by", "reference", "people"),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_confirmations"),
        _key("confirmations", "supplier_id", "suppliers"),
        sa.CheckConstraint("left_out >= 0", name="ck_confirmations_left_out"),
    )
    op.create_index("ix_confirmations_supplier_id", "confirmations", ["supplier_id"])
    guard("confirmations", "as_it_was", "update", None, "what a supplier confirmed stays as it was said")
    guard("confirmations", "kept", "delete", None, "what happened is never removed")
    _count_from_now()


def _count_from_now() -> None:
    now = datetime.now(UTC)
    rosters = sa.table(
        "rosters", sa.column("technician_id"), sa.column("at", AT), sa.column("due_at", AT),
        sa.column("suspended_at", AT), sa.column("by"), sa.column("reference"),
    )  # fmt: skip
    ends = [now, now + timedelta(days=92), now + timedelta(days=106)]
    if op.get_bind().dialect.name == "sqlite":
        marks = [sa.literal(int(end.timestamp() * 1_000_000), sa.BigInteger()) for end in ends]
    else:
        marks = [sa.literal(end, AT) for end in ends]
    facts: list[sa.ColumnElement[Any]] = [sa.column("id"), *marks, sa.literal("bastion"), sa.literal("")]
    known = sa.select(*facts).select_from(sa.table("technicians"))
    names = ["technician_id", "at", "due_at", "suspended_at", "by", "reference"]
    op.execute(sa.insert(rosters).from_select(names, known))
