from dataclasses import replace
from datetime import timedelta

import pytest

from bastion.domain.derogation import DerogationKind
from bastion.store.database import Database
from tests.store.samples import NOW, SCANNER, a_derogation, fill

DAY = timedelta(days=1)


@pytest.fixture
async def old(database: Database) -> Database:
    """Two devices: the scanner with three derogations, another with one."""
    await fill(database)
    async with database.write() as uow:
        await uow.devices.add(replace(SCANNER, id="dev-2", code="ct-02"))
        await uow.derogations.add(a_derogation(1))
        await uow.derogations.add(a_derogation(2, kind=DerogationKind.TELNET, algorithms=(), ends=NOW + 20 * DAY))
        await uow.derogations.add(a_derogation(3, starts=NOW + DAY, ends=NOW + 2 * DAY))
        await uow.derogations.add(a_derogation(4, device_id="dev-2", ends=NOW + 5 * DAY))
    return database


async def test_what_is_kept_comes_back_as_it_was(old: Database) -> None:
    async with old.read() as uow:
        assert await uow.derogations.get("der-1") == a_derogation(1)
        assert [one.id for one in await uow.derogations.of("dev-1")] == ["der-1", "der-2", "der-3"]
        assert [one.id for one in await uow.derogations.of("dev-2")] == ["der-4"]
        assert await uow.derogations.of("dev-\x00") == []
        assert {one.id for one in await uow.derogations.of_several(frozenset({"dev-1", "dev-2"}))} == {
            "der-1", "der-2", "der-3", "der-4",
        }  # fmt: skip
        assert await uow.derogations.of_several(frozenset()) == []


async def test_what_is_in_force_and_ends_soon(old: Database) -> None:
    async with old.write() as uow:
        found = await uow.derogations.ending(NOW, NOW + 30 * DAY)
        assert [one.id for one in found] == ["der-4", "der-2"]
        await uow.derogations.save(found[0].withdraw("Eve", NOW))
        assert [one.id for one in await uow.derogations.ending(NOW, NOW + 30 * DAY)] == ["der-2"]
        assert await uow.derogations.ending(NOW + 20 * DAY, NOW + 30 * DAY) == []
