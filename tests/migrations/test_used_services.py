"""Services of devices from before the bastion noted which of them sessions went through."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

import migrations
from bastion.store.database import parse
from tests.databases import sqlite_url as url_of
from tests.migrations.test_assignments import one
from tests.migrations.test_works import row


async def test_all_services_of_a_device_that_was_worked_on_count_as_used(tmp_path: Path) -> None:
    url, file = url_of(tmp_path / "old.db"), tmp_path / "old.db"
    file.touch()
    settings = migrations.config(parse(url))
    before = ScriptDirectory.from_config(settings).get_revision(one("used_services")).down_revision
    command.upgrade(settings, str(before))
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as here:
        here.exec_driver_sql("pragma ignore_check_constraints = on")
        for ident, device in (("a", "worked"), ("b", "worked"), ("c", "new")):
            row(here, "endpoints", id=ident, device_id=device, protocol="ssh", port=22)
        for ident, started in (("late", 9), ("early", 7)):
            row(here, "sessions", id=ident, device_id="worked", started_at=started, end_reason="cut")
    command.upgrade(settings, "head")
    with engine.begin() as here:
        used = here.exec_driver_sql("select id, used_at from endpoints order by id").fetchall()
    engine.dispose()
    assert [tuple(each) for each in used] == [("a", 7), ("b", 7), ("c", None)]
