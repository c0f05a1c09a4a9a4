"""Papers of suppliers, and which kinds are required since when.

A paper never changes what it is nor until when it holds: a longer one is another paper. It may be withdrawn once.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
KINDS = "('contract', 'charter', 'security_plan', 'attestation', 'insurance', 'other')"
CHECKS = {
    "kind": f"kind in {KINDS}",
    "reference": "reference <> ''",
    "valid_to": "valid_to is null or valid_to > valid_from",
    "withdrawn": "(withdrawn_at is null) = (withdrawn_by = '')",
}
FIXED = ("id", "supplier_id", "kind", "reference", "valid_from", "note", "created_by", "created_at")
CHANGED = " or ".join(f"new.{name} <> old.{name}" for name in FIXED)
# (name, event, condition or None for always, sentence)
GUARDS = (
    (
        "which",
        "update",
        f"{CHANGED} or coalesce(new.valid_to <> old.valid_to, (new.valid_to is null) <> (old.valid_to is null))",
        "a paper stays as it was registered",
    ),
    (
        "withdrawn",
        "update",
        "old.withdrawn_at is not null and (new.withdrawn_at is null or new.withdrawn_at <> old.withdrawn_at)",
        "a withdrawn paper stays withdrawn",
    ),
    ("kept", "delete", None, "what happened is never removed"),
)


def upgrade() -> None:
    op.create_table(
        "papers",
        *(sa.Column(name, TEXT, nullable=False) for name in FIXED[:4]),
        sa.Column("valid_from", AT, nullable=False),
        sa.Column("valid_to", AT, nullable=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("note", "created_by")),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("withdrawn_at", AT, nullable=True),
        sa.Column("withdrawn_by", TEXT, nullable=False),
        sa.Column("warned_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_papers"),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.id"], name="fk_papers_supplier_id", deferrable=True, initially="DEFERRED"
        ),
        *(sa.CheckConstraint(rule, name=f"ck_papers_{short}") for short, rule in CHECKS.items()),
    )
    op.create_index("ix_papers_supplier_id", "papers", ["supplier_id"])
    op.create_table(
        "paper_rules",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("required_from", AT, nullable=True),
        sa.Column("set_by", TEXT, nullable=False),
        sa.Column("set_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_paper_rules"),
        sa.CheckConstraint(f"kind in {KINDS}", name="ck_paper_rules_kind"),
    )
    for one in GUARDS:
        guard("papers", *one)
