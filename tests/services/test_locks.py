from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.grant import GrantStatus
from bastion.domain.lock import LockScope
from bastion.domain.own_words import ITS_GRANT_OVER
from bastion.domain.session_events import EndReason
from bastion.errors import Conflict, Forbidden, FreshFactorNeeded, IllegalTransition, Invalid, ReasonNeeded
from bastion.services.locks import Stopped
from bastion.services.sessions import Ending
from bastion.store import access
from tests.services.house import CONNECTION, OPERATOR, moved
from tests.services.test_lists import statements


async def test_a_lock_revokes_the_grants_it_hits_and_no_others(house):
    request = await house.approved()
    await house.services.locks.impose(house.staff(house.ruth), LockScope.SUPPLIER, "other", "they were attacked")
    async with house.database.read() as uow:
        assert (await uow.grants.get(request.grant_id)).status(clock.now()) is GrantStatus.OPEN
    await house.services.locks.impose(house.staff(house.ruth), LockScope.SUPPLIER, "acme", "they were attacked")
    async with house.database.read() as uow:
        assert (await uow.grants.get(request.grant_id)).status(clock.now()) is GrantStatus.REVOKED


async def test_it_is_told_what_a_cut_stopped(house):
    """Not the session that had ended before, under the same authorisation."""
    ended, opening = await house.opened(), house.services.sessions
    await opening.closed(ended.record, Ending(EndReason.TECHNICIAN_LEFT))
    await opening.open(house.technician(), ended.grant.id, CONNECTION)
    for days in (1, 2):
        await house.approved(start=clock.now() + timedelta(days=days))
    lock = await house.services.locks.impose(OPERATOR, LockScope.ALL, "", "drill")
    assert await house.services.locks.stopped(lock) == Stopped(sessions=1, grants=3, planned=2)
    again = await house.services.locks.impose(OPERATOR, LockScope.SUPPLIER, "acme", "drill")
    assert await house.services.locks.stopped(again) == Stopped(sessions=0, grants=0, planned=0)


async def test_R64_a_cut_takes_no_more_trips_the_more_it_hits(house, monkeypatch):
    """Until it is committed the sessions go on: that must not wait for each of thousands of authorisations."""
    monkeypatch.setattr(access, "AT_ONCE", 10)

    async def cutting(count):
        made = [await house.approved(start=clock.now() + timedelta(hours=2 * hour + 1)) for hour in range(count)]
        with statements() as asked:
            await house.services.locks.impose(OPERATOR, LockScope.DEVICE, "ct-01", f"drill {count}")
        async with house.database.read() as uow:
            stand = [await uow.grants.get(request.grant_id) for request in made]
        assert {grant.status(clock.now()) for grant in stand} == {GrantStatus.REVOKED}
        assert len({grant.version for grant in stand}) == 1
        return len([text for text in asked if not text.startswith("INSERT") and "pg_notify" not in text])

    one = await cutting(1)
    lock = (await house.services.locks.view())[0]
    await house.services.locks.lift(OPERATOR, lock.id, "over")
    assert await cutting(5) == one


async def test_what_ended_before_is_not_revoked_once_more(house):
    request = await house.approved()
    async with house.database.write() as uow:
        grant = await uow.grants.get(request.grant_id)
        await uow.grants.save_revoked([grant.revoke("Ruth", "why", clock.now())])
        with pytest.raises(Conflict):
            await uow.grants.save_revoked([grant.revoke("Ruth", "again", clock.now())])


async def test_more_time_asked_for_under_what_a_cut_hits_waits_no_longer(house):
    request = await house.approved()
    more = await house.services.access.extend(house.technician(), request.grant_id, 30, "the pump is still leaking")
    await house.services.locks.impose(OPERATOR, LockScope.ALL, "", "drill")
    async with house.database.read() as uow:
        gone = await uow.requests.get(more.id)
    assert (gone.stored_state, gone.decision_note) == (RequestState.WITHDRAWN, ITS_GRANT_OVER)


async def test_a_lock_needs_a_reason_a_role_and_a_fresh_code(house):
    impose = house.services.locks.impose
    with pytest.raises(ReasonNeeded):
        await impose(house.staff(house.ruth), LockScope.ALL, "", " ")
    with pytest.raises(Forbidden):
        await impose(house.staff(house.eve), LockScope.ALL, "", "crisis")
    with pytest.raises(FreshFactorNeeded):
        await impose(house.staff(house.ruth, fresh=False), LockScope.ALL, "", "crisis")
    with pytest.raises(Invalid):
        await impose(house.staff(house.ruth), LockScope.DEVICE, "nowhere", "crisis")
    assert await house.services.locks.view() == []


async def test_the_machines_operator_may_cut_everything(house):
    lock = await house.services.locks.impose(OPERATOR, LockScope.ALL, "", "ransomware next door")
    assert [x.id for x in await house.services.locks.active(house.staff(house.eve))] == [lock.id]
    assert (await house.event("lock:imposed")).fields["why"] == "ransomware next door"


@pytest.mark.parametrize("ago", [timedelta(), timedelta(hours=1)])
async def test_a_cut_that_would_be_over_as_it_begins_is_not_called_one(house, ago):
    request = await house.approved()
    with pytest.raises(Invalid) as refused:
        await house.services.locks.impose(OPERATOR, LockScope.ALL, "", "drill", clock.now() - ago)
    assert refused.value.field == "until"
    async with house.database.read() as uow:
        assert (await uow.grants.get(request.grant_id)).status(clock.now()) is GrantStatus.OPEN
    assert await house.services.locks.view() == []


async def test_a_cut_that_is_over_does_not_stand_for_one_that_is_sent_again(house, later):
    impose, short = house.services.locks.impose, timedelta(seconds=10)
    await impose(OPERATOR, LockScope.ALL, "", "drill", clock.now() + short)
    later(seconds=20)
    assert (await impose(OPERATOR, LockScope.ALL, "", "drill", clock.now() + short)).active(clock.now())


async def test_lifting_names_the_person_and_happens_once(house):
    lock = await house.services.locks.impose(OPERATOR, LockScope.ALL, "", "drill")
    lifted = await house.services.locks.lift(house.staff(house.ruth), lock.id, "drill is over")
    assert lifted.lifted_by == "Ruth"
    assert await house.services.locks.view() == []
    with pytest.raises(IllegalTransition):
        await house.services.locks.lift(house.staff(house.ruth), lock.id, "again")


async def test_T33_what_is_cut_is_named_to_the_hospital_of_a_device_and_a_person_with_the_company(house):
    ruth = house.staff(house.ruth)
    for scope, subject in (
        (LockScope.SUPPLIER, "other"), (LockScope.TECHNICIAN, "alice"), (LockScope.DEVICE, "ct-01"),
        (LockScope.ALL, ""),
    ):  # fmt: skip
        await house.services.locks.impose(ruth, scope, subject, "a drill")
    eve = house.staff(house.eve)
    for reader, device in ((eve, "ct-01"), (moved(eve, {"elsewhere"}), "")):
        cuts = {cut.lock.scope: cut for cut in await house.services.locks.named(reader)}
        assert {scope: cut.supplier and cut.supplier.code for scope, cut in cuts.items()} == {
            LockScope.SUPPLIER: "other", LockScope.TECHNICIAN: "acme", LockScope.DEVICE: None, LockScope.ALL: None,
        }  # fmt: skip
        assert [cut.technician.login for cut in cuts.values() if cut.technician] == ["alice"]
        assert [cut.device.code for cut in cuts.values() if cut.device] == ([device] if device else [])
