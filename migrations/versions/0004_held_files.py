"""The release desk: files that were kept aside, and what a request announces it will bring.

The guards say once more what `bastion/domain/held_file.py` says: which state may follow which, that a file stays the
one it was (its path, its way, its content), and that what was decided and delivered is not taken back.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT, INT, BIG = sa.String(), sa.Integer(), sa.BigInteger()
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

REFS = {
    "session_id": "sessions", "grant_id": "grants", "request_id": "access_requests", "device_id": "devices",
    "facility_id": "facilities", "supplier_id": "suppliers", "technician_id": "technicians",
}  # fmt: skip
CHECKS = {
    "direction": "direction in ('in', 'out')",
    "sas": "sas in ('free', 'rule', 'person')",
    "scan": "scan in ('clean', 'infected', 'unscanned')",
    "announced": "announced in ('none', 'matches', 'differs')",
    "state": "stored_state in ('arriving', 'held', 'released', 'delivered', 'refused', 'broken', 'purged')",
    "size": "size >= 0",
    "expires": "expires_at > arrived_at",
    "content": "stored_state in ('arriving', 'broken') or sha256 <> ''",
    "decided": "stored_state not in ('released', 'delivered', 'refused') or decided_at is not null",
    "delivered": "(stored_state = 'delivered') = (delivered_at is not null)",
    "version": "version >= 1",
}
INDEXES = {
    "session_id": ["session_id"],
    "state": ["stored_state", "expires_at"],
    "technician": ["technician_id", "device_id", "stored_state"],
    "grant": ["grant_id", "path"],
    "arrived": ["arrived_at"],
    "facility": ["facility_id", "arrived_at"],
    "node": ["node", "stored_state"],
}
# (table, name, event, condition or None for always, sentence)
GUARDS = (
    (
        "held_files",
        "steps",
        "update",
        (
            "new.stored_state <> old.stored_state and not ("
            "(old.stored_state = 'arriving' and new.stored_state in ('held', 'released', 'broken')) or "
            "(old.stored_state = 'held' and new.stored_state in ('released', 'refused', 'broken', 'purged')) or "
            "(old.stored_state = 'released' and new.stored_state in ('delivered', 'broken', 'purged')))"
        ),
        "a held file does not go back",
    ),
    (
        "held_files",
        "which",
        "update",
        (
            "new.session_id <> old.session_id or new.grant_id <> old.grant_id or new.device_id <> old.device_id or "
            "new.technician_id <> old.technician_id or new.facility_id <> old.facility_id or new.path <> old.path or "
            "new.direction <> old.direction or new.node <> old.node or new.sas <> old.sas or "
            "new.arrived_at <> old.arrived_at"
        ),
        "a held file stays the one it was",
    ),
    (
        "held_files",
        "content",
        "update",
        (
            "old.stored_state <> 'arriving' and (new.sha256 <> old.sha256 or new.size <> old.size or "
            "new.scan <> old.scan or new.announced <> old.announced or new.findings <> old.findings)"
        ),
        "what was found in a held file does not change",
    ),
    (
        "held_files",
        "decided",
        "update",
        (
            "old.decided_at is not null and (new.decided_at is null or new.decided_at <> old.decided_at or "
            "new.decided_by <> old.decided_by or new.note <> old.note)"
        ),
        "a decision on a held file stays as it was taken",
    ),
    ("held_files", "kept", "delete", None, "what happened is never removed"),
    (
        "access_requests",
        "announced",
        "update",
        "new.announced <> old.announced",
        "what was announced does not change",
    ),
)


def upgrade() -> None:
    op.execute("alter table access_requests add column announced varchar not null default '[]'")
    op.create_table(
        "held_files",
        *(sa.Column(name, TEXT, nullable=False) for name in ("id", *REFS, "technician_name", "node", "direction")),
        *(sa.Column(name, TEXT, nullable=False) for name in ("path", "sas")),
        *(sa.Column(name, AT, nullable=False) for name in ("arrived_at", "expires_at")),
        sa.Column("size", BIG, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("sha256", "scan", "scan_name", "announced", "findings")),
        sa.Column("stored_state", TEXT, nullable=False),
        sa.Column("decided_at", AT, nullable=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("decided_by", "note")),
        sa.Column("delivered_at", AT, nullable=True),
        sa.Column("version", INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_held_files"),
        *(_ref(column, target) for column, target in REFS.items()),
        *(sa.CheckConstraint(rule, name=f"ck_held_files_{short}") for short, rule in CHECKS.items()),
    )
    for short, columns in INDEXES.items():
        op.create_index(f"ix_held_files_{short}", "held_files", columns)
    for one in GUARDS:
        guard(*one)


def _ref(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=f"fk_held_files_{column}", deferrable=True, initially="DEFERRED"
    )
