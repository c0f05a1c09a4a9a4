"""The register of devices in its order, a page of it without sorting twenty thousand."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_devices_register", "devices", ["code", "id"])
