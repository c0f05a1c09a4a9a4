"""More time and hand-overs from before the bastion knew what belongs to one piece of work."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

import migrations
from bastion.store.database import parse
from tests.databases import sqlite_url as url_of
from tests.migrations.test_assignments import one


def row(here: sa.Connection, table: str, **values: object) -> None:
    """A row with these values and something of each kind in the other columns that must hold one."""
    columns = here.exec_driver_sql(f"pragma table_info({table})").fetchall()
    blank = {name: 0 if kind.upper() in {"BIGINT", "INTEGER", "BOOLEAN"} else "[]" for _, name, kind, *_ in columns}
    needed = {name for _, name, _, must, default, key in columns if (must and default is None) or key}
    every = {name: blank[name] for name in needed} | values
    names, marks = ", ".join(f'"{name}"' for name in every), ", ".join("?" * len(every))
    here.exec_driver_sql(f"insert into {table} ({names}) values ({marks})", tuple(every.values()))


async def test_more_time_goes_back_to_the_first_request_and_so_does_who_asked(tmp_path: Path) -> None:
    url, file = url_of(tmp_path / "old.db"), tmp_path / "old.db"
    file.touch()
    settings = migrations.config(parse(url))
    before = ScriptDirectory.from_config(settings).get_revision(one("works")).down_revision
    command.upgrade(settings, str(before))
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as here:
        here.exec_driver_sql("pragma ignore_check_constraints = on")
        ask = {"kind": "telemaintenance", "stored_state": "pending", "created_by_id": "alice"}
        held = {"kind": "telemaintenance", "channels": '["shell"]', "revoked_by": "", "revoke_reason": ""}
        row(here, "access_requests", id="first", **ask | {"created_by_id": "eve"})
        row(here, "grants", id="g", request_id="first", start=1, end=2, version=1, **held)
        row(here, "access_requests", id="more", extends_grant_id="g", **ask)
        row(here, "access_requests", id="over", **ask)
        row(here, "handovers", id="over", grant_id="g")
    command.upgrade(settings, "head")
    with engine.begin() as here:
        asked = here.exec_driver_sql("select id, first_id, earlier_askers from access_requests order by id").fetchall()
    engine.dispose()
    assert [tuple(each) for each in asked] == [
        ("first", "", "[]"), ("more", "first", '["eve"]'), ("over", "", '["eve"]'),
    ]  # fmt: skip
