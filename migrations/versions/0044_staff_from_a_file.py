"""The hospital's people are imported from a file too."""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

REGISTERS = "register in ('devices', 'suppliers', 'technicians', 'staff')"


def upgrade() -> None:
    with op.batch_alter_table("import_drafts") as changed:
        changed.drop_constraint("ck_import_drafts_register", type_="check")
        changed.create_check_constraint("ck_import_drafts_register", REGISTERS)
