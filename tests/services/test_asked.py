"""What was asked for is read as far as one may see it, and no further (T33, R-24)."""

from datetime import timedelta

import pytest

from bastion import clock
from tests.services.batches import more_devices
from tests.services.house import moved


async def found(house, actor, **sought) -> list[str]:
    return [view.device.code for view in await house.services.asked.search(actor, **sought)]


@pytest.fixture
async def three(house):
    """Of Alice: ct-01 and ct-02 of one hospital, ct-03 of another."""
    await more_devices(house)
    return [await house.asked(device_code=code) for code in ("ct-01", "ct-02", "ct-03")]


async def test_T33_a_list_a_search_and_a_count_hold_what_is_asked_in_one_s_own_hospitals(house, three):
    asked, everywhere = house.services.asked, house.staff(house.max)
    for facility_id in {one.facility_id for one in three}:
        here = moved(everywhere, {facility_id})
        theirs = {one.id for one in three if one.facility_id == facility_id}
        assert {view.request.id for view in await asked.pending(here)} == theirs
        assert {view.request.id for view in await asked.search(here)} == theirs
        assert await asked.to_decide(here) == len(theirs)
        assert 0 < len(theirs) < 3
    assert len(await asked.pending(everywhere)) == len(await asked.search(everywhere)) == 3
    assert await asked.pending(house.technician()) == []
    assert await asked.to_decide(house.technician()) == 0


async def test_R24_what_waits_is_listed_as_it_came_and_what_is_looked_up_with_the_newest_first(house, three):
    asked, me = house.services.asked, house.staff(house.max)
    assert [view.request.id for view in await asked.pending(me)] == [one.id for one in three]
    assert [view.request.id for view in await asked.search(me)] == [one.id for one in reversed(three)]


async def test_a_search_is_narrowed_by_device_supplier_and_time(house, three):
    me = house.staff(house.max)
    first, other = three[0], house.bob.supplier_id
    assert await found(house, me, device_id=first.device_id) == ["ct-01"]
    assert len(await found(house, me, supplier_id=first.supplier_id)) == 3
    assert await found(house, me, supplier_id=other) == []
    assert await found(house, me, before=first.created_at) == []
    assert len(await found(house, me, before=clock.now() + timedelta(minutes=1))) == 3


async def test_T33_grants_are_read_by_who_has_them_and_by_their_hospital(house):
    """Open ones and those of another day; of another person, company or hospital nothing."""
    now = await house.approved()
    later = await house.approved(start=clock.now() + timedelta(days=1))
    grants, alice = house.services.asked.grants, house.alice.id
    for reader in (house.technician(), house.staff(house.eve), house.staff(house.max)):
        assert {view.grant.id for view in await grants(reader, alice)} == {now.grant_id, later.grant_id}
    for reader in (house.technician(house.bob), moved(house.staff(house.eve), {"elsewhere"})):
        assert await grants(reader, alice) == []
