"""People from before keep exactly what they had: their roles, in each of their hospitals."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

import migrations
from bastion.domain.parties import EVERYWHERE, Role, assigned
from bastion.store.database import Database, parse
from tests.databases import sqlite_url as url_of

OLD = (
    ("s1", "eve", ["approver"], ["f1", "f2"]),
    ("s2", "ruth", ["admin", "security"], ["*"]),
    ("s3", "nobody", [], ["f1"]),
)


def one(file: str) -> str:
    return next((Path(migrations.__file__).parent / "versions").glob(f"*_{file}.py")).stem.split("_")[0]


@pytest.fixture
def old(tmp_path: Path) -> str:
    url = url_of(tmp_path / "old.db")
    (tmp_path / "old.db").touch()
    settings = migrations.config(parse(url))
    script = ScriptDirectory.from_config(settings).get_revision(one("assignments"))
    command.upgrade(settings, str(script.down_revision))
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    with engine.begin() as here:
        for ident, login, roles, facilities in OLD:
            here.execute(
                sa.text("insert into staff values (:i, :l, :l, '', :r, :f, 'fr', 1)"),
                {"i": ident, "l": login, "r": json.dumps(roles), "f": json.dumps(facilities)},
            )
        here.execute(
            sa.text("insert into api_tokens values ('t1', 's2', 'x', :h, 1, 2, null, '[\"admin\"]')"), {"h": "a" * 64}
        )
    engine.dispose()
    return url


async def test_roles_in_every_hospital_of_a_person_become_assignments(old: str) -> None:
    await migrations.upgrade(old)
    database = await Database.open(old)
    async with database.read() as uow:
        eve, ruth, nobody = [await uow.staff.by_login(login) for _i, login, _r, _f in OLD]
        token = await uow.tokens.get("t1")
    await database.close()
    assert eve.assignments == assigned({Role.APPROVER}, {"f1", "f2"})
    assert ruth.assignments == assigned({Role.ADMIN, Role.SECURITY}, {EVERYWHERE})
    assert nobody.assignments == ()
    assert token.facilities == {EVERYWHERE}
