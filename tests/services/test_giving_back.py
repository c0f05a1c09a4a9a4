"""What was agreed to is not wanted, or no longer: those it was for end it, and nobody waits at the device."""

from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.grant import GrantStatus
from bastion.domain.telling import Topic
from bastion.errors import IllegalTransition, Invalid, NoGrant, NotFound
from bastion.services.people import TechnicianForm
from tests.services.house import CONNECTION, OPERATOR, moved
from tests.services.postroom import ADDRESS, ENTRANCE, heard, turn

WHY = "canary: the part has not come"


async def grant_of(house, request):
    async with house.database.read() as uow:
        return await uow.grants.get(request.grant_id)


async def test_the_technician_gives_back_what_was_planned_for_him(house):
    request = await house.approved(start=clock.now() + timedelta(days=1))
    given = await house.services.taking_back.give_back(house.technician(), request.grant_id, f"  {WHY} ")
    assert (given.status(clock.now()), given.revoked_by, given.revoke_reason) == (
        GrantStatus.GIVEN_BACK, "Alice Martin", WHY,
    )  # fmt: skip
    assert await grant_of(house, request) == given
    event = await house.event("grant:given_back")
    assert (event.actor_name, event.fields) == ("Alice Martin", {"why": WHY, "behalf": ""})
    assert await house.services.asked.grants(house.technician(), house.alice.id) == []


async def test_a_reason_may_be_left_out_and_none_runs_on_for_ever(house):
    request = await house.approved()
    with pytest.raises(Invalid):
        await house.services.taking_back.give_back(house.technician(), request.grant_id, "x" * 2001)
    given = await house.services.taking_back.give_back(house.technician(), request.grant_id)
    assert (given.given_back, given.revoke_reason) == (True, "")


async def test_what_is_given_back_opens_nothing_and_is_not_called_withdrawn(house):
    request = await house.approved()
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    await house.services.taking_back.give_back(house.technician(), request.grant_id)
    with pytest.raises(NoGrant) as refused:
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    assert type(refused.value) is NoGrant
    assert (await house.asked()).id != request.id, "he may ask anew"


async def test_it_is_given_back_once_and_not_once_it_is_over(house, later):
    back = house.services.taking_back
    request = await house.approved()
    await back.give_back(house.technician(), request.grant_id)
    with pytest.raises(IllegalTransition):
        await back.give_back(house.technician(), request.grant_id)
    with pytest.raises(IllegalTransition):
        await house.services.approvals.revoke(house.staff(house.eve), request.grant_id, "too late")
    other = await house.approved(30)
    later(minutes=31)
    with pytest.raises(IllegalTransition):
        await back.give_back(house.technician(), other.grant_id)


async def test_T33_nobody_else_gives_it_back(house):
    request = await house.approved()
    form = TechnicianForm("carl", "Carl", "carl@acme", "acme", "en")
    carl = await house.services.people.save_technician(OPERATOR, form)
    strangers = (house.technician(carl), house.technician(house.bob), moved(house.staff(house.eve), {"fac-2"}))
    for actor in strangers:
        with pytest.raises(NotFound):
            await house.services.taking_back.give_back(actor, request.grant_id)
    with pytest.raises(NotFound):
        await house.services.taking_back.give_back(house.technician(), "nothing")
    assert (await grant_of(house, request)).status(clock.now()) is GrantStatus.OPEN


async def test_somebody_of_the_hospital_notes_it_on_the_supplier_s_behalf(house):
    request = await house.approved()
    given = await house.services.taking_back.give_back(house.staff(house.max), request.grant_id, WHY)
    assert given.revoked_by == "Max"
    event = await house.event("grant:given_back")
    assert event.fields["behalf"] == "yes"
    assert event.fields["policy"], "the rule that lets him is in the trail"


async def test_whoever_asked_in_his_name_gives_it_back_as_his_own(house):
    """And so does he himself."""
    eve = house.staff(house.eve)
    for who in (eve, house.technician()):
        asked = await house.services.access.request(eve, house.draft(technician_login="alice"))
        agreed = await house.services.approvals.approve(house.staff(house.max), asked.id, asked.version, 30)
        await house.services.taking_back.give_back(who, agreed.grant_id)
        event = await house.event("grant:given_back")
        assert (event.actor_id, event.fields["behalf"]) == (who.id, "")


async def test_who_agreed_is_told_that_nobody_comes_and_reads_no_word_that_was_typed(house, tell, box):
    begins = clock.now() + timedelta(days=1)
    request = await house.approved(start=begins)
    await turn(tell)
    box.raw.clear()
    await house.services.taking_back.give_back(house.technician(), request.grant_id, WHY)
    await turn(tell)
    assert heard(box) == {"eve@chu": [f"The authorisation {request.ref} was given back: ct-01"]}
    text = box.letters[0].get_content()
    assert f"{ADDRESS}/requests/{request.id}" in text
    assert "nobody works under it" in text
    assert "canary" not in text


async def test_what_staff_gives_back_is_told_to_the_technician(house, tell, box):
    request = await house.approved()
    await turn(tell)
    box.raw.clear()
    await house.services.taking_back.give_back(house.staff(house.eve), request.grant_id, WHY)
    await turn(tell)
    assert list(heard(box)) == ["a@acme"]
    assert f"{ENTRANCE}/supplier/requests/{request.id}" in box.letters[0].get_content()
    async with house.database.read() as uow:
        told = [one for one in await uow.deliveries.search(limit=50) if one.topic is Topic.GRANT_GIVEN_BACK]
    assert [one.facts["ref"] for one in told] == [request.ref]
