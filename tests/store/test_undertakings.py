"""R-47: what is owed is the newest version; neither texts nor acceptances ever change."""

from dataclasses import replace

import pytest

from bastion.domain.undertaking import SHIPPED, Acceptance, Undertaking, Way
from bastion.errors import AlreadyExists, BastionError, Conflict
from tests.store.samples import ALICE, GE, NOW

SECOND = Undertaking(2, "texte", "text", "Ruth", NOW)
FIRST = Acceptance("a1", ALICE.id, 1, NOW, Way.TERMINAL, "192.0.2.7")


@pytest.fixture
async def people(database):
    async with database.write() as uow:
        await uow.suppliers.add(GE)
        await uow.technicians.add(ALICE)


@pytest.mark.usefixtures("people")
async def test_the_shipped_text_is_owed_until_it_is_accepted_and_then_the_next(database):
    async with database.write() as uow:
        assert await uow.undertakings.owed(ALICE.id)
        assert await uow.undertakings.current() == SHIPPED
        await uow.acceptances.add(FIRST)
        assert not await uow.undertakings.owed(ALICE.id)
        assert await uow.undertakings.owed("tec-2")
        await uow.undertakings.add(SECOND)
        assert await uow.undertakings.owed(ALICE.id)
        assert await uow.undertakings.current() == SECOND
        await uow.acceptances.add(replace(FIRST, id="a2", version=2))
        assert not await uow.undertakings.owed(ALICE.id)
        assert [one.version for one in await uow.acceptances.of(ALICE.id)] == [1, 2]
        assert await uow.acceptances.of("\x00") == []


@pytest.mark.usefixtures("people")
async def test_a_version_is_accepted_once_and_the_first_is_not_the_hospitals(database):
    async with database.write() as uow:
        await uow.acceptances.add(FIRST)
    with pytest.raises((AlreadyExists, Conflict)):
        async with database.write() as uow:
            await uow.acceptances.add(replace(FIRST, id="a2"))
    with pytest.raises(BastionError):
        async with database.write() as uow:
            await uow.undertakings.add(replace(SECOND, version=1))


@pytest.mark.usefixtures("people")
async def test_the_database_keeps_both_as_they_were(database):
    async with database.write() as uow:
        await uow.acceptances.add(FIRST)
        await uow.undertakings.add(SECOND)
    with pytest.raises(BastionError):
        async with database.write() as uow:
            await uow.acceptances.save(replace(FIRST, way=Way.WEB))
    with pytest.raises(BastionError):
        async with database.write() as uow:
            await uow.undertakings.save(replace(SECOND, text_fr="autre"))
