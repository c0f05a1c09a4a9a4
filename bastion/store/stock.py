"""What the database knows of how much there is of what: without it, it guesses, and goes through a million rows.

PostgreSQL counts by itself once a table has grown by a tenth, if its autovacuum is on; a table just filled by a
migration or restored from a backup it knows nothing of until then. SQLite never counts unasked.
"""

from collections.abc import Collection
from typing import Final

from bastion.store.tables import metadata

SAMPLE: Final = 1000
"""Rows of an index SQLite looks at: enough to rank indexes, and nobody waits for it to read a million."""


def taking(dialect: str, tables: Collection[str] = ()) -> list[tuple[str, ...]]:
    """The statements that count these tables, or all, by transaction; on PostgreSQL each alone: none takes long."""
    each = [f'analyze "{name}"' for name in tables]
    if dialect == "sqlite":
        return [(f"pragma analysis_limit={SAMPLE}", *(each or ["analyze"]))]
    return [(statement,) for statement in each] or [(f'analyze "{name}"',) for name in metadata.tables]
