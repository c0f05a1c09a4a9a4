"""The report owed after an intervention, and what the lack of it blocks (R-59, R-40)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.emergency import Call
from bastion.domain.parties import Assignment, Role
from bastion.domain.report import LONGEST, MOST, After, ReportForm
from bastion.domain.session_events import EndReason
from bastion.errors import Conflict, Forbidden, Invalid, NotFound, PolicyRefused
from bastion.i18n import sentence
from bastion.services.people import TechnicianForm
from bastion.services.sessions import Ending
from tests.services.house import CONNECTION, OPERATOR, moved, undertake

FORM = ReportForm("Tube replaced, calibration checked.", After.IN_SERVICE)


@pytest.fixture
def use(house):
    return house.services.reports


async def ended(house, **changes):
    """Return the request of an intervention whose session is over."""
    opened = await house.opened(**changes)
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    return opened.record.request_id


async def test_R59_work_that_has_ended_owes_a_report_until_it_is_written(house, use):
    alice = house.technician()
    opened = await house.opened()
    assert await use.mine(alice) == []
    with pytest.raises(Conflict):
        await use.write(alice, opened.record.request_id, FORM)
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    (owed,) = await use.mine(alice)
    assert (owed.request.id, owed.device.code) == (opened.record.request_id, "ct-01")
    assert owed.due.due_at - owed.due.owed_since == timedelta(days=7)
    await use.write(alice, owed.request.id, FORM)
    assert await use.mine(alice) == []
    shown = await use.of(house.staff(house.eve), owed.request.id)
    assert [(one.done, one.author_name) for one in shown.reports] == [(FORM.done, "Alice Martin")]
    assert [one.id for one in shown.sessions] == [opened.record.id]
    event = await house.event("request:reported")
    assert (event.fields["after"], event.fields["note"], event.fields["late"]) == ("in_service", FORM.done, "")


async def test_who_works_again_adds_to_it_and_puts_nothing_off(house, use, later):
    opened = await house.opened()
    sessions, alice = house.services.sessions, house.technician()
    await sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    (first,) = await use.mine(alice)
    later(minutes=5)
    again = await sessions.open(alice, opened.grant.id, CONNECTION)
    await sessions.closed(again.record, Ending(EndReason.TECHNICIAN_LEFT))
    assert (await use.mine(alice))[0].due == first.due, "a second session puts nothing off"
    await use.write(alice, first.request.id, FORM)
    once_more = await sessions.open(alice, opened.grant.id, CONNECTION)
    await sessions.closed(once_more.record, Ending(EndReason.TECHNICIAN_LEFT))
    assert len(await use.mine(alice)) == 1
    await use.write(alice, first.request.id, replace(FORM, done="And the door switch."))
    assert [one.done for one in (await use.of(alice, first.request.id)).reports] == [FORM.done, "And the door switch."]


async def test_R59_an_overdue_report_lets_its_supplier_ask_for_nothing_new(house, use, later):
    request_id = await ended(house)
    later(days=6, hours=23)
    await house.services.taking_back.withdraw(house.technician(), (await house.asked()).id)
    later(hours=2)
    with pytest.raises(PolicyRefused) as refused:
        await house.asked()
    (owed,) = await use.mine(house.technician())
    assert owed.request.ref in sentence(refused.value, "en")
    assert (await house.event("request:refused")).fields["policy"] == "report-overdue"
    file = await house.services.supplier_files.of(house.staff(house.ruth), house.alice.supplier_id)
    assert [one.names for one in file.blocks if "overdue" in one.text] == [(owed.request.ref,)]
    urgent = await house.asked(emergency=Call("Dr Anne Roux"))
    await house.services.taking_back.withdraw(house.technician(), urgent.id)
    await use.write(house.technician(), request_id, FORM)
    assert (await house.event("request:reported")).fields["late"] == "yes"
    assert (await house.asked()).technician_id == house.alice.id


async def test_running_work_gets_more_time_whatever_else_is_owed(house, use, later):
    await ended(house)
    later(days=6, hours=23, minutes=30)
    request = await house.approved()
    later(minutes=40)
    with pytest.raises(PolicyRefused):
        await house.asked()
    assert (await house.services.access.extend(house.technician(), request.grant_id, 30, "one screw")).id
    with pytest.raises(Conflict):
        await use.write(house.technician(), request.id, FORM)


async def test_the_forecast_says_what_is_owed(house, later):
    await ended(house)
    later(days=8)
    draft = house.draft(technician_login="alice")
    seen = await house.services.forecasts.of(house.staff(house.eve), draft)
    assert not seen.allowed
    assert any("Owed" in reason for reason in seen.reasons)


async def test_R40_what_was_taken_along_has_a_day_by_which_it_is_erased(house, use):
    request_id, alice, now = await ended(house), house.technician(), clock.now()
    taken = replace(FORM, taken="Two log files of the generator")
    wrong = (
        (taken, "erased_by"), (replace(taken, erased_by=now - timedelta(days=1)), "erased_by"),
        (replace(FORM, done=" "), "done"), (replace(FORM, done="x" * (LONGEST + 1)), "done"),
        (replace(taken, taken="x" * 1001, erased_by=now + timedelta(days=9)), "taken"),
    )  # fmt: skip
    for form, field in wrong:
        with pytest.raises(Invalid) as refused:
            await use.write(alice, request_id, form)
        assert refused.value.field == field
    day = now + timedelta(days=30)
    await use.write(alice, request_id, replace(taken, erased_by=day))
    assert (await use.of(alice, request_id)).reports[0].erased_by == day
    idle = await use.write(alice, request_id, replace(FORM, erased_by=day))
    assert idle.erased_by is None, "nothing was taken"
    for number in range(MOST - 2):
        await use.write(alice, request_id, replace(FORM, done=f"more {number}"))
    with pytest.raises(Conflict):
        await use.write(alice, request_id, FORM)


async def test_T33_who_reports_is_who_worked_who_speaks_for_him_or_the_hospital(house, use):
    request_id = await ended(house)
    carl = await house.services.people.save_technician(OPERATOR, TechnicianForm("carl", "Carl", "c@acme", "acme", "en"))
    await undertake(house.services, carl)
    await house.services.company.name_correspondent(OPERATOR, house.bob.id, named=True)
    strangers = (
        house.technician(carl), house.technician(house.bob), moved(house.staff(house.eve), {"f-2"}),
        house.technician(replace(house.alice, id="0" * 32)),
    )  # fmt: skip
    for who in strangers:
        for attempt in (use.of(who, request_id), use.write(who, request_id, FORM), use.of(who, "0" * 32)):
            with pytest.raises(NotFound):
                await attempt
    elsewhere = replace(house.eve, assignments=(Assignment(Role.APPROVER, house.device.facility_id, ("Bloc",)),))
    for who in (house.staff(house.ruth), house.staff(elsewhere)):
        with pytest.raises(Forbidden):
            await use.write(who, request_id, FORM)
        assert not (await use.of(who, request_id)).may_write
    here = replace(house.eve, assignments=(Assignment(Role.APPROVER, house.device.facility_id, ("imagerie",)),))
    assert (await use.of(house.staff(here), request_id)).may_write
    for who in (house.technician(carl), house.technician(house.alice)):
        with pytest.raises(NotFound):
            await use.of_company(who)
    assert await use.of_company(house.technician(house.bob)) == []
    await house.services.company.name_correspondent(OPERATOR, carl.id, named=True)
    assert [one.request.id for one in await use.of_company(house.technician(carl))] == [request_id]
    said = await use.write(house.technician(carl), request_id, FORM)
    assert said.author_company == carl.supplier_id
    by_phone = await use.write(house.staff(house.eve), request_id, replace(FORM, done="They called: all is well."))
    assert (by_phone.author_name, by_phone.author_company) == ("Eve", "")


async def test_nobody_leaves_without_a_way_to_settle_what_he_owes(house, use, later):
    """The hospital writes it down for a supplier whose person has gone."""
    request_id = await ended(house)
    later(days=8)
    await house.services.rosters.leave(OPERATOR, house.alice.id, "gone")
    await use.write(house.staff(house.eve), request_id, FORM)
    assert (await use.of(house.staff(house.eve), request_id)).owed is False


async def test_whatever_was_added_what_is_owed_can_be_written_and_the_hospital_always_may(house, use):
    """One technician must not be able to block his whole company by adding until nobody may write."""
    opened, alice = await house.opened(), house.technician()
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    for number in range(MOST):
        await use.write(alice, opened.record.request_id, replace(FORM, done=f"more {number}"))
    with pytest.raises(Conflict):
        await use.write(alice, opened.record.request_id, FORM)
    await use.write(house.staff(house.eve), opened.record.request_id, FORM)
    again = await house.services.sessions.open(alice, opened.grant.id, CONNECTION)
    await house.services.sessions.closed(again.record, Ending(EndReason.TECHNICIAN_LEFT))
    assert len(await use.mine(alice)) == 1
    await use.write(alice, opened.record.request_id, FORM)
    assert await use.mine(alice) == []
