"""Rights on files in a grant, and endpoints that speak something else than SSH.

A grant made before this version has no right on any file, and whatever it might carry would be held for a person.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PROTOCOLS = "protocol in ('ssh', 'telnet', 'serial', 'tcp', 'https', 'rdp', 'vnc', 'dicom')"
SAS = ("uploads", "downloads")
GIVEN = "new.files <> old.files or new.uploads <> old.uploads or new.downloads <> old.downloads"
SENTENCE = "what a grant allows on files does not change"


def upgrade() -> None:
    op.execute("alter table grants add column files varchar not null default '[]'")
    for name in SAS:
        op.execute(
            f"alter table grants add column {name} varchar not null default 'person' "
            f"constraint ck_grants_{name} check ({name} in ('free', 'rule', 'person'))"
        )
    with op.batch_alter_table("endpoints", reflect_kwargs={"resolve_fks": False}) as endpoints:
        endpoints.add_column(sa.Column("options", sa.String(), nullable=False, server_default="{}"))
        endpoints.drop_constraint("ck_endpoints_protocol", type_="check")
        endpoints.create_check_constraint("ck_endpoints_protocol", PROTOCOLS)
    guard("grants", "files", "update", GIVEN, SENTENCE)
