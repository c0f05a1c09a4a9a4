"""Deciding in another's place: one voice, with dates, never for what one asked for oneself (R-23). Being away."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.parties import Assignment, Role
from bastion.errors import (
    AlreadyAgreed,
    Forbidden,
    FreshFactorNeeded,
    IllegalTransition,
    Invalid,
    NotFound,
    PolicyRefused,
    ReasonNeeded,
    SelfApproval,
)
from bastion.services.actors import staff_now
from bastion.services.directory import FacilityForm
from bastion.services.duties import Duty
from bastion.services.people import StaffForm
from bastion.services.standins import DelegationForm
from policies.model import Action
from tests.services.house import OPERATOR, SOURCE, as_only, moved
from tests.services.test_rota import now_on_call, ready, wall


@pytest.fixture
def use(house):
    return house.services.standins


@pytest.fixture
async def zoe(house):
    """Staff of the other hospital, without any duty here."""
    form = StaffForm("zoe", "Zoé", "zoe@ch2", duties=(Duty(Role.APPROVER, "ch2"),), language="en")
    return await house.services.people.save_staff(OPERATOR, form)


async def lent(house, person):
    """The person as she signs in: with what others lent her at this moment."""
    async with house.database.read() as uow:
        return await staff_now(uow, person, SOURCE, clock.now(), clock.now())


def form(to: str = "zoe", **change: str) -> DelegationForm:
    return replace(DelegationForm(to, wall(hours=-1), wall(days=7), "leave", "chu"), **change)


async def test_a_stand_in_agrees_in_the_name_of_the_lender_and_it_is_said(house, use, zoe):
    request = await house.asked()
    with pytest.raises(NotFound):
        await house.services.approvals.approve(await lent(house, zoe), request.id, 1, 30)
    made = await use.delegate(house.staff(house.eve), form())
    me = await lent(house, zoe)
    view = await house.services.asked.get(me, request.id)
    assert (view.can_decide, view.in_name_of) == (True, "Eve")
    saved = await house.services.approvals.approve(me, request.id, request.version, 30, "ok")
    (approval,) = saved.approvals
    assert (approval.staff_name, approval.for_id, approval.for_name) == ("Zoé", house.eve.id, "Eve")
    async with house.database.read() as uow:
        assert (await uow.requests.get(request.id)).approvals == saved.approvals
    event = await house.event("request:approved")
    assert (event.fields["in_name_of"], event.fields["delegation"]) == ("Eve", made.id)


async def test_a_refusal_in_anothers_name_is_said_too(house, use, zoe):
    request = await house.asked()
    await use.delegate(house.staff(house.eve), form())
    await house.services.approvals.deny(await lent(house, zoe), request.id, request.version, "not tonight")
    assert (await house.event("request:denied")).fields["in_name_of"] == "Eve"


async def test_R23_neither_lender_nor_stand_in_decides_on_what_either_asked(house, use, zoe):
    await use.delegate(house.staff(house.eve), form())
    asked = await house.services.access.request(house.staff(house.eve), house.draft(technician_login="alice"))
    with pytest.raises(Forbidden):
        await house.services.approvals.approve(await lent(house, zoe), asked.id, asked.version, 30)
    await house.services.taking_back.withdraw(house.staff(house.eve), asked.id)
    form_ = StaffForm("zoe", "Zoé", "zoe@ch2", duties=(Duty(Role.APPROVER, "chu", ("Imagerie",)),), id=zoe.id)
    both = await house.services.people.save_staff(OPERATOR, form_)
    own = await house.services.access.request(house.staff(both), house.draft(technician_login="alice"))
    with pytest.raises(SelfApproval):
        await house.services.approvals.approve(await lent(house, both), own.id, own.version, 30)


async def test_R23_lender_and_stand_in_are_one_voice(house, use, zoe):
    async with house.database.write() as uow:
        device = await uow.devices.get(house.device.id)
        await uow.devices.save(replace(device, criticality=4))
    request = await house.asked()
    assert request.quorum == 2
    await use.delegate(house.staff(house.eve), form())
    once = await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30)
    with pytest.raises((AlreadyAgreed, Forbidden)):
        await house.services.approvals.approve(await lent(house, zoe), request.id, once.version, 30)
    await house.services.taking_back.withdraw(house.technician(), request.id)
    second = await house.asked()
    for_eve = await house.services.approvals.approve(await lent(house, zoe), second.id, second.version, 30)
    with pytest.raises(AlreadyAgreed):
        await house.services.approvals.approve(house.staff(house.eve), second.id, for_eve.version, 30)
    done = await house.services.approvals.approve(house.staff(house.max), second.id, for_eve.version, 30)
    assert done.stored_state is RequestState.APPROVED


async def test_ones_own_right_comes_first(house, use):
    await use.delegate(house.staff(house.eve), form("max"))
    request = await house.asked()
    saved = await house.services.approvals.approve(await lent(house, house.max), request.id, request.version, 30)
    assert saved.approvals[0].for_id == ""


async def test_only_approving_is_lent_and_nothing_is_lent_on(house, use, zoe):
    await use.delegate(house.staff(house.eve), form())
    me, decisions = await lent(house, zoe), house.services.decisions
    may = {a for a in Action if decisions.about(a, me, house.device, clock.now()).allowed}
    assert may & {Action.REPLAY, Action.LOCK, Action.APPROVE} == set()
    assert Action.INTERRUPT in may
    with pytest.raises(PolicyRefused):
        await house.services.access.request(me, house.draft(technician_login="alice"))
    with pytest.raises(Invalid) as refused:
        await use.delegate(me, form("max"))
    assert refused.value.field == "facility"


async def test_it_counts_from_its_first_to_its_last_instant_and_ends_when_taken_back(house, use, zoe, monkeypatch):
    made = await use.delegate(house.staff(house.eve), form(starts=wall(hours=2), ends=wall(hours=4)))
    assert (await lent(house, zoe)).lent == ()
    real = clock.now
    for hours, there in ((2.1, 1), (3.9, 1), (4.1, 0)):
        monkeypatch.setattr(clock, "now", lambda hours=hours: real() + timedelta(hours=hours))
        assert len((await lent(house, zoe)).lent) == there, hours
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=3))
    with pytest.raises(NotFound):
        await use.revoke(house.staff(house.max), made.id)
    await use.revoke(house.staff(house.eve), made.id)
    assert (await lent(house, zoe)).lent == ()
    with pytest.raises(IllegalTransition):
        await use.revoke(house.staff(zoe), made.id)
    assert await house.tags("delegation") == ["delegation:made", "delegation:revoked"]


async def test_nothing_is_lent_that_the_lender_has_no_more(house, use, zoe):
    await use.delegate(house.staff(house.eve), form())
    async with house.database.write() as uow:
        await uow.staff.save(replace(house.eve, active=False))
    assert (await lent(house, zoe)).lent == ()
    async with house.database.write() as uow:
        await uow.staff.save(as_only(house.eve, {Role.AUDITOR}))
    assert (await lent(house, zoe)).lent == ()


async def test_a_lender_of_wards_lends_wards(house, use, zoe):
    here = house.device.facility_id
    async with house.database.write() as uow:
        eve = await uow.staff.save(replace(house.eve, assignments=(Assignment(Role.APPROVER, here, ("Bloc",)),)))
    await use.delegate(house.staff(eve), form())
    request = await house.asked()
    with pytest.raises(Forbidden):
        await house.services.approvals.approve(await lent(house, zoe), request.id, request.version, 30)


@pytest.mark.parametrize("duties", [(Duty(Role.SECURITY, "chu"),), (Duty(Role.AUDITOR),), (Duty(Role.ADMIN, "ch2"),)])
async def test_R23_nobody_who_secures_audits_or_administers_stands_in(house, use, duties):
    await house.services.people.save_staff(OPERATOR, StaffForm("sam", "Sam", "", duties=duties))
    with pytest.raises(Invalid) as refused:
        await use.delegate(house.staff(house.eve), form("sam"))
    assert refused.value.field == "to"


async def test_who_became_an_auditor_meanwhile_does_not_decide(house, use, zoe):
    await use.delegate(house.staff(house.eve), form())
    async with house.database.write() as uow:
        here = house.device.facility_id
        changed = await uow.staff.save(replace(zoe, assignments=(Assignment(Role.AUDITOR, here),)))
    request = await house.asked()
    with pytest.raises(Forbidden):
        await house.services.approvals.approve(await lent(house, changed), request.id, request.version, 30)


async def test_what_a_delegation_needs(house, use, zoe):
    eve = house.staff(house.eve)
    for wrong, error in (
        (form(reason=" "), ReasonNeeded), (form("eve"), Invalid), (form("nobody"), Invalid),
        (form(facility_code="ch2"), Invalid), (form(facility_code="nowhere"), Invalid),
        (form(ends=wall(days=200)), Invalid), (form(ends=wall(hours=-2)), Invalid), (form(starts="soon"), Invalid),
    ):  # fmt: skip
        with pytest.raises(error):
            await use.delegate(eve, wrong)
    with pytest.raises(FreshFactorNeeded):
        await use.delegate(house.staff(house.eve, fresh=False), form())
    with pytest.raises(Forbidden):
        await use.delegate(OPERATOR, form())
    assert await use.delegations(eve) == []


async def test_the_door_knows_what_is_lent_and_a_token_does_not(house, use, zoe):
    await use.delegate(house.staff(house.eve), form())
    _token, text = await house.services.tokens.create(house.staff(zoe), "x", 1, frozenset({Role.APPROVER}))
    actor = await house.services.authentication.actor_of_token(text, SOURCE)
    assert (actor.lent, actor.covers(house.device.facility_id)) == ((), False)


# -- absence -----------------------------------------------------------------------------------------------------------
async def test_who_is_away_is_not_asked_and_his_stand_in_is_called_instead(house, use, zoe):
    await now_on_call(house, "eve")
    absence = await use.away(house.staff(house.eve), wall(hours=-1), wall(days=3))
    found = await ready(house)
    assert ([one.login for one in found.people], [one.login for one in found.away]) == (["max"], ["eve"])
    await use.delegate(house.staff(house.eve), form())
    assert [one.person.login for one in (await ready(house)).on_call] == ["zoe"]
    hers = await use.away(OPERATOR, wall(hours=-1), wall(days=3), "zoe")
    assert (await ready(house)).on_call == ()
    await use.back(OPERATOR, hers.id)
    await use.back(house.staff(house.eve), absence.id)
    assert [one.person.login for one in (await ready(house)).on_call] == ["eve"]
    assert await house.tags("absence") == ["absence:noted"] * 2 + ["absence:withdrawn"] * 2


async def test_ones_absence_is_ones_own_or_the_administrators_affair(house, use):
    with pytest.raises(NotFound):
        await use.away(house.staff(house.max), wall(), wall(days=1), "eve")
    made = await use.away(house.staff(house.ruth), wall(), wall(days=1), "eve")
    with pytest.raises(NotFound):
        await use.back(house.staff(house.max), made.id)
    assert [v.person.login for v in await use.absences(house.staff(house.max))] == ["eve"]
    for starts, ends in ((wall(days=2), wall(days=1)), (wall(days=-2), wall(days=-1)), ("x", "y")):
        with pytest.raises(Invalid):
            await use.away(house.staff(house.eve), starts, ends)


async def test_a_delegation_is_ended_by_its_two_people_and_by_who_answers_for_the_lenders_hospital(house, use, zoe):
    """To everybody else it is not there."""
    other = await house.services.directory.save_facility(OPERATOR, FacilityForm("ch9", "CH Neuf"))
    ruth, eve, mine = house.staff(house.ruth), house.staff(house.eve), house.device.facility_id
    auditor = moved(as_only(ruth, {Role.AUDITOR}), {mine})
    outsiders = [house.staff(house.max), house.technician(), moved(ruth, {other.id}), auditor]
    insiders = [eve, house.staff(zoe), *(moved(as_only(ruth, {role}), {mine}) for role in (Role.ADMIN, Role.SECURITY))]
    for actor in insiders:
        made = await use.delegate(eve, DelegationForm("zoe", "2091-01-01 18:00", "2091-01-02 08:00", "leave"))
        for stranger in outsiders:
            with pytest.raises(NotFound):
                await use.revoke(stranger, made.id)
        assert (await use.revoke(actor, made.id)).revoked_by == actor.name
        assert await use.delegations(eve) == []


async def test_an_absence_of_somebody_of_two_hospitals_is_an_administrators_of_both(house, use):
    other = await house.services.directory.save_facility(OPERATOR, FacilityForm("ch9", "CH Neuf"))
    form = StaffForm("pia", "Pia", "p@chu", frozenset({Role.APPROVER}), ("chu", "ch9"), "en")
    pia, ruth = await house.services.people.save_staff(OPERATOR, form), house.staff(house.ruth)
    both = {house.device.facility_id, other.id}
    for places in ({other.id}, {house.device.facility_id}):
        with pytest.raises(NotFound):
            await use.away(moved(ruth, places), "2091-01-01 18:00", "2091-01-02 08:00", "pia")
    with pytest.raises(NotFound):
        await use.away(moved(as_only(ruth, {Role.SECURITY}), both), "2091-01-01 18:00", "2091-01-02 08:00", "pia")
    gone = await use.away(moved(ruth, both), "2091-01-01 18:00", "2091-01-02 08:00", "pia")
    assert [view.absence.id for view in await use.absences(moved(ruth, {other.id}))] == [gone.id]
    assert [view.absence.id for view in await use.absences(house.staff(pia))] == [gone.id]
    assert await use.absences(moved(ruth, {"elsewhere"})) == []
