"""R-38: nobody is named for patient data who does not stand on the list of the device's hospital."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bastion import clock
from bastion.domain.conditions import PLAIN as PLAIN_TERMS
from bastion.domain.conditions import Terms
from bastion.domain.parties import Role
from bastion.domain.work_plan import PLAIN
from bastion.errors import Conflict, Forbidden, IllegalTransition, Invalid, NotFound
from bastion.i18n import sentence
from bastion.services.answering import NO_LONGER, NOBODY
from bastion.services.directory import FacilityForm
from bastion.services.inventory import DeviceForm
from bastion.services.people import StaffForm, TechnicianForm
from bastion.store import tables as t
from tests.services.house import CONNECTION, OPERATOR, moved
from tests.services.professionals import LABEL, ROUX, a_professional, needing
from tests.services.watched import make_critical
from tests.store.tampering import attempt


async def refused(house, said: str, **changes: object) -> Invalid:
    with pytest.raises(Invalid) as problem:
        await house.asked(plan=needing(said), **changes)
    assert problem.value.field == "professional"
    async with house.database.read() as uow:
        assert not await uow.requests.search()
    return problem.value


@pytest.fixture
async def denis(house):
    form = StaffForm("denis", "Denis", "d@chu", frozenset({Role.ADMIN}), (), "en")
    return house.staff(await house.services.people.save_staff(OPERATOR, form))


@pytest.fixture
async def elsewhere(house):
    await house.services.directory.save_facility(OPERATOR, FacilityForm("far", "CH Far", "750000002"))
    return await a_professional(house, facility_code="far", name="Dr Far", rpps="")


async def test_an_empty_list_refuses_and_says_who_can_add_somebody(house):
    problem = await refused(house, "Dr Hélène Roux")
    assert problem.public == NOBODY.format(place="CHU Demo")
    assert "administrator or the security officer" in problem.public


@pytest.mark.parametrize("by", ["id", "name", "label"])
async def test_one_is_chosen_by_id_or_by_name_and_the_three_facts_are_in_the_trail(house, by):
    one = await a_professional(house)
    request = await house.asked(plan=needing({"id": one.id, "name": "dr hélène  roux", "label": LABEL}[by]))
    assert request.plan.professional == LABEL
    said = (await house.event("request:created")).fields
    assert (said["professional"], said["patient_why"], said["technician"]) == (LABEL, "open a real plan", "alice")


async def test_three_characters_are_nobody(house):
    await a_professional(house)
    problem = await refused(house, "abc")
    assert problem.public == "Choose who answers for the patient data from the list of CHU Demo, for device ct-01."


async def test_nobody_of_another_hospital_can_be_chosen(house, elsewhere):
    await refused(house, elsewhere.id)
    await a_professional(house)
    for said in (elsewhere.id, "Dr Far"):
        await refused(house, said)


async def test_a_name_that_two_bear_means_neither(house):
    other = await a_professional(house, title="head of radiotherapy", rpps="")
    await a_professional(house)
    await refused(house, "Dr Hélène Roux")
    assert (await house.asked(plan=needing(other.id))).plan.professional == "Dr Hélène Roux, head of radiotherapy"


async def test_where_no_patient_data_is_needed_nobody_need_stand_on_the_list(house):
    request = await house.asked(plan=PLAIN)
    assert (await agree(house, request)).grant_id


async def test_who_is_retired_cannot_be_chosen_and_what_named_him_stays(house, denis):
    one = await a_professional(house)
    request = await house.asked(plan=needing(one.id))
    await house.services.professionals.retire(denis, one.id)
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert view.request.plan.professional == LABEL, "as it was at that time"
    await house.services.taking_back.withdraw(house.technician(), request.id)
    with pytest.raises(Invalid):
        await house.asked(plan=needing(one.id))
    with pytest.raises(IllegalTransition):
        await house.services.professionals.retire(denis, one.id)
    assert (await house.event("professional:retired")).fields["professional"] == LABEL


async def test_he_must_answer_at_the_time_that_is_asked_for(house):
    today = clock.now().date()
    await a_professional(house, since=today + timedelta(days=3), until=today + timedelta(days=5))
    await refused(house, LABEL)
    await refused(house, LABEL, start=clock.now() + timedelta(days=9))
    made = await house.asked(plan=needing(LABEL), start=clock.now() + timedelta(days=4))
    assert made.plan.professional == LABEL


async def test_he_must_answer_from_the_first_minute_to_the_last(house, denis, later):
    """Half an hour before midnight: an hour is in no one's days who begins or ends then."""
    paris = clock.now().astimezone(ZoneInfo("Europe/Paris"))
    night = (paris + timedelta(days=1)).replace(hour=23, minute=30, second=0, microsecond=0)
    last = await a_professional(house, until=night.date())
    later(seconds=(night.astimezone(UTC) - paris).total_seconds())
    await refused(house, LABEL, minutes=60)
    asked = await house.asked(plan=needing(LABEL), minutes=20)
    await house.services.taking_back.withdraw(house.technician(), asked.id)
    await house.services.professionals.retire(denis, last.id)
    await a_professional(house, since=night.date() + timedelta(days=1))
    with pytest.raises(Invalid):
        await house.asked(plan=needing(LABEL), minutes=60)


