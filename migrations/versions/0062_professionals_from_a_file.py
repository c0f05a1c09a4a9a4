"""The professionals who answer for patient data are imported from a file too."""

from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

REGISTERS = "register in ('devices', 'suppliers', 'technicians', 'staff', 'professionals')"


def upgrade() -> None:
    with op.batch_alter_table("import_drafts") as changed:
        changed.drop_constraint("ck_import_drafts_register", type_="check")
        changed.create_check_constraint("ck_import_drafts_register", REGISTERS)
