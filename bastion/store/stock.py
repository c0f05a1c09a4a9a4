"""What the database knows of how much there is of what: without it, it guesses, and goes through a million rows.

PostgreSQL counts by itself once a table has grown by a tenth, if its autovacuum is on; a table just filled by a
migration or restored from a backup it knows nothing of until then. SQLite never counts unasked.
"""

from typing import Final

from bastion.store.tables import metadata

SAMPLE: Final = 1000
"""Rows of an index SQLite looks at: enough to rank indexes, and nobody waits for it to read a million."""


def taking(dialect: str) -> list[tuple[str, ...]]:
    """The statements that count, by transaction; on PostgreSQL one for each table, so that none takes long."""
    if dialect == "sqlite":
        return [(f"pragma analysis_limit={SAMPLE}", "analyze")]
    return [(f'analyze "{name}"',) for name in metadata.tables]