async def test_he_who_is_named_still_answers_at_that_hospital_when_it_is_agreed_to(house, denis, elsewhere):
    one = await a_professional(house)
    asked = await house.asked(plan=needing(LABEL))
    await a_professional(house, name="Dr Paul Vidal", rpps="")
    await a_professional(house, facility_code="far", rpps="")
    await house.services.professionals.retire(denis, one.id)
    tomorrow = clock.now().astimezone(ZoneInfo("Europe/Paris")).date() + timedelta(days=1)
    coming = await a_professional(house, since=tomorrow, until=tomorrow + timedelta(days=2))
    with pytest.raises(Conflict):
        await agree(house, asked)
    await house.services.professionals.retire(denis, coming.id)
    await a_professional(house)
    assert (await agree(house, asked)).grant_id, "entered anew"


async def agree(house, request, minutes=60, terms=PLAIN_TERMS):
    eve = house.staff(house.eve)
    return await house.services.approvals.approve(eve, request.id, request.version, minutes, "", terms)


async def whose_entry_ends(house, later):
    """It is eleven at night in Paris, on his last day; Alice asks for fifty minutes."""
    paris = clock.now().astimezone(ZoneInfo("Europe/Paris"))
    night = (paris + timedelta(days=1)).replace(hour=23, minute=0, second=0, microsecond=0)
    await a_professional(house, until=night.date())
    later(seconds=(night.astimezone(UTC) - paris).total_seconds())
    return await house.asked(plan=needing(LABEL), minutes=50)


async def test_more_time_is_not_asked_for_beyond_his_last_day(house, later):
    request = await agree(house, await whose_entry_ends(house, later))
    extend = house.services.access.extend
    with pytest.raises(Conflict) as problem:
        await extend(house.technician(), request.grant_id, 30, "not finished")
    assert problem.value.public == NO_LONGER.format(professional=LABEL)
    assert "il faut refaire la demande" in sentence(problem.value, "fr")
    more = await extend(house.technician(), request.grant_id, 2, "not finished")
    assert (await agree(house, more)).grant_id == request.grant_id


@pytest.mark.parametrize("connected", [True, False])
async def test_more_time_fits_up_to_his_last_minute_whatever_seconds_the_end_has(house, later, connected):
    """Eleven at night and some seconds: what is over at ten to midnight, as people read it, may last until midnight."""
    asked = await whose_entry_ends(house, later)
    later(seconds=20)
    request = await agree(house, asked, 50)
    if connected:
        await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    extend = house.services.access.extend
    with pytest.raises(Conflict) as problem:
        await extend(house.technician(), request.grant_id, 11, "not finished")
    assert problem.value.public == NO_LONGER.format(professional=LABEL)
    await agree(house, await extend(house.technician(), request.grant_id, 10, "not finished"))
    async with house.database.read() as uow:
        (one,) = await uow.professionals.of(frozenset({house.device.facility_id}))
        assert (await uow.grants.get(request.grant_id)).end == one.ends
    with pytest.raises(Conflict):
        await extend(house.technician(), request.grant_id, 1, "not finished")


async def test_what_is_asked_for_at_once_fits_up_to_his_last_minute(house, later):
    await house.services.taking_back.withdraw(house.technician(), (await whose_entry_ends(house, later)).id)
    later(seconds=20)
    with pytest.raises(Invalid):
        await house.asked(plan=needing(LABEL), minutes=61)
    request = await agree(house, await house.asked(plan=needing(LABEL), minutes=60))
    async with house.database.read() as uow:
        (one,) = await uow.professionals.of(frozenset({house.device.facility_id}))
        assert (await uow.grants.get(request.grant_id)).end == one.ends


