"""Identifiers: 32 hex digits, sortable by time of making, unguessable in their second half."""

import secrets
from datetime import UTC, datetime
from typing import Final

_STAMP: Final = 12
"""Hex digits of an id that say when it was made."""


def new_id(now: datetime) -> str:
    """Return a fresh id: 12 hex digits of milliseconds since 1970, 20 of chance (80 bits)."""
    return f"{int(now.timestamp() * 1000):012x}{secrets.token_hex(10)}"


def made_at(ident: str) -> datetime:
    """When an id was made; one that tells nothing is as old as can be."""
    try:
        return datetime.fromtimestamp(int(ident[:_STAMP], 16) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
