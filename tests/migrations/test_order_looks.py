"""What a GMAO said of a request's order before is its first look."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

import migrations
from bastion.domain.work_order import Finding
from bastion.store.database import Database, parse
from tests.databases import sqlite_url as url_of
from tests.migrations.test_assignments import one


async def test_the_look_there_was_is_the_first_one(tmp_path: Path) -> None:
    url = url_of(tmp_path / "old.db")
    (tmp_path / "old.db").touch()
    settings = migrations.config(parse(url))
    before = ScriptDirectory.from_config(settings).get_revision(one("order_looks")).down_revision
    command.upgrade(settings, str(before))
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with engine.begin() as here:
        said = "'r1', 'f1', 'WO-1', 'closed', 1, 'Tube', 'shut', 'Ward', ''"
        here.exec_driver_sql("insert into order_checks values (" + said + ")")
    engine.dispose()
    await migrations.upgrade(url)
    database = await Database.open(url)
    async with database.read() as uow:
        (look,) = await uow.order_looks.of("r1")
    await database.close()
    assert (look.id, look.number, look.finding, look.title, look.state) == (
        "r1",
        "WO-1",
        Finding.CLOSED,
        "Tube",
        "shut",
    )
    assert look.looked_by == ""