async def test_more_time_that_waits_all_the_same_is_not_agreed_to_once_he_is_retired(house, denis):
    """As where an earlier version retired him: by now it is withdrawn with him."""
    one = await a_professional(house)
    request = await agree(house, await house.asked(plan=needing(LABEL)))
    more = await house.services.access.extend(house.technician(), request.grant_id, 2, "not finished")
    async with house.database.write() as uow:
        await uow.professionals.save(one.retire(denis.name, clock.now()))
    with pytest.raises(Conflict) as problem:
        await agree(house, more)
    assert problem.value.public == NO_LONGER.format(professional=LABEL)


async def test_neither_late_nor_from_a_later_moment_on_is_agreed_to_what_he_does_not_answer_for(house, later):
    asked = await whose_entry_ends(house, later)
    with pytest.raises(Conflict):
        await agree(house, asked, terms=Terms(start=clock.now() + timedelta(minutes=20)))
    later(minutes=30)
    with pytest.raises(Conflict):
        await agree(house, asked)
    assert (await agree(house, asked, 10)).grant_id, "what is over in his time he answers for"


async def test_of_two_who_must_agree_the_first_chooses_no_start_that_he_does_not_answer_for(house, later):
    await make_critical(house)
    asked = await whose_entry_ends(house, later)
    assert asked.quorum == 2
    with pytest.raises(Conflict) as problem:
        await agree(house, asked, terms=Terms(start=clock.now() + timedelta(minutes=20)))
    assert problem.value.public == NO_LONGER.format(professional=LABEL)
    once = await agree(house, asked)
    max_ = house.staff(house.max)
    assert (await house.services.approvals.approve(max_, once.id, once.version, 50)).grant_id


async def test_a_handover_is_not_agreed_to_once_he_is_retired(house, denis):
    one = await a_professional(house)
    request = await agree(house, await house.asked(plan=needing(LABEL)))
    form = TechnicianForm("carol", "Carol Blanc", "c@acme", "acme", "en")
    await house.services.people.save_technician(OPERATOR, form)
    passed = await house.services.handovers.ask(house.technician(), request.grant_id, "carol", "my shift is over")
    await house.services.professionals.retire(denis, one.id)
    with pytest.raises(Conflict):
        await agree(house, passed)
    async with house.database.read() as uow:
        assert not (await uow.grants.get(request.grant_id)).revoked_at


async def test_a_handover_is_not_asked_for_once_he_is_retired(house, denis):
    one = await a_professional(house)
    request = await agree(house, await house.asked(plan=needing(LABEL)))
    form = TechnicianForm("carol", "Carol Blanc", "c@acme", "acme", "en")
    await house.services.people.save_technician(OPERATOR, form)
    await house.services.professionals.retire(denis, one.id)
    with pytest.raises(Conflict) as problem:
        await house.services.handovers.ask(house.technician(), request.grant_id, "carol", "my shift is over")
    assert problem.value.public == NO_LONGER.format(professional=LABEL)


async def test_who_keeps_the_list_and_who_does_not(house, denis, elsewhere):
    use = house.services.professionals
    for who in (house.staff(house.eve), house.technician()):
        with pytest.raises(Forbidden):
            await use.add(who, ROUX)
    local = StaffForm("far-admin", "Far", "f@far", frozenset({Role.ADMIN}), ("far",), "en")
    far = house.staff(await house.services.people.save_staff(OPERATOR, local))
    with pytest.raises(Invalid):
        await use.add(far, ROUX)
    one = await use.add(denis, ROUX)
    with pytest.raises(NotFound):
        await use.retire(far, one.id)
    with pytest.raises(Forbidden):
        await use.retire(house.staff(house.eve), one.id)
    assert [view.one for view in await use.listed(far)] == [elsewhere]
    with pytest.raises(Forbidden):
        await use.listed(house.technician())
    ruth, eve = house.staff(house.ruth), house.staff(house.eve)
    assert [(view.one.id, view.may_retire) for view in await use.listed(eve)] == [(one.id, False)]
    assert [view.may_retire for view in await use.listed(ruth)] == [True, True]
    assert (await use.retire(ruth, one.id)).retired_by == "Ruth", "the security officer keeps it too"
    gone = [view for view in await use.listed(ruth, retired=True) if view.one.id == one.id]
    assert [view.may_retire for view in gone] == [False]


