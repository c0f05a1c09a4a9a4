"""What is usually asked for on a model of device, and which requests were made from it.

A template never changes: its next edition is another row, and each row is followed by one at most. It may be retired
once. Requests made before this version came from none.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TABLE = "request_templates"
TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
WHO = ("facility_id", "maker", "model", "model_key", "name", "kind", "reason")
PLAN = ("keeps", "procedure", "professional", "patient_why", "backup_place", "rollback")
CHECKS = {
    "model": "maker <> '' or model <> ''",
    "name": "name <> ''",
    "kind": "kind in ('telediagnostic', 'telemaintenance', 'teleassistance')",
    "reason": "reason <> ''",
    "wanted": "wanted > 0",
    "patient_data": "patient_data in ('none', 'visible', 'needed') and (patient_data <> 'needed' or patient_why <> '')",
    "software_change": "not software_change or (rollback <> '' and kind <> 'telediagnostic')",
    "backup_at": "backup_at is null",
    "edition": "(edition = 1) = (replaces_id is null) and edition >= 1",
    "retired": "(retired_at is null) = (retired_by = '')",
}
FIXED = (
    "id", *WHO, "wanted", "created_by_id", "created_by", "created_at", *PLAN, "people", "patient_data",
    "software_change", "conditions", "edition",
)  # fmt: skip


def upgrade() -> None:
    no = sa.text("0" if op.get_bind().dialect.name == "sqlite" else "false")
    op.create_table(
        TABLE,
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", *WHO)),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("created_by_id", "created_by")),
        sa.Column("created_at", AT, nullable=False),
        *(sa.Column(name, TEXT, nullable=False, server_default=sa.text("''")) for name in PLAN),
        sa.Column("people", TEXT, nullable=False, server_default="[]"),
        sa.Column("patient_data", TEXT, nullable=False, server_default="none"),
        sa.Column("software_change", sa.Boolean(), nullable=False, server_default=no),
        sa.Column("backup_at", AT, nullable=True),
        sa.Column("conditions", TEXT, nullable=False),
        sa.Column("replaces_id", TEXT, nullable=True),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("retired_at", AT, nullable=True),
        sa.Column("retired_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{TABLE}"),
        sa.ForeignKeyConstraint(
            ["replaces_id"], [f"{TABLE}.id"], name=f"fk_{TABLE}_replaces_id", deferrable=True, initially="DEFERRED"
        ),
        *(sa.CheckConstraint(rule, name=f"ck_{TABLE}_{short}") for short, rule in CHECKS.items()),
    )
    op.create_index(f"ix_{TABLE}_model", TABLE, ["model_key", "created_at"])
    op.create_index(f"uq_{TABLE}_replaces", TABLE, ["replaces_id"], unique=True)
    op.execute("alter table access_requests add column template_id varchar not null default ''")
    changed = " or ".join(f"new.{name} <> old.{name}" for name in FIXED)
    follows = "coalesce(new.replaces_id, '') <> coalesce(old.replaces_id, '')"
    guard(TABLE, "which", "update", f"{changed} or {follows}", "a template stays as it was written")
    guard(
        TABLE, "retired", "update",
        "old.retired_at is not null and (new.retired_at is null or new.retired_at <> old.retired_at)",
        "a retired template stays retired",
    )  # fmt: skip
    guard(TABLE, "kept", "delete", None, "what happened is never removed")
    guard(
        "access_requests", "template", "update", "new.template_id <> old.template_id",
        "what a request was made from does not change",
    )  # fmt: skip
