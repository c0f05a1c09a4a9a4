"""Which role a person has in which hospital, and an approver in which wards; tokens for some hospitals only.

Until now a person had his roles in all of his hospitals; each becomes an assignment, so nobody may more or less.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TEXT = sa.String()


def upgrade() -> None:
    op.add_column("staff", sa.Column("assignments", TEXT, nullable=False, server_default="[]"))
    op.add_column("api_tokens", sa.Column("facilities", TEXT, nullable=False, server_default='["*"]'))
    staff = sa.table("staff", *(sa.column(name, TEXT) for name in ("id", "roles", "facilities", "assignments")))
    change = staff.update().where(staff.c.id == sa.bindparam("who")).values(assignments=sa.bindparam("kept"))
    here = op.get_bind()
    for who, roles, facilities in here.execute(sa.select(staff.c.id, staff.c.roles, staff.c.facilities)).all():
        here.execute(change, {"who": who, "kept": assignments(json.loads(roles), json.loads(facilities))})
    op.drop_column("staff", "roles")
    op.drop_column("staff", "facilities")


def assignments(roles: list[str], facilities: list[str]) -> str:
    """Write one for each role and hospital, as the store does."""
    pairs = [(role, facility) for role in sorted(roles) for facility in sorted(facilities)]
    kept = [{"facility_id": facility, "role": role, "wards": []} for role, facility in pairs]
    return json.dumps(kept, ensure_ascii=False)
