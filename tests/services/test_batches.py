"""Several devices in one request: all or none, a common reference, each decided on its own, taken back together."""

import asyncio
from dataclasses import replace

import pytest

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.announced_file import AnnouncedFile
from bastion.domain.conditions import Condition, Terms
from bastion.domain.lock import LockScope
from bastion.domain.parties import Assignment, Role
from bastion.errors import Conflict, FreshFactorNeeded, Invalid, Locked, NotFound, PolicyRefused, ReasonNeeded
from bastion.services.inventory import DeviceForm
from tests.services.batches import a_batch, more_devices
from tests.services.house import OPERATOR
from tests.services.templates import BACKUP, a_template


@pytest.fixture
async def use(house):
    await more_devices(house)
    return house.services.batches


async def kept(house):
    return await house.services.asked.search(house.technician())


def read(made):
    return {one.id: one.version for one in made}


async def test_one_request_for_each_device_under_a_common_reference(house, use):
    file = AnnouncedFile("a.bin", 3, "5f" * 32)
    made = await a_batch(house, announced=(file,))
    assert len({one.id for one in made}) == len({one.device_id for one in made}) == 3
    assert len({one.batch_id for one in made}) == 1
    assert all(one.batch_ref == one.batch_id[-8:].upper() and one.announced == (file,) for one in made)
    assert await house.tags("request") == ["request:created"] * 3
    assert (await house.event("request:created")).fields["batch"] == made[0].batch_id
    found = await house.services.asked.search(house.staff(house.max), text=made[0].batch_ref.lower())
    assert {view.request.id for view in found} == {one.id for one in made}


async def test_one_device_makes_no_batch(house, use):
    (made,) = await a_batch(house, "ct-01", "CT-01")
    assert (made.batch_id, made.batch_ref) == ("", "")
    with pytest.raises(NotFound):
        await use.of(house.technician(), "")


@pytest.mark.parametrize("code", ["lab-9", "nothing", "x\x00"])
async def test_T33_a_device_that_is_not_there_for_him_makes_nothing(house, use, code):
    form = DeviceForm("lab-9", "Robot", "chu", ("other",), 2)
    await house.services.inventory.save_device(OPERATOR, form)
    with pytest.raises(NotFound):
        await a_batch(house, "ct-01", "ct-02", code)
    assert await kept(house) == []


async def test_a_second_post_makes_nothing_and_says_which_waits(house, use):
    await house.asked(device_code="ct-02")
    with pytest.raises(Conflict) as refused:
        await a_batch(house)
    assert refused.value.params["device"] == "ct-02"
    assert len(await kept(house)) == 1


async def test_of_two_posts_at_once_one_makes_all(house, use):
    said = await asyncio.gather(a_batch(house), a_batch(house), return_exceptions=True)
    assert sorted(isinstance(one, Conflict) for one in said) == [False, True]
    assert len(await kept(house)) == 3


async def test_what_the_policy_refuses_for_one_is_refused_for_all_and_stands_in_the_trail(house, use):
    with pytest.raises(PolicyRefused):
        await house.services.access.request_several(
            house.technician(source="203.0.113.9"), house.draft(), ("ct-01", "ct-02")
        )
    assert await kept(house) == []
    assert await house.tags("request") == ["request:refused"] * 2


async def test_a_lock_on_one_device_stops_all_of_it(house, use):
    await house.services.locks.impose(house.staff(house.ruth), LockScope.DEVICE, "ct-01", "drill again")
    with pytest.raises(Locked):
        await a_batch(house, "ct-02", "ct-01")
    assert await kept(house) == []


async def test_not_more_than_ten_and_no_account_for_several(house, use):
    with pytest.raises(Invalid):
        await a_batch(house, *(f"d-{n}" for n in range(11)))
    with pytest.raises(Invalid) as refused:
        await a_batch(house, "ct-01", "ct-02", account="service")
    assert refused.value.field == "account"


async def test_R23_each_is_decided_on_in_one_act_by_whoever_may(house, use):
    made = await a_batch(house)
    seen = await use.of(house.staff(house.eve), made[0].batch_id)
    assert len(seen) == 2
    with pytest.raises(FreshFactorNeeded):
        await use.approve(house.staff(house.eve, fresh=False), made[0].batch_id, read(seen), 30, "")
    with pytest.raises(NotFound):
        await use.approve(house.staff(house.eve), made[0].batch_id, read(made), 30, "")
    terms = Terms(frozenset({Condition.NO_UPLOAD}))
    done = await use.approve(house.staff(house.eve), made[0].batch_id, read(seen), 999, "both", terms)
    assert [one.why_not for one in done] == ["", ""]
    states = [one.request.stored_state for one in done]
    assert states == [RequestState.APPROVED] * 2
    assert all(one.request.agreed == made[0].wanted and one.request.conditions == terms.conditions for one in done)
    assert await house.tags("request:approved") == ["request:approved"] * 2
    again = await use.approve(house.staff(house.eve), made[0].batch_id, read(seen), 30, "")
    assert all(one.why_not for one in again)


async def test_one_that_cannot_be_decided_on_does_not_stop_the_others(house, use):
    made = await a_batch(house)
    stale = read(made) | {made[1].id: 7}
    done = await use.deny(house.staff(house.max), made[0].batch_id, stale, "a patient is on the table")
    assert [bool(one.why_not) for one in done] == [one.id == made[1].id for one in made]
    left = await use.of(house.technician(), made[0].batch_id)
    assert [one.stored_state for one in left].count(RequestState.DENIED) == 2
    with pytest.raises(ReasonNeeded):
        await use.deny(house.staff(house.max), made[0].batch_id, read(made), "")


