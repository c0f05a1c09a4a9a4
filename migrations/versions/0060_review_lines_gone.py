"""A line of a review whose right has ended meanwhile waits for nobody."""

from alembic import op

from migrations.guards import guard

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

LINE = ("id", "campaign_id", "kind", "subject_id", "right", "name", "company")


def upgrade() -> None:
    with op.batch_alter_table("review_lines") as changed:
        changed.drop_constraint("ck_review_lines_verdict", type_="check")
        changed.create_check_constraint(
            "ck_review_lines_verdict", "verdict is null or verdict in ('confirmed', 'withdrawn', 'gone')"
        )
    if op.get_bind().dialect.name == "sqlite":
        _guards()


def _guards() -> None:
    """SQLite makes the table anew, and these go with the old one."""
    as_begun = "a line of a review stays as it was begun"
    guard("review_lines", "which", "update", " or ".join(f'new."{name}" <> old."{name}"' for name in LINE), as_begun)
    guard(
        "review_lines", "decided", "update", "old.verdict is not null and new.verdict is null",
        "what a reviewer decided is not undecided again",
    )  # fmt: skip
    guard("review_lines", "kept", "delete", None, "what happened is never removed")
    guard("review_lines", "where", "update", "new.place <> old.place", as_begun)
