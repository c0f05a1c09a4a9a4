"""What the domain refuses of a watch, the database refuses too."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import migrations
from bastion.domain.watch import Left, Watch
from bastion.errors import Conflict, Invalid
from bastion.store import tables as t
from bastion.store.database import Database
from tests.store.samples import BOB, HOUR, NOW, a_grant, a_session, fill
from tests.store.tampering import attempt

A_WATCH = Watch("wat-1", "gra-1", "ses-1", BOB.id, BOB.name, "browser", NOW, beats=5)


@pytest.fixture
async def watched(database: Database) -> Database:
    await fill(database, upto="grants")
    async with database.write() as uow:
        await uow.sessions.add(a_session(1))
        await uow.watches.add(A_WATCH)
    assert a_grant().id == "gra-1"
    return database


def changed(**values: Any) -> sa.Update:
    return sa.update(t.watches).where(t.watches.c.id == "wat-1").values(**values)


@pytest.mark.parametrize(
    "change",
    [
        {"staff_id": "stf-2"}, {"staff_name": "Eve"}, {"holder": "other"}, {"taken_at": NOW + HOUR}, {"beats": 4},
        {"left_at": NOW}, {"left_at": NOW, "left_why": Left.SILENT, "present": True},
    ],
)  # fmt: skip
async def test_R34_a_watch_stays_whose_it_was_and_its_signs_of_life_only_grow(
    watched: Database, change: dict[str, Any]
) -> None:
    with pytest.raises((Conflict, Invalid)):
        await attempt(watched, changed(**change))


async def test_R34_a_watch_is_left_once_and_never_removed(watched: Database) -> None:
    async with watched.write() as uow:
        assert await uow.watches.beat("wat-1")
        await uow.watches.judge("wat-1", present=True)
        assert [(one.beats, one.present) for one in await uow.watches.open_on(["gra-1", "gra-9"])] == [(6, True)]
        assert await uow.watches.leave("wat-1", NOW + HOUR, Left.BY_HAND)
        assert not await uow.watches.leave("wat-1", NOW, Left.SILENT)
        assert not await uow.watches.beat("wat-1")
        await uow.watches.judge("wat-1", present=True)
        assert await uow.watches.get("wat-1") == replace(A_WATCH, beats=6, left_at=NOW + HOUR, left_why=Left.BY_HAND)
        assert await uow.watches.open_on(["gra-1"]) == []
        assert await uow.watches.open_on([]) == []
    for change in ({"left_at": None, "left_why": None}, {"left_at": NOW}):
        with pytest.raises(Conflict, match="left"):
            await attempt(watched, changed(**change))
    with pytest.raises(Conflict, match="removed"):
        await attempt(watched, sa.delete(t.watches))


def test_the_database_knows_why_a_watch_ends() -> None:
    text = "".join(path.read_text() for path in Path(migrations.__file__).parent.glob("versions/*.py"))
    assert [word for word in Left if f"'{word}'" not in text] == []
