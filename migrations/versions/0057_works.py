"""What belongs to one piece of work says so: more time and hand-overs go back to the request by which it began.

Of earlier rows those for more time do; a hand-over stays a work of its own, as it was reviewed then.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

PROLONGED = "(select grants.request_id from grants where grants.id = access_requests.extends_grant_id)"
TAKEN = (
    "(select grants.request_id from grants join handovers on handovers.grant_id = grants.id "
    "where handovers.id = access_requests.id)"
)
ASKERS = "(select '[\"' || first.created_by_id || '\"]' from access_requests first where first.id = {first})"
FOLLOWS = {PROLONGED: "extends_grant_id is not null", TAKEN: "id in (select id from handovers)"}


def upgrade() -> None:
    op.add_column("access_requests", sa.Column("first_id", sa.String(), nullable=False, server_default=""))
    op.add_column("access_requests", sa.Column("earlier_askers", sa.String(), nullable=False, server_default="[]"))
    op.execute(
        "alter table grants add column spent bigint not null default 0 constraint ck_grants_spent check (spent >= 0)"
    )
    op.execute(f"update access_requests set first_id = {PROLONGED} where extends_grant_id is not null")  # noqa: S608
    for first, which in FOLLOWS.items():
        op.execute(f"update access_requests set earlier_askers = {ASKERS.format(first=first)} where {which}")  # noqa: S608
    op.create_index("ix_access_requests_first", "access_requests", ["first_id"])
    moved = "new.first_id <> old.first_id or new.earlier_askers <> old.earlier_askers"
    guard("access_requests", "work", "update", moved, "what a request belongs to does not change")
    guard("grants", "spent", "update", "new.spent <> old.spent", "what was worked before a grant does not change")
