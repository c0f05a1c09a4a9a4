from dataclasses import replace

import pytest

from bastion.domain.parties import EVERYWHERE
from bastion.errors import NotFound
from bastion.services.joins import Joins, found, scope


def test_nothing_is_not_found():
    assert found(1) == 1
    with pytest.raises(NotFound):
        found(None, "x")


async def test_each_neighbour_is_asked_for_once(house):
    async with house.database.read() as uow:
        joins = Joins(uow)
        first = await joins.device(house.device.id)
        assert await joins.device(house.device.id) is first
        with pytest.raises(NotFound):
            await joins.supplier("nobody")


async def test_approvers_are_those_of_the_facility(house):
    async with house.database.read() as uow:
        ch2 = await uow.facilities.by_code("ch2")
        away = replace(house.device, facility_id=ch2.id)
        assert {s.name for s in await Joins(uow).approvers(house.device)} == {"Eve", "Max"}
        assert {s.name for s in await Joins(uow).approvers(away)} == {"Max"}


async def test_a_scope_is_some_facilities_or_all(house):
    assert scope(house.staff(house.max)) is None
    assert EVERYWHERE not in (scope(house.staff(house.eve)) or {})
