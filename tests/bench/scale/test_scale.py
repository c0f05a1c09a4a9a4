"""The bench of four years: every route is among its addresses, its rows are ones the product takes, its ear hears."""

import json
import math
import os
import sqlite3
import subprocess
import threading
import time
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from bastion.store.database import Database
from tests.bench.scale import adding, addresses, asking, filling, plans
from tests.bench.scale.__main__ import failed
from tests.bench.scale.hospital import Size

SMALL = Size(
    facilities=3, suppliers=4, technicians=40, devices=60, requests=400, sessions=100, held=30, deliveries=30,
    waiting=8, live=4,
)  # fmt: skip


def test_every_page_and_list_is_among_the_addresses():
    idents = {table: ["0" * 32] for table in addresses.TABLES.values()}
    found, problems = addresses.every(idents)
    assert problems == []
    assert {"/requests claire", "/requests denis", "/audit?severity=warning samir"} <= {one.name for one in found}
    assert all(addresses.SPARED.values())


def test_what_cannot_be_filled_is_a_problem():
    _, problems = addresses.every({})
    assert any("/requests/{ident}" in problem for problem in problems)


def test_what_was_filled_long_ago_is_kept_when_that_is_asked_for(tmp_path: Path):
    note = tmp_path / "sqlite.json"
    note.write_text(json.dumps({"size": asdict(SMALL), "at": 0}))
    assert not filling._still_good(note, SMALL, filling.FRESH)
    assert filling._still_good(note, SMALL, math.inf)
    assert not filling._still_good(note, replace(SMALL, devices=61), math.inf)


async def test_the_invented_rows_are_a_hospital_whose_trail_holds(migrated_sqlite: Path, tmp_path: Path):
    path = tmp_path / "bastion.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    filling.fill(path, tmp_path / "sqlite.json", SMALL)
    assert adding.to_sqlite(path, tmp_path / "sqlite.json") > 0
    assert adding.to_sqlite(path, tmp_path / "sqlite.json") == 0, "what is there is not written twice"
    with sqlite3.connect(path) as connection:
        assert connection.execute("pragma foreign_key_check").fetchall() == []
        assert connection.execute("select count(*) from access_requests").fetchone() == (SMALL.requests,)
        assert connection.execute("select count(*) from sessions where ended_at is null").fetchone() == (SMALL.live,)
        empty = [name for name in plans.LARGE if not connection.execute(f"select count(*) from {name}").fetchone()[0]]
        assert empty == []
    database = await Database.open(f"sqlite:///{path}")
    try:
        async with database.read() as uow:
            assert (await uow.audit.verify()).ok
            assert len(await uow.requests.search(limit=500)) == SMALL.requests
    finally:
        await database.close()


def test_a_table_that_is_read_from_end_to_end_is_named(migrated_sqlite: Path):
    whole = [("select * from sessions where client = ?", ("x",))]
    by_index = [("select * from sessions where device_id = ? order by started_at desc", ("x",))]
    assert plans.by_sqlite(migrated_sqlite, whole) == {"sessions"}
    assert plans.by_sqlite(migrated_sqlite, by_index) == set()


def test_a_list_without_its_index_fails_the_bench_at_any_speed():
    row = {"name": "/requests denis", "status": 200, "p95": 3000.0}
    good = {"plans": {}, "problems": [], "rows": [row]}
    assert failed([good, good]) == 0
    assert failed([good, good | {"plans": {"/requests denis": ["sessions"]}}]) == 1
    assert failed([good | {"problems": ["/new/{ident}: nobody says what stands in its place"]}]) == 1
    assert failed([good | {"rows": [row | {"status": 503}]}]) == 1


def test_a_first_look_at_each_page_is_told_apart_from_the_others():
    asked: list[str] = []

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404 if asked == ["/a"] else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is written down."""

    with HTTPServer(("127.0.0.1", 0), Door) as door:
        threading.Thread(target=door.serve_forever).start()
        address = addresses.Address("/{ident}", "denis", ("/a", "/b"))
        running = asking.Running(door.server_port, os.getpid())
        row = asking.measure(running, address, asking.Badge("", ""), 3)
        door.shutdown()
    assert asked == ["/a", "/b", "/a", "/b", "/a"]
    assert (row.count, row.status) == (3, 404), "an error at the first look is one"


def test_a_console_is_asked_once_what_it_began_with_is_done():
    """As one that has been up for a while: here a shell whose child ends before long."""
    shell = subprocess.Popen(["/bin/sh", "-c", "sleep 2; exec sleep 60"])
    try:
        children = Path(f"/proc/{shell.pid}/task/{shell.pid}/children")
        while not children.read_text().split() and b"exec" in Path(f"/proc/{shell.pid}/cmdline").read_bytes():
            time.sleep(0.01)
        asking._settle(asking.Running(0, shell.pid))
        assert children.read_text().split() == []
        assert shell.poll() is None
    finally:
        shell.kill()
        shell.wait()
