"""Which questions on the work were answered: a request that is silent on patient data or software says no “no” (R-25).

Of requests that are older nobody knows; usual requests were written on a form that asks.
"""

from alembic import op

from migrations.guards import guard

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

BOTH = '["patient_data", "software_change"]'


def upgrade() -> None:
    for table, said in (("access_requests", "[]"), ("request_templates", BOTH)):
        op.execute(f"alter table {table} add column said varchar not null default '{said}'")
        guard(table, "said", "update", "new.said <> old.said", "what was said of the work does not change")
