"""Which index each statement of a list used: the statements themselves are heard, then explained."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx2
import sqlalchemy as sa
from sqlalchemy import Engine, event

from bastion import parts
from tests.bench.scale.addresses import Address
from tests.bench.scale.asking import Badge, settings
from web.app import create

LARGE: Final = frozenset({
    "access_requests", "approvals", "grants", "sessions", "audit_events", "held_files", "deliveries", "remarks",
    "review_lines", "reports", "report_dues", "order_looks", "watches", "window_uses", "shifts",
    "confirmations", "portal_invitations",
})  # fmt: skip
"""Tables that a page must never read from end to end. Who owes an undertaking is asked of all technicians at once."""
Heard = list[tuple[str, Any]]


async def of(folder: Path, url: str, found: Sequence[Address], badges: Mapping[str, Badge]) -> dict[str, list[str]]:
    """Per address, the large tables that one of its statements reads from end to end; empty when none does."""
    read_whole: dict[str, list[str]] = {}
    chosen = settings(folder, url)
    async with parts.opened(chosen) as built:
        transport = httpx2.ASGITransport(app=create(built.services, chosen), client=("127.0.0.1", 4711))
        async with httpx2.AsyncClient(transport=transport, base_url="https://bastion.test") as client:
            for address in found:
                path = address.paths[0]
                with statements() as heard:
                    await client.get(path, headers=badges[address.who].headers(path))
                scanned = await _scanned(folder, url, heard)
                if scanned:
                    read_whole[address.name] = sorted(scanned)
    return read_whole


@contextmanager
def statements() -> Iterator[Heard]:
    """What the database is asked meanwhile, with the values."""
    heard: Heard = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        heard.append((statement, values))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


async def _scanned(folder: Path, url: str, heard: Heard) -> set[str]:
    asked = [(statement, values) for statement, values in heard if statement.lstrip().lower().startswith("select")]
    if url.startswith("sqlite"):
        return by_sqlite(folder / "bastion.db", asked)
    return await _by_postgres(url, asked)


def by_sqlite(path: Path, asked: Heard) -> set[str]:
    """`SCAN table` without an index; a scan of an index in the order of the list stops at the page's end."""
    with sqlite3.connect(path) as database:
        steps = [
            row[3] for statement, values in asked for row in database.execute(f"explain query plan {statement}", values)
        ]
    scans = (step.split() for step in steps if step.startswith("SCAN ") and "USING" not in step)
    return {words[1] for words in scans} & (LARGE - {"audit_events"})  # whose key is the order of the trail


async def _by_postgres(url: str, asked: Heard) -> set[str]:
    """`Seq Scan on table`, as the planner of a filled and analysed database chose it."""
    dsn = sa.engine.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn)
    try:
        lines = [
            row[0] for statement, values in asked for row in await connection.fetch(f"explain {statement}", *values)
        ]
    finally:
        await connection.close()
    return {table for table in LARGE if any(f"Seq Scan on {table}" in line for line in lines)}
