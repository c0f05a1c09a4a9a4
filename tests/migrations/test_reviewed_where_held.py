"""Reviews from before say what they said: in all their hospitals, and for a role of the group everywhere (R-19)."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

import migrations
from bastion.domain.review import RightKind, Verdict, Word
from bastion.store.database import Database, parse
from tests.databases import sqlite_url as url_of
from tests.migrations.test_assignments import one
from tests.store.samples import NOW

GROUP = [{"facility_id": "*", "role": "approver", "wards": []}, {"facility_id": "f1", "role": "admin", "wards": []}]
CAMPAIGNS = (("c1", ["*"]), ("c2", ["f1", "f2"]))
LINES = (("l1", "c1", "s1", "approver"), ("l2", "c1", "s1", "admin"), ("l3", "c2", "s2", "admin"))


@pytest.fixture
def old(tmp_path: Path) -> str:
    (tmp_path / "old.db").touch()
    url = url_of(tmp_path / "old.db")
    settings = migrations.config(parse(url))
    script = ScriptDirectory.from_config(settings).get_revision(one("reviewed_where_held"))
    command.upgrade(settings, str(script.down_revision))
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with engine.begin() as here:
        here.execute(
            sa.text("insert into staff values ('s1', 's1', 's1', '', 'fr', 1, :duties)"), {"duties": json.dumps(GROUP)}
        )
        for ident, facilities in CAMPAIGNS:
            here.execute(
                sa.text("insert into review_campaigns values (:i, :i, :f, 2, 'Ruth', 1)"),
                {"i": ident, "f": json.dumps(facilities)},
            )
        for ident, campaign, subject, right in LINES:
            here.execute(
                sa.text(
                    "insert into review_lines values (:i, :c, 'staff', :s, :r, 'x', '', 'withdrawn', 2, 'Eve', '')"
                ),
                {"i": ident, "c": campaign, "s": subject, "r": right},
            )
    engine.dispose()
    return url


async def test_what_was_decided_counts_in_the_hospitals_it_was_decided_for(old: str) -> None:
    await migrations.upgrade(old)
    database = await Database.open(old)
    async with database.read() as uow:
        said = await uow.review_lines.words(RightKind.STAFF, ["s1", "s2"], NOW)
        places = {one.id: one.place for one in await uow.review_lines.all()}
    await database.close()
    gone, then = Verdict.WITHDRAWN, datetime(1970, 1, 1, 0, 0, 0, 2, tzinfo=UTC)
    assert said == {
        ("s1", "approver"): [Word(("*",), gone, then)], ("s1", "admin"): [Word(("*",), gone, then)],
        ("s2", "admin"): [Word(("f1", "f2"), gone, then)],
    }  # fmt: skip
    assert places == {"l1": "*", "l2": "", "l3": ""}
