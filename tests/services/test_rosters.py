"""R-18: a supplier confirms its people each quarter; whoever leaves is out at once, with everything he had."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.credentials import FactorProof
from bastion.domain.grant import GrantStatus
from bastion.domain.portal import PortalSession
from bastion.errors import (
    AuthenticationFailed,
    Forbidden,
    FreshFactorNeeded,
    Invalid,
    NotFound,
    ReasonNeeded,
    Suspended,
)
from tests.services.house import CONNECTION, OPERATOR, SOURCE
from tests.services.test_subcontractors import later

__all__ = ["later"]


@pytest.fixture
def use(house):
    return house.services.rosters


@pytest.fixture
def acme(house) -> str:
    return house.alice.supplier_id


async def states(use, acme):
    return [(one.technician.login, one.state.value) for one in (await use.of(OPERATOR, acme)).people]


async def test_unconfirmed_people_are_pointed_out_then_suspended_until_they_are_confirmed(house, use, acme, later):
    request = await house.approved()
    assert await states(use, acme) == [("alice", "confirmed")]
    later(93)
    assert await states(use, acme) == [("alice", "overdue")]
    await house.services.taking_back.withdraw(house.technician(), (await house.asked()).id)
    later(107)
    assert await states(use, acme) == [("alice", "suspended")]
    with pytest.raises(Suspended) as refused:
        await house.asked()
    assert "the supplier has not confirmed that this person still works for it" in refused.value.public
    with pytest.raises(Suspended):
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    made = await use.confirm(house.staff(house.ruth), acme, [house.alice.id], "letter of the 3rd")
    assert (made.people, made.left_out) == ((house.alice.id,), 0)
    assert await states(use, acme) == [("alice", "confirmed")]
    assert (await house.asked()).quorum == 1
    event = await house.event("roster:confirmed")
    assert (event.fields["count"], event.fields["left_out"], event.fields["reference"]) == (
        "1", "0", "letter of the 3rd",
    )  # fmt: skip


async def test_running_sessions_go_on(house, use, later):
    opened = await house.opened()
    later(110)
    assert (await house.services.sessions.wishes("n1"))[opened.record.id].welcome


async def test_who_is_left_out_keeps_his_date_and_is_suspended_when_it_comes(house, use, acme, later):
    later(90)
    made = await use.confirm(OPERATOR, acme, [], "nobody any more")
    assert (made.people, made.left_out) == ((), 1)
    later(107)
    assert await states(use, acme) == [("alice", "suspended")]
    assert [one.reference for one in (await use.of(OPERATOR, acme)).said] == ["nobody any more"]


async def test_a_list_holds_the_supplier_s_own_people_only(house, use, acme):
    for people in ([house.bob.id], [house.alice.id, "0" * 32]):
        with pytest.raises(NotFound):
            await use.confirm(OPERATOR, acme, people, "L")
    assert (await use.of(OPERATOR, acme)).said == ()


async def test_who_may_record_a_list(house, use, acme):
    with pytest.raises(Forbidden):
        await use.confirm(house.staff(house.eve), acme, [], "L")
    with pytest.raises(Forbidden):
        await use.confirm(house.technician(), acme, [], "L")
    with pytest.raises(FreshFactorNeeded):
        await use.confirm(house.staff(house.ruth, fresh=False), acme, [], "L")
    with pytest.raises(Invalid):
        await use.confirm(house.staff(house.ruth), acme, [], " ")
    with pytest.raises(Forbidden):
        await use.of(house.technician(), acme)


async def test_whoever_leaves_is_out_with_everything_he_had(house, use):
    opened = await house.opened()
    other = replace(house.draft(), device_code="ct-01", start=clock.now() + timedelta(hours=3))
    with pytest.raises(ReasonNeeded):
        await use.leave(house.staff(house.ruth), house.alice.id, " ")
    waiting = await house.services.access.request(house.technician(), other)
    gone = await use.leave(house.staff(house.ruth), house.alice.id, "resigned on the 28th")
    assert not gone.active
    wish = (await house.services.sessions.wishes("n1"))[opened.record.id]
    assert not wish.welcome
    view = await house.services.people.technician(OPERATOR, house.alice.id)
    assert (view.keys, view.totp_enrolled, view.technician.active) == ((), False, False)
    async with house.database.read() as uow:
        grant = await uow.grants.get(opened.grant.id)
        request = await uow.requests.get(waiting.id)
    assert grant.status(clock.now()) is GrantStatus.REVOKED
    assert request.state(clock.now()) is RequestState.WITHDRAWN
    with pytest.raises(AuthenticationFailed):
        await house.services.authentication.key_proved("alice", house.alice_key, "127.0.0.1", "ct-01")
    event = await house.event("technician:left")
    assert (event.fields["login"], event.fields["grants"], event.fields["requests"], event.fields["why"]) == (
        "alice", "1", "1", "resigned on the 28th",
    )  # fmt: skip


async def test_leaving_twice_is_the_same_and_another_s_is_not_there(house, use, acme):
    with pytest.raises(NotFound):
        await use.leave(OPERATOR, house.alice.id, "resigned", house.bob.supplier_id)
    with pytest.raises(Forbidden):
        await use.leave(house.staff(house.eve), house.alice.id, "resigned")
    with pytest.raises(FreshFactorNeeded):
        await use.leave(house.staff(house.ruth, fresh=False), house.alice.id, "resigned")
    await use.leave(OPERATOR, house.alice.id, "resigned", acme)
    assert not (await use.leave(OPERATOR, house.alice.id, "resigned", acme)).active


async def test_the_trail_warns_once_each_time_a_list_is_overdue(house, use, acme, later):
    assert await use.warn(OPERATOR) == 0
    later(93)
    assert await use.warn(OPERATOR) == 2  # two suppliers, each with people
    assert await use.warn(OPERATOR) == 0
    assert (await house.event("roster:overdue")).fields["count"] == "1"
    for person in (house.alice, house.bob):
        await use.confirm(OPERATOR, person.supplier_id, [person.id], "L")
    later(93 + 93)
    assert await use.warn(OPERATOR) == 2


async def test_one_reads_of_a_person_what_stands_in_the_way(house, use, later):
    reader = house.staff(house.eve)
    seen = await use.person(reader, house.alice.id)
    assert (seen.employer, seen.why) == (None, None)
    later(107)
    assert "not confirmed" in str((await use.person(reader, house.alice.id)).why)
    with pytest.raises(NotFound):
        await use.person(reader, "0" * 32)
    with pytest.raises(Forbidden):
        await use.person(house.technician(), house.alice.id)


async def test_R18_whoever_has_left_leaves_no_sign_in_behind(house):
    """Whatever else is looked at when one comes: the door and the terminal remember nothing of him."""
    request, now = await house.approved(), clock.now()
    until = now + timedelta(hours=1)
    async with house.database.write() as uow:
        await uow.portal_sessions.add(PortalSession("b" * 64, house.alice.id, now, until, now, SOURCE))
        await uow.proofs.add(FactorProof("f", house.alice.id, "SHA256:x", SOURCE, request.grant_id, until))
    await house.services.rosters.leave(OPERATOR, house.alice.id, "resigned")
    async with house.database.read() as uow:
        (browser,) = await uow.portal_sessions.some(["b" * 64])
        assert (browser.ended_at is None, await uow.proofs.get("f")) == (False, None)
