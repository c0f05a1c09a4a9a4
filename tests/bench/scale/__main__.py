"""`python -m tests.bench.scale`: fill, look at every page, make decisions under two hundred open pages, report."""

import argparse
import asyncio
import json
import math
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
from bastion.domain.parties import EVERYWHERE, Staff
from bastion.store.database import Database
from tests.bench.scale import addresses, asking, filling, live, plans
from tests.bench.scale.asking import Badge, Measured
from tests.bench.scale.hospital import Size
from tests.bench.scale.live import Asked, Reached

GOAL, LIVE_GOAL = 100.0, 500.0
VITAL: Final = 4
"""On devices of this criticality two people agree; the bench has one."""


def main() -> int:
    """The exit code: an index that is missing is an error at any speed, milliseconds are for people to judge."""
    options = _options()
    folder = options.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    fresh = math.inf if options.keep else filling.FRESH
    path, took = filling.sqlite(folder, Size(), fresh)
    say(f"SQLite is filled ({took:.0f} s, {path.stat().st_size >> 20} MiB)")
    report = [] if options.postgres else [_look("sqlite", folder, f"sqlite:///{path}", options)]
    if not options.sqlite:
        with filling.server(folder / "pg") as dsn:
            url, took = filling.postgres(dsn, folder, path, Size(), fresh)
            say(f"PostgreSQL is filled ({took:.0f} s)")
            report.append(_look("postgres", folder, url, options))
    _write(report, options.output)
    return failed(report)


def failed(report: Sequence[dict[str, Any]]) -> int:
    """1 when a list reads a large table from end to end, an address is not measured or does not answer; else 0."""
    errors = [row for part in report for row in part["rows"] if row["status"] >= 400]
    return int(any(part["plans"] or part["problems"] for part in report) or bool(errors))


def _look(name: str, folder: Path, url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one database: every address, then the decisions."""
    found, problems = addresses.every(_idents(folder))
    found = [one for one in found if options.only in one.name]
    people = filling.people(folder)
    with asking.console(folder, url) as running:
        badges = asyncio.run(_sign_in(url, people))
        rows = [_measured(running, one, badges[one.who], options.count) for one in found]
        decided = asyncio.run(_decide(url, running, people)) if not options.only or options.live else {}
    steps = asyncio.run(plans.of(folder, url, found, badges))
    return {
        "database": name, "load": os.getloadavg()[0], "problems": problems, "rows": [vars(row) for row in rows],
        "live": {who: [vars(one) for one in several] for who, several in decided.items()}, "plans": steps,
    }  # fmt: skip


def _measured(running: asking.Running, address: addresses.Address, badge: Badge, count: int) -> Measured:
    row = asking.measure(running, address, badge, count)
    mark = " " if row.p95 <= GOAL and row.status < 400 else "!"
    cost = f"{row.p50:8.1f} {row.p95:8.1f} ms, {row.cpu:6.1f} of CPU, {row.size >> 10:4d} kB"
    say(f"{mark} {cost}, first {row.first:6.1f}  {row.status}  {row.name}")
    return row


async def _sign_in(url: str, people: dict[str, str]) -> dict[str, Badge]:
    database = await Database.open(url)
    try:
        return await asking.badges(database, people) | await asking.guests(database)
    finally:
        await database.close()


async def _decide(url: str, running: asking.Running, people: dict[str, str]) -> dict[str, list[Reached]]:
    """Agree to some of what waits, as somebody who sees everything, while others look on, each in a browser of his:
    all the staff of all hospitals, then as many who see every hospital.
    """
    database = await Database.open(url)
    reached: dict[str, list[Reached]] = {}

    async def wide() -> Badge:
        return (await asking.badges(database, people, tokens=False))["wide"]

    try:
        waits = await _asked_again(database)
        async with database.read() as uow:
            staff = [one for one in await uow.staff.all() if one.active]
        readers = {"everybody": staff, "who see all": [one for one in staff if EVERYWHERE in one.places()]}
        for number, (who, several) in enumerate(readers.items()):
            pages = await _in_browsers(database, several)
            some = waits[number * live.DECISIONS :][: live.DECISIONS]
            reached[who] = await live.measure(running, pages, wide, some)
            say(f"{len(pages)} pages of {who}: {_worst(reached[who])}")
    finally:
        await database.close()
    return reached


def _worst(reached: Sequence[Reached]) -> str:
    """Of several decisions the slowest, for each thing that is timed."""
    most = {name: max(getattr(one, name) for one in reached) for name in live.TIMED}
    return (
        f"{most['pages']} concerned; the decision stands on the last after {most['stands']:.0f} ms, all else is read "
        f"again after {most['first']:.0f} to {most['last']:.0f} ms; another page took {most['aside']:.0f} ms; "
        f"{most['cpu']:.0f} ms of CPU"
    )


async def _in_browsers(database: Database, staff: Sequence[Staff]) -> list[tuple[Badge, frozenset[str]]]:
    """Two hundred signed in, everybody as often as it takes; each with the hospitals he sees."""
    found: list[tuple[Badge, frozenset[str]]] = []
    while len(found) < live.PAGES:
        badges = await asking.badges(database, {one.login: one.id for one in staff}, tokens=False)
        found += [(badges[one.login], one.places()) for one in staff]
    return found[: live.PAGES]


async def _asked_again(database: Database) -> list[Asked]:
    """Requests made just now, like those of the last days, each for one person to decide on."""
    now = clock.now()
    async with database.write() as uow:
        last = await uow.requests.search(state="approved", limit=200)
        devices = {one.id: one for one in await uow.devices.some(one.device_id for one in last)}
        people = {one.id: one for one in await uow.technicians.some(one.technician_id for one in last)}
        companies = {one.id: one for one in await uow.suppliers.some(one.supplier_id for one in last)}
        alone = [
            one for one in last
            if devices[one.device_id].criticality < VITAL
            and people[one.technician_id].active
            and people[one.technician_id].country in companies[one.supplier_id].countries
        ][: 2 * live.DECISIONS]  # fmt: skip
        made = [
            replace(
                one, id=new_id(now), created_at=now, expires_at=now + timedelta(hours=2), version=1, approvals=(),
                stored_state=RequestState.PENDING, decided_at=None, decided_by="", decision_note="", grant_id="",
            )
            for one in alone
        ]  # fmt: skip
        for one in made:
            await uow.requests.add(one)
    return [Asked(one.id, one.version, one.facility_id) for one in made]


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
    "request_templates": (
        "request_templates", "facility_id = (select id from facilities where code = 'ch00') and retired_at is null"
    ),
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
        for who, several in part["live"].items():
            say(f"open pages of {who} (goal {LIVE_GOAL:.0f} ms): {_worst([Reached(**one) for one in several])}")
        slow = sorted((row for row in rows if row["first"] > GOAL), key=lambda row: row["first"], reverse=True)
        say(f"first looks: {len(rows) - len(slow)} of {len(rows)} within {GOAL:.0f} ms at p95")
        for row in slow[:10]:
            say(f"  {row['first']:8.1f} ms at the first look  {row['name']}")
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
    parser.add_argument("--keep", action="store_true", help="measure what is filled, however long ago that was")
    parser.add_argument("--output", type=Path, default=Path("var/bench.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
