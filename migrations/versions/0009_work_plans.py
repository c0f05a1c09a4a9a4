"""What a request says about the work: what it touches, who answers for patient data, backup and way back.

Requests made before this version say nothing about it, as those do today that touch neither patients nor software.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
TEXTS = ("keeps", "procedure", "professional", "patient_why", "backup_place", "rollback")
TABLE = "access_requests"
# In this order: a rule names only columns that are there already.
RULES = {
    "patient_data": "patient_data in ('none', 'visible', 'needed') and "
    "(patient_data <> 'needed' or (professional <> '' and patient_why <> ''))",
    "software_change": "not software_change or (backup_at is not null and backup_place <> '' and rollback <> '')",
}


def upgrade() -> None:
    for name in TEXTS:
        _add(f"{name} varchar not null default ''")
    _add("people varchar not null default '[]'")
    op.add_column(TABLE, sa.Column("backup_at", AT, nullable=True))
    _add(f"patient_data varchar not null default 'none' {_rule('patient_data')}")
    _add(f"software_change boolean not null default {_no()} {_rule('software_change')}")
    fixed = (*TEXTS, "people", "patient_data", "software_change")
    changed = " or ".join(f"new.{name} <> old.{name}" for name in fixed)
    moved = "coalesce(new.backup_at <> old.backup_at, (new.backup_at is null) <> (old.backup_at is null))"
    guard(TABLE, "planned", "update", f"{changed} or {moved}", "what was said of the work does not change")


def _add(column: str) -> None:
    op.execute(f"alter table {TABLE} add column {column}")


def _rule(name: str) -> str:
    return f"constraint ck_{TABLE}_{name} check ({RULES[name]})"


def _no() -> str:
    return "0" if op.get_bind().dialect.name == "sqlite" else "false"
