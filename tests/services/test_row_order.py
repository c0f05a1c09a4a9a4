"""Nobody stands in another's way for good: who ends an authorisation takes its row and then what waits for it, who
decides on that takes them the other way round, and each lets the other finish first (R-64).
"""

import asyncio

import pytest
import sqlalchemy as sa

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.grant import GrantStatus
from bastion.errors import IllegalTransition
from tests.services.batches import a_batch, more_devices
from tests.services.test_maintenance import LOOK, agreed, at

__all__ = ["at"]
WAITING = sa.text(
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
)
WHY = "a patient is on the table"


async def beside(house, act, first, second):
    """Let `act` begin while somebody has the row `first`, and have him take `second` once it waits."""
    async with house.database.write() as uow:
        await uow.locks.hold()
        await getattr(uow, first[0]).get(first[1])
        acting = asyncio.create_task(act)
        await waiting(house, uow, acting)
        await getattr(uow, second[0]).get(second[1])
    return await acting


async def waiting(house, uow, acting):
    """Until it can go no further; on SQLite nobody but `uow` writes."""
    await asyncio.sleep(0)
    while uow.locks._tx.dialect == "postgresql" and not acting.done():
        async with house.database.read() as look:
            if (await look.settings._tx.rows(WAITING))[0][0]:
                return
        await asyncio.sleep(0.01)


async def more(house, grant_id):
    return await house.services.access.extend(house.technician(), grant_id, 30, "not finished")


async def gone(house, grant_id, longer):
    async with house.database.read() as uow:
        grant, request = await uow.grants.get(grant_id), await uow.requests.get(longer.id)
    return (grant.status(clock.now()), request.stored_state) == (GrantStatus.REVOKED, RequestState.WITHDRAWN)


async def test_refusing_more_time_waits_for_who_ends_the_work(house):
    grant_id = (await house.approved()).grant_id
    longer = await more(house, grant_id)
    deny = house.services.approvals.deny(house.staff(house.eve), longer.id, longer.version, "not today")
    said = await beside(house, deny, ("grants", grant_id), ("requests", longer.id))
    assert said.stored_state is RequestState.DENIED


async def test_taking_back_waits_for_who_decides_on_more_time(house):
    grant_id = (await house.approved()).grant_id
    longer = await more(house, grant_id)
    revoke = house.services.approvals.revoke(house.staff(house.eve), grant_id, WHY)
    await beside(house, revoke, ("requests", longer.id), ("grants", grant_id))
    assert await gone(house, grant_id, longer)


async def test_R64_a_cut_that_ends_the_work_waits_for_who_decides_on_more_time(house):
    opened = await house.opened()
    longer = await more(house, opened.grant.id)
    cut = house.services.supervision.cut(house.staff(house.eve), opened.record.id, WHY, withdraw=True)
    await beside(house, cut, ("requests", longer.id), ("grants", opened.grant.id))
    assert await gone(house, opened.grant.id, longer)


async def test_ending_a_window_waits_for_who_decides_on_more_time(house, at):
    window = await agreed(house, at)
    grant_id = (await house.asked(kind=LOOK)).grant_id
    longer = await more(house, grant_id)
    end = house.services.maintenance.end(house.staff(house.eve), window.id, WHY)
    await beside(house, end, ("requests", longer.id), ("grants", grant_id))
    assert await gone(house, grant_id, longer)


async def test_taking_several_back_waits_for_who_ends_them_all(house):
    await more_devices(house)
    made = sorted(await a_batch(house), key=lambda one: (one.created_at, one.id))
    back = house.services.batches.withdraw(house.technician(), made[0].batch_id)
    saved = await beside(house, back, ("requests", made[-1].id), ("requests", made[0].id))
    assert len(saved) == len(made)


@pytest.mark.parametrize("agrees", [True, False])
async def test_R24_what_lapses_while_a_decision_waits_for_its_turn_is_decided_by_nobody(house, agrees, later):
    """Else the trail would say of it that it lapsed, and then that it was decided."""
    asked, eve, use = await house.asked(), house.staff(house.eve), house.services.approvals
    act = use.approve(eve, asked.id, asked.version, 60) if agrees else use.deny(eve, asked.id, asked.version, WHY)
    async with house.database.write() as uow:
        await uow.locks.hold()
        acting = asyncio.create_task(act)
        await waiting(house, uow, acting)
        later(hours=3)
    with pytest.raises(IllegalTransition):
        await acting
