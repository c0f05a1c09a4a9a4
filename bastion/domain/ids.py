"""Identifiers: 32 hex digits, sortable by time of making, unguessable in their second half."""

import secrets
from datetime import datetime


def new_id(now: datetime) -> str:
    """Return a fresh id: 12 hex digits of milliseconds since 1970, 20 of chance (80 bits)."""
    return f"{int(now.timestamp() * 1000):012x}{secrets.token_hex(10)}"