async def test_R23_who_asked_decides_on_none_of_them(house, use):
    draft = house.draft(technician_login="alice")
    made = await house.services.access.request_several(house.staff(house.eve), draft, ("ct-01", "ct-02"))
    done = await use.approve(house.staff(house.eve), made[0].batch_id, read(made), 30, "")
    assert all(one.why_not for one in done)
    assert {one.stored_state for one in await use.of(house.technician(), made[0].batch_id)} == {RequestState.PENDING}


async def test_all_that_wait_are_taken_back_by_whoever_made_them(house, use):
    made = await a_batch(house)
    await house.services.approvals.approve(house.staff(house.eve), made[0].id, 1, 30, "")
    for other in (house.technician(house.bob), house.staff(house.eve)):
        with pytest.raises(NotFound):
            await use.withdraw(other, made[0].batch_id)
    gone = await use.withdraw(house.technician(), made[0].batch_id)
    assert {one.id for one in gone} == {one.id for one in made[1:]}
    with pytest.raises(Conflict):
        await use.withdraw(house.technician(), made[0].batch_id)
    with pytest.raises(NotFound):
        await use.withdraw(house.technician(), "")


async def test_T33_the_screen_shows_the_others_as_far_as_one_may_see(house, use):
    made = await a_batch(house)
    first = await house.services.asked.get(house.staff(house.eve), made[0].id)
    assert [view.device.code for view in first.others] == ["ct-02"]
    assert first.others[0].can_decide
    whole = await house.services.asked.get(house.staff(house.max), made[0].id)
    assert {view.device.code for view in whole.others} == {"ct-02", "ct-03"}
    with pytest.raises(NotFound):
        await use.of(house.technician(house.bob), made[0].batch_id)


async def test_a_usual_request_is_named_by_those_of_its_model_only(house, use):
    template = await a_template(house)
    made = await a_batch(house, template=template.id, plan=BACKUP)
    assert {one.template_id for one in made} == {template.id, ""}
    assert next(one for one in made if one.template_id).device_id == house.device.id


async def test_more_time_and_its_grant_stand_alone(house, use):
    made = await a_batch(house, "ct-01", "ct-02")
    agreed = await house.services.approvals.approve(house.staff(house.eve), made[0].id, 1, 30, "")
    more = await house.services.access.extend(house.technician(), agreed.grant_id, 15, "one screw left")
    assert (more.batch_id, more.template_id) == ("", "")
    assert clock.now() < more.expires_at


async def test_what_is_allowed_for_one_device_is_not_kept_when_it_is_refused_for_another(house, use):
    draft, places = house.draft(technician_login="alice"), ("ct-01", "ct-02")
    ward = Assignment(Role.APPROVER, house.device.facility_id, ("Bloc",))
    eve = house.staff(replace(house.eve, assignments=(ward,)))
    moved_in = next(v.device for v in await house.services.inventory.devices(OPERATOR) if v.device.code == "ct-01")
    form = DeviceForm("ct-01", moved_in.name, "chu", ("acme",), 2, "Bloc", id=moved_in.id)
    await house.services.inventory.save_device(OPERATOR, form)
    with pytest.raises(PolicyRefused) as refused:
        await house.services.access.request_several(eve, draft, places)
    assert refused.value.params["why"].startswith("ct-02: ")
    assert await kept(house) == []
    assert await house.tags("request") == ["request:refused"]


@pytest.mark.parametrize("code", ["ct-03", "nothing", "x\x00"])
async def test_T33_of_several_one_that_is_of_another_hospital_is_as_one_there_is_not(house, use, code):
    with pytest.raises(NotFound):
        await house.services.access.request_several(
            house.staff(house.eve), house.draft(technician_login="alice"), ("ct-01", code)
        )
    assert await kept(house) == []
    assert (await house.event("request:refused")).fields["device"] == code.strip("\x00")


async def test_T33_who_decides_in_one_hospital_or_ward_is_told_nothing_of_the_others(house, use):
    """Of a batch over two hospitals: what is not seen is neither listed, nor named, nor decided on."""
    made = {one.device_id: one for one in await a_batch(house, "ct-01", "ct-02", "ct-03")}
    known = [one for one in made.values() if one.facility_id == house.device.facility_id]
    (far,) = [one for one in made.values() if one not in known]
    ward = Assignment(Role.APPROVER, house.device.facility_id, ("Bloc",))
    for person in (house.eve, replace(house.eve, assignments=(ward,))):
        actor = house.staff(person)
        assert {one.id for one in await use.of(actor, far.batch_id)} == {one.id for one in known}
        for ident in (far.id, "0" * 32):
            with pytest.raises(NotFound) as refused:
                await use.deny(actor, far.batch_id, {known[0].id: 1, ident: 1}, "not today")
            assert (refused.value.public, refused.value.params) == (NotFound.sentence, {})
    said = await use.deny(actor, far.batch_id, {one.id: 1 for one in known}, "not today")
    assert all(one.why_not for one in said), "he sees them, and reads of each that he does not decide on it"
    assert {one.device.code for one in said} == {"ct-01", "ct-02"}
    assert {one.request.stored_state for one in await kept(house)} == {RequestState.PENDING}
