"""Who is on call, who is away, and who decides in another's name; an approval says whose voice it was.

None of them changes what it is: it may be taken back once.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TEXT = sa.String()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
FIXED = {
    "shifts": ("id", "facility_id", "ward", "staff_id", "starts", "ends", "line", "created_by", "created_at"),
    "absences": ("id", "staff_id", "starts", "ends", "created_by", "created_at"),
    "delegations": ("id", "from_id", "to_id", "facility_id", "starts", "ends", "reason", "created_at"),
}
TAKEN_BACK = {"shifts": "withdrawn", "absences": "withdrawn", "delegations": "revoked"}
KEYS = {
    "shifts": {"facility_id": "facilities", "staff_id": "staff"},
    "absences": {"staff_id": "staff"},
    "delegations": {"from_id": "staff", "to_id": "staff"},
}
CHECKS = {"shifts": {"line": "line between 1 and 3"}, "absences": {}, "delegations": {"apart": "from_id <> to_id"}}
INDEXES = (
    ("ix_shifts_facility", "shifts", ["facility_id", "ends"]),
    ("ix_shifts_ends", "shifts", ["ends"]),
    ("ix_absences_ends", "absences", ["ends"]),
    ("ix_delegations_ends", "delegations", ["ends"]),
    ("ix_delegations_to", "delegations", ["to_id", "ends"]),
)


def upgrade() -> None:
    op.add_column("approvals", sa.Column("for_id", TEXT, nullable=True))
    op.add_column("approvals", sa.Column("for_name", TEXT, nullable=True))
    for table, names in FIXED.items():
        _create(table, names)
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)


def _create(table: str, names: tuple[str, ...]) -> None:
    gone = TAKEN_BACK[table]
    checks = {
        "ends": "ends > starts", gone: f"({gone}_at is null) = ({gone}_by = '')", **CHECKS[table],
    }  # fmt: skip
    op.create_table(
        table,
        *(sa.Column(name, _kind(name), nullable=False) for name in names),
        sa.Column(f"{gone}_at", AT, nullable=True),
        sa.Column(f"{gone}_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        *(
            sa.ForeignKeyConstraint(
                [name], [f"{target}.id"], name=f"fk_{table}_{name}", deferrable=True, initially="DEFERRED"
            )
            for name, target in KEYS[table].items()
        ),
        *(sa.CheckConstraint(rule, name=f"ck_{table}_{short}") for short, rule in checks.items()),
    )
    changed = " or ".join(f"new.{name} <> old.{name}" for name in names)
    guard(table, "which", "update", changed, "it stays as it was made")
    back = f"old.{gone}_at is not null and (new.{gone}_at is null or new.{gone}_at <> old.{gone}_at)"
    guard(table, gone, "update", back, "what was taken back stays so")
    guard(table, "kept", "delete", None, "what happened is never removed")


def _kind(name: str) -> "sa.types.TypeEngine[Any]":
    if name in {"starts", "ends", "created_at"}:
        return AT
    return sa.Integer() if name == "line" else TEXT
