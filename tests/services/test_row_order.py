"""Nobody stands in another's way for good. Who ends an authorisation takes its row and then what waits for it; who
decides on that takes them the other way round, and each lets the other finish first. Who tells people of it, opens the
link of a mail or follows the work does not hold both: a cut neither waits for him nor fails because of him (R-64).
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.emergency import Outcome
from bastion.domain.grant import GrantStatus
from bastion.domain.parties import system_actor
from bastion.errors import Conflict, IllegalTransition
from tests.services.batches import a_batch, more_devices
from tests.services.postroom import ADDRESS, heard, turn
from tests.services.test_contract_ends import contract
from tests.services.test_decision_links import eve, house, links, mailed
from tests.services.test_maintenance import LOOK, agreed, at
from tests.services.test_works import CALL, NOTE, carol
from tests.services.watched import watched_session

__all__ = ["at", "carol", "eve", "house", "links"]
HOLDER = sa.text("select pg_backend_pid()")
WAITING = sa.text("select count(*) from pg_stat_activity where :holder = any(pg_blocking_pids(pid))")
WHY = "a patient is on the table"


async def beside(house, act, first, second, *, hold=True):
    """Let `act` begin while somebody has the row `first`, and have him take `second` once it waits or is done."""
    async with house.database.write() as uow:
        if hold:
            await uow.locks.hold()
        await getattr(uow, first[0]).get(first[1])
        acting = asyncio.create_task(act)
        await waiting(house, uow, acting)
        await getattr(uow, second[0]).get(second[1])
    return await acting


async def waiting(house, uow, acting):
    """Until it can go no further because of `uow`, or is done; on SQLite nobody but `uow` writes."""
    await asyncio.sleep(0)
    if uow.locks._tx.dialect != "postgresql":
        return
    values = {"holder": (await uow.locks._tx.rows(HOLDER))[0][0]}
    while not acting.done():
        async with house.database.read() as look:
            if (await look.settings._tx.rows(WAITING, values))[0][0]:
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


async def test_giving_back_waits_for_who_decides_on_more_time(house):
    grant_id = (await house.approved()).grant_id
    longer = await more(house, grant_id)
    back = house.services.taking_back.give_back(house.technician(), grant_id, "the part has not come")
    await beside(house, back, ("requests", longer.id), ("grants", grant_id))
    async with house.database.read() as uow:
        grant, request = await uow.grants.get(grant_id), await uow.requests.get(longer.id)
    assert (grant.status(clock.now()), request.stored_state) == (GrantStatus.GIVEN_BACK, RequestState.WITHDRAWN)


async def test_R18_a_contract_that_is_prolonged_meanwhile_takes_nothing_back(house, later):
    grant_id = (await house.approved()).grant_id
    await contract(house, clock.now() + timedelta(minutes=30))
    later(minutes=31)
    async with house.database.write() as uow:
        await uow.locks.hold()
        settling = asyncio.create_task(house.services.contract_ends.settle(system_actor()))
        await waiting(house, uow, settling)
        supplier = await uow.suppliers.get(house.alice.supplier_id)
        await uow.suppliers.save(replace(supplier, contract_end=clock.now() + timedelta(days=100)))
    assert await settling == 0
    async with house.database.read() as uow:
        assert (await uow.grants.get(grant_id)).status(clock.now()) is GrantStatus.OPEN


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


async def test_ending_a_window_waits_for_who_accepts_the_recording(house, at):
    window = await agreed(house, at)
    grant_id = (await house.asked(kind=LOOK)).grant_id
    async with house.database.write() as uow:  # as `Sessions.acknowledge`
        grant = await uow.grants.get(grant_id)
        ending = asyncio.create_task(house.services.maintenance.end(house.staff(house.eve), window.id, WHY))
        await waiting(house, uow, ending)
        await uow.grants.save(replace(grant, acknowledged_at=clock.now()))
    assert (await ending).end_reason == WHY
    async with house.database.read() as uow:
        ended = await uow.grants.get(grant_id)
    assert (ended.status(clock.now()), ended.acknowledged_at) == (GrantStatus.REVOKED, clock.now())


async def test_taking_several_back_waits_for_who_ends_them_all(house):
    await more_devices(house)
    made = sorted(await a_batch(house), key=lambda one: (one.created_at, one.id))
    back = house.services.batches.withdraw(house.technician(), made[0].batch_id)
    saved = await beside(house, back, ("requests", made[-1].id), ("requests", made[0].id))
    assert len(saved) == len(made)


async def test_R64_who_ends_the_work_does_not_wait_for_the_post(house, tell, box):
    grant_id = (await house.approved()).grant_id
    await turn(tell)
    longer = await more(house, grant_id)
    await beside(house, tell.gather(), ("grants", grant_id), ("requests", longer.id))
    async with house.database.read() as uow:
        assert "request_waiting" in [one.topic for one in await uow.deliveries.on([f"request_waiting:{longer.id}"])]


async def told_beside(house, tell, requests):
    """Let what is due leave while somebody has these rows; on PostgreSQL that is no reason to wait."""
    async with house.database.write() as uow:
        for one in requests:
            await uow.requests.get(one.id)
        telling = asyncio.create_task(tell.deliver(ADDRESS))
        await waiting(house, uow, telling)
        assert telling.done() is (uow.locks._tx.dialect == "postgresql")
    return await telling


async def test_R25_the_mails_about_what_was_asked_together_wait_for_nobody(house, tell, box, later):
    """Each names all of the requests, in an order of its own: whoever held them would wait for the next."""
    await more_devices(house)
    made = await a_batch(house)
    await turn(tell)
    box.raw.clear()
    later(minutes=16)
    await tell.escalate()
    assert await told_beside(house, tell, made)
    assert set(heard(box)) == {"ruth@chu"}


async def test_T20_a_mail_that_carries_a_link_waits_for_nobody(house, tell, box):
    asked = await house.asked()
    await tell.gather()
    assert await told_beside(house, tell, [asked])
    assert mailed(box, "eve@chu")


async def test_R64_who_ends_the_work_does_not_wait_for_who_decides_by_a_link(house, links, eve, tell, box):
    grant_id = (await house.approved()).grant_id
    await turn(tell)
    longer = await more(house, grant_id)
    await turn(tell)
    deny = links.deny(mailed(box, "eve@chu"), eve(), longer.version, "not today")
    said = await beside(house, deny, ("grants", grant_id), ("requests", longer.id), hold=False)
    assert said.stored_state is RequestState.DENIED


async def test_R64_who_ends_the_work_does_not_wait_for_who_begins_to_follow_it(house):
    opened = await watched_session(house)
    take = house.services.watching.take(house.staff(house.eve), opened.record.id, "browser-1")
    taken = await beside(house, take, ("grants", opened.grant.id), ("requests", opened.record.request_id))
    assert taken.staff_id == house.eve.id


async def test_R26_a_review_waits_for_who_adds_to_the_emergency(house):
    """Else what is added a moment before is reviewed by nobody."""
    request = await house.approved(30, emergency=CALL)
    use, ruth = house.services.emergencies, house.staff(house.ruth)
    (due,) = await use.to_review(ruth)
    async with house.database.write() as uow:
        await uow.locks.hold()
        review = asyncio.create_task(use.review(ruth, request.id, due.emergency.version, Outcome.JUSTIFIED, NOTE))
        await waiting(house, uow, review)
        assert not review.done()
    assert (await review).reviewed_at is not None


async def lapsing(house, act, passes):
    """Let `act` begin while somebody holds, and time pass before it is its turn."""
    async with house.database.write() as uow:
        await uow.locks.hold()
        acting = asyncio.create_task(act)
        await waiting(house, uow, acting)
        passes()
    return await acting


DECIDES = {
    "agree": lambda one, who, asked: one.approvals.approve(who.eve, asked.id, asked.version, 60),
    "refuse": lambda one, who, asked: one.approvals.deny(who.eve, asked.id, asked.version, WHY),
    "take back": lambda one, who, asked: one.taking_back.withdraw(who.alice, asked.id),
    "take all back": lambda one, who, asked: one.batches.withdraw(who.alice, asked.batch_id),
}
ENDS = {
    "revoke": lambda one, who, grant_id: one.approvals.revoke(who.eve, grant_id, WHY),
    "give back": lambda one, who, grant_id: one.taking_back.give_back(who.alice, grant_id),
    "more time": lambda one, who, grant_id: one.access.extend(who.alice, grant_id, 30, "not finished"),
    "hand over": lambda one, who, grant_id: one.handovers.ask(who.alice, grant_id, "carol", "my shift is over"),
}


@pytest.fixture
def who(house):
    return SimpleNamespace(eve=house.staff(house.eve), alice=house.technician())


@pytest.mark.parametrize("act", DECIDES)
async def test_R24_what_lapses_while_a_decision_waits_for_its_turn_is_decided_by_nobody(house, who, act, later):
    """Else the trail would say of it that it lapsed, and then that it was decided."""
    await more_devices(house)
    asked = (await a_batch(house))[0]
    with pytest.raises((IllegalTransition, Conflict)):
        await lapsing(house, DECIDES[act](house.services, who, asked), lambda: later(hours=3))
    async with house.database.read() as uow:
        assert (await uow.requests.get(asked.id)).state(clock.now()) is RequestState.EXPIRED


@pytest.mark.parametrize("act", ENDS)
async def test_R24_an_authorisation_that_ends_meanwhile_has_ended_by_itself(house, who, carol, act, later):
    grant_id = (await house.approved()).grant_id
    with pytest.raises((IllegalTransition, Conflict)):
        await lapsing(house, ENDS[act](house.services, who, grant_id), lambda: later(hours=3))
    async with house.database.read() as uow:
        assert (await uow.grants.get(grant_id)).status(clock.now()) is GrantStatus.OVER


async def test_R24_a_cut_takes_nothing_back_that_ended_meanwhile(house, who, later):
    opened = await house.opened()
    cut = house.services.supervision.cut(who.eve, opened.record.id, WHY, withdraw=True)
    assert (await lapsing(house, cut, lambda: later(hours=3))).cut_at > opened.grant.end
    async with house.database.read() as uow:
        assert (await uow.grants.get(opened.grant.id)).revoked_at is None


async def test_R24_a_window_that_ends_meanwhile_has_ended_by_itself(house, who, at):
    window = await agreed(house, at)
    end = house.services.maintenance.end(who.eve, window.id, WHY)
    with pytest.raises(IllegalTransition):
        await lapsing(house, end, lambda: at(window.ends + timedelta(days=1)))
