"""`python -m tests.bench.scale`: fill, look at every page, make decisions under two hundred open pages, report."""

import argparse
import asyncio
import json
import os
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.ids import new_id
from bastion.store.database import Database
from tests.bench.scale import addresses, asking, filling, live, plans
from tests.bench.scale.asking import Badge, Measured
from tests.bench.scale.hospital import Size

GOAL, LIVE_GOAL = 100.0, 500.0
VITAL: Final = 4
"""On devices of this criticality two people agree; the bench has one."""


def main() -> None:
    options = _options()
    folder = options.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    path, took = filling.sqlite(folder, Size())
    say(f"SQLite is filled ({took:.0f} s, {path.stat().st_size >> 20} MiB)")
    report = [] if options.postgres else [_look("sqlite", folder, f"sqlite:///{path}", options)]
    if not options.sqlite:
        with filling.server(folder / "pg") as dsn:
            url, took = filling.postgres(dsn, folder, path, Size())
            say(f"PostgreSQL is filled ({took:.0f} s)")
            report.append(_look("postgres", folder, url, options))
    _write(report, options.output)


def _look(name: str, folder: Path, url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one database: every address, then the decisions."""
    found, problems = addresses.every(_idents(folder))
    found = [one for one in found if options.only in one.name]
    people = filling.people(folder)
    with asking.console(folder, url) as running:
        badges = asyncio.run(_sign_in(url, people))
        rows = [_measured(running, one, badges[one.who], options.count) for one in found]
        decided = asyncio.run(_decide(url, running.port, people)) if not options.only or options.live else []
    steps = asyncio.run(plans.of(folder, url, [one for one in found if "{ident}" not in one.name], badges))
    return {
        "database": name, "load": os.getloadavg()[0], "problems": problems, "rows": [vars(row) for row in rows],
        "live_ms": decided, "plans": steps,
    }  # fmt: skip


def _measured(running: asking.Running, address: addresses.Address, badge: Badge, count: int) -> Measured:
    row = asking.measure(running, address, badge, count)
    mark = " " if row.p95 <= GOAL and row.status < 400 else "!"
    cost = f"{row.p50:8.1f} {row.p95:8.1f} ms, {row.cpu:6.1f} of CPU, {row.size >> 10:4d} kB"
    say(f"{mark} {cost}  {row.status}  {row.name}")
    return row


async def _sign_in(url: str, people: dict[str, str]) -> dict[str, Badge]:
    database = await Database.open(url)
    try:
        return await asking.badges(database, people) | await asking.guests(database)
    finally:
        await database.close()


async def _decide(url: str, port: int, people: dict[str, str]) -> list[float]:
    """Agree to some of what waits, as somebody who sees everything, while others look on, each in a browser of his."""
    database = await Database.open(url)
    try:
        waits = await _asked_again(database)
        readers = [
            badge
            for _ in range(live.PAGES // len(people))
            for badge in (await asking.badges(database, people, tokens=False)).values()
        ]
        fresh = await asking.badges(database, people)  # a decision wants a code of this minute
    finally:
        await database.close()
    took = await live.measure(port, readers, fresh["wide"], waits)
    say(f"decisions reach {len(readers)} pages in {', '.join(f'{one:.0f}' for one in sorted(took))} ms")
    return took


async def _asked_again(database: Database) -> list[tuple[str, int]]:
    """Requests made just now, like those of the last days, each for one person to decide on (id, version)."""
    now = clock.now()
    async with database.write() as uow:
        last = await uow.requests.search(state="approved", limit=200)
        devices = {one.id: one for one in await uow.devices.some(one.device_id for one in last)}
        alone = [one for one in last if devices[one.device_id].criticality < VITAL][: live.DECISIONS]
        made = [
            replace(
                one, id=new_id(now), created_at=now, expires_at=now + timedelta(hours=2), version=1, approvals=(),
                stored_state=RequestState.PENDING, decided_at=None, decided_by="", decision_note="", grant_id="",
            )
            for one in alone
        ]  # fmt: skip
        for one in made:
            await uow.requests.add(one)
    return [(one.id, one.version) for one in made]


def _idents(folder: Path) -> dict[str, list[str]]:
    """Some ids of each table: the newest that both databases were filled with, as people read them."""
    last = f"{int(filling.filled_at(folder) * 1000):012x}"
    with sqlite3.connect(folder / "bastion.db") as database:
        return {
            table: [row[0] for row in database.execute(_SOME.format(*_WHOSE.get(table, (table, "true"))), (last,))]
            for table in sorted(set(addresses.TABLES.values()))
        }


_SOME: Final = "select id from {} where {} and id < ? order by id desc limit 200"
_OF_COMPANY: Final = f"supplier_id = (select supplier_id from technicians where login = '{addresses.SPEAKER}')"
_WHOSE: Final = {
    "sessions": ("sessions", "ended_at is not null"),
    "own_requests": (
        "access_requests", f"technician_id = (select id from technicians where login = '{addresses.GUEST}')"
    ),
    "company_requests": ("access_requests", _OF_COMPANY),
    "company_people": ("technicians", _OF_COMPANY),
}  # fmt: skip


def _write(report: Sequence[dict[str, Any]], output: Path) -> None:
    """Beside the other rows of `var/bench.json`, and the sum of it on the screen."""
    kept = json.loads(output.read_text()) if output.exists() else {}
    kept["scale"] = report
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(kept, indent=2) + "\n")
    for part in report:
        rows = sorted(part["rows"], key=lambda row: row["p95"], reverse=True)
        good = sum(row["p95"] <= GOAL and row["status"] < 400 for row in rows)
        say(f"\n{part['database']}: {good} of {len(rows)} within {GOAL:.0f} ms at p95, load {part['load']:.1f}")
        if part["live_ms"]:
            worst = max(part["live_ms"])
            say(f"a decision reaches an open page in {worst:.0f} ms at most (goal {LIVE_GOAL:.0f})")
        for row in rows[:25]:
            say(f"  {row['p50']:8.1f} {row['p95']:8.1f} ms, {row['cpu']:6.1f} of CPU  {row['name']}")
        for name, scanned in part["plans"].items():
            say(f"  reads a whole table: {name}: {', '.join(scanned)}")
        for problem in part["problems"]:
            say(f"- {problem}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/scale"), help="where the filled databases are kept")
    parser.add_argument("--count", type=int, default=asking.REQUESTS, help="requests for each address")
    parser.add_argument("--only", default="", help="only addresses that hold this text, and no decisions")
    parser.add_argument("--live", action="store_true", help="decisions too, whatever --only says")
    parser.add_argument("--sqlite", action="store_true", help="leave PostgreSQL out")
    parser.add_argument("--postgres", action="store_true", help="measure PostgreSQL alone")
    parser.add_argument("--output", type=Path, default=Path("var/bench.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