@pytest.mark.parametrize(("changes", "field"), [
    ({"facility_code": "nowhere"}, "facility"), ({"name": " "}, "name"), ({"name": "a\u202eb"}, "name"),
    ({"title": ""}, "title"), ({"title": "x" * 201}, "title"), ({"rpps": "10003456787"}, "rpps"),
    ({"until": date(2020, 1, 1)}, "until"), ({"until": date.max}, "until"), ({"since": date(1, 1, 1)}, "since"),
    ({"since": date(2040, 1, 2), "until": date(2040, 1, 1)}, "until"), ({"title": "a\u202eb"}, "title"),
    ({"since": date(2020, 1, 1), "until": date(2020, 1, 2)}, "until"),
])  # fmt: skip
async def test_what_makes_no_sense_is_not_entered(house, denis, changes, field):
    with pytest.raises(Invalid) as problem:
        await house.services.professionals.add(denis, replace(ROUX, **changes))
    assert problem.value.field == field
    assert await house.services.professionals.listed(denis, retired=True) == []


async def test_his_last_day_may_be_today(house, denis):
    today = clock.now().astimezone(ZoneInfo("Europe/Paris")).date()
    one = await house.services.professionals.add(denis, replace(ROUX, since=today, until=today))
    assert one.ends > clock.now()
    assert one.ends.astimezone(ZoneInfo("Europe/Paris")).date() == today + timedelta(days=1)


async def test_of_two_who_enter_him_at_once_one_does(house, denis):
    use = house.services.professionals
    done = await asyncio.gather(use.add(denis, ROUX), use.add(OPERATOR, ROUX), return_exceptions=True)
    assert sorted(isinstance(one, Conflict) for one in done) == [False, True]
    assert len(await use.listed(denis)) == 1


async def test_nobody_stands_there_twice_and_nothing_is_overwritten(house, denis):
    use = house.services.professionals
    one = await use.add(denis, ROUX)
    with pytest.raises(Conflict) as twice:
        await use.add(denis, ROUX)
    assert "nothing was done twice" in twice.value.public
    for again in (ROUX, replace(ROUX, rpps=""), replace(ROUX, name="DR HÉLÈNE ROUX")):
        with pytest.raises(Conflict):
            await use.add(denis, again)
    await use.retire(denis, one.id)
    other = await use.add(denis, replace(ROUX, rpps=""))
    assert [view.one.id for view in await use.listed(denis)] == [other.id]
    assert {view.one.id for view in await use.listed(denis, retired=True)} == {one.id, other.id}


CHANGES = [{"name": "Dr No"}, {"rpps": "1"}, {"ends": clock.now()}, None]


@pytest.mark.parametrize("change", CHANGES, ids=["name", "number", "end", "gone"])
async def test_the_database_keeps_an_entry_as_it_was(house, change):
    one = await a_professional(house)
    row = t.professionals.c.id == one.id
    deed = sa.update(t.professionals).where(row).values(**change) if change else sa.delete(t.professionals).where(row)
    with pytest.raises(Conflict, match="list of professionals"):
        await attempt(house.database, deed)


async def test_a_suppliers_people_read_name_and_function_of_their_own_devices_and_never_a_number(house, elsewhere):
    await a_professional(house)
    use = house.services.professionals
    (shown,) = await use.choosable(house.technician(), "ct-01")
    assert shown.label == LABEL
    assert "10003456786" not in str(shown)
    for who, device in ((house.technician(house.bob), "ct-01"), (house.technician(), "nothing")):
        with pytest.raises(NotFound):
            await use.choosable(who, device)


async def test_T33_nobody_is_offered_for_a_device_that_is_not_there_for_whoever_asks(house, denis):
    """Nor who answers no longer; who will from another day on is."""
    use, eve = house.services.professionals, house.staff(house.eve)
    gone = await a_professional(house)
    await use.retire(denis, gone.id)
    coming = await a_professional(house, since=clock.now().date() + timedelta(days=3))
    assert [one.id for one in await use.choosable(eve, "ct-01")] == [coming.id]
    with pytest.raises(NotFound):
        await use.choosable(moved(eve, {"elsewhere"}), "ct-01")
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 2, id=house.device.id, active=False)
    await house.services.inventory.save_device(OPERATOR, form)
    for who in (eve, house.technician()):
        with pytest.raises(NotFound):
            await use.choosable(who, "ct-01")
