"""Maintenance windows: agreed to by others, used by requests that fall into them where the rules allow, and revoked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import InterventionKind, RequestState
from bastion.domain.grant import GrantStatus
from bastion.domain.maintenance import Rhythm, WindowStatus
from bastion.domain.work_plan import PLAIN, PatientData
from bastion.errors import (
    Conflict,
    Forbidden,
    FreshFactorNeeded,
    IllegalTransition,
    Invalid,
    NotFound,
    PolicyRefused,
    ReasonNeeded,
    SelfApproval,
)
from bastion.services.emergencies import Call
from bastion.services.maintenance import WindowForm
from bastion.services.people import TechnicianForm
from tests.services.house import CONNECTION, OPERATOR, as_only, moved
from tests.services.professionals import a_professional

TUESDAY_NOON = datetime(2027, 1, 5, 11, tzinfo=UTC)
"""12:00 in Paris."""
THE_DAY_BEFORE = TUESDAY_NOON - timedelta(days=1)
LOOK = InterventionKind.TELEDIAGNOSTIC


@pytest.fixture
def use(house):
    return house.services.maintenance


@pytest.fixture
def at(monkeypatch):
    def move(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    move(THE_DAY_BEFORE)
    return move


def form(**changes: object) -> WindowForm:
    until = TUESDAY_NOON + timedelta(days=300)
    usual = WindowForm("ct-01", "acme", LOOK, Rhythm(0, 1, 11 * 60, 180), until, "weekly look")
    return replace(usual, **changes)


async def agreed(house, at, **changes: object):
    made = await house.services.maintenance.propose(house.staff(house.eve), form(**changes))
    done = await house.services.maintenance.agree(house.staff(house.max), made.id, made.version)
    at(TUESDAY_NOON)
    return done


async def test_one_proposes_another_agrees(house, use, at):
    made = await use.propose(house.staff(house.eve), form())
    assert (made.status(clock.now()), made.quorum) == (WindowStatus.PROPOSED, 1)
    with pytest.raises(SelfApproval):
        await use.agree(house.staff(house.eve), made.id, made.version)
    with pytest.raises(Forbidden):
        await use.agree(house.staff(house.ruth), made.id, made.version)
    with pytest.raises(FreshFactorNeeded):
        await use.agree(house.staff(house.max, fresh=False), made.id, made.version)
    view = await use.get(house.staff(house.max), made.id)
    assert (view.why_not, view.standing, view.next[0].start) == ("", True, TUESDAY_NOON - timedelta(hours=1))
    assert "yourself" in (await use.get(house.staff(house.eve), made.id)).why_not
    done = await use.agree(house.staff(house.max), made.id, made.version)
    assert done.status(clock.now()) is WindowStatus.AGREED
    assert await house.tags("window") == ["window:proposed", "window:agreed"]


async def test_a_request_within_it_is_agreed_to_by_what_stands_and_the_session_opens(house, use, at):
    window = await agreed(house, at)
    request = await house.asked(kind=LOOK, minutes=240)
    assert request.stored_state is RequestState.APPROVED
    assert [(a.staff_name, window.ref in a.note) for a in request.approvals] == [("Max", True)]
    async with house.database.read() as uow:
        grant = await uow.grants.get(request.grant_id)
    assert (grant.start, grant.end) == (TUESDAY_NOON, TUESDAY_NOON + timedelta(hours=2)), "no longer than the window"
    assert (await house.event("request:approved")).fields["window"] == window.ref
    assert grant.approved_by == ("Max",)
    await house.services.sessions.acknowledge(house.technician(), grant.id, "terminal")
    await house.services.sessions.open(house.technician(), grant.id, CONNECTION)
    (used,) = (await use.get(house.staff(house.eve), window.id)).uses
    assert (used.id, used.ends) == (request.id, grant.end)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": InterventionKind.TELEMAINTENANCE},
        {"kind": LOOK, "start": TUESDAY_NOON + timedelta(hours=1)},
        {"kind": LOOK, "emergency": Call("Dr Roux")},
        {
            "kind": LOOK,
            "plan": replace(
                PLAIN, patient_data=PatientData.NEEDED, professional="Dr Hélène Roux", patient_why="the image itself"
            ),
        },
    ],
    ids=["another kind", "for later", "an emergency", "patient data needed"],
)
async def test_what_it_does_not_stand_for_waits_for_somebody(house, at, changes):
    await agreed(house, at)
    await a_professional(house)
    request = await house.asked(**changes)
    assert (request.stored_state, request.approvals) == (RequestState.PENDING, ())


@pytest.mark.parametrize("moved", [timedelta(hours=-1, microseconds=-1), timedelta(hours=2), timedelta(days=1)])
async def test_before_after_and_on_another_day_it_stands_for_nothing(house, at, moved):
    await agreed(house, at)
    at(TUESDAY_NOON + moved)
    assert (await house.asked(kind=LOOK)).stored_state is RequestState.PENDING


async def test_one_that_is_only_proposed_or_has_ended_stands_for_nothing(house, use, at):
    made = await use.propose(house.staff(house.eve), form())
    at(TUESDAY_NOON)
    first = await house.asked(kind=LOOK)
    assert first.stored_state is RequestState.PENDING
    await house.services.taking_back.withdraw(house.technician(), first.id)
    await use.agree(house.staff(house.max), made.id, made.version)
    await use.end(house.staff(house.ruth), made.id, "the device is replaced")
    assert (await house.asked(kind=LOOK)).stored_state is RequestState.PENDING


async def test_staff_asking_for_a_technician_still_need_another_person(house, at):
    await agreed(house, at)
    asked = house.draft(kind=LOOK, technician_login="alice")
    request = await house.services.access.request(house.staff(house.max), asked)
    assert request.stored_state is RequestState.PENDING


async def test_who_has_left_stands_for_nothing_any_more(house, at):
    await agreed(house, at)
    async with house.database.write() as uow:
        await uow.staff.save(replace(house.max, active=False))
    assert (await house.asked(kind=LOOK)).stored_state is RequestState.PENDING


async def test_who_became_an_administrator_stands_for_nothing_any_more(house, at):
    await agreed(house, at)
    async with house.database.write() as uow:
        await uow.staff.save(as_only(house.max, house.ruth.roles | house.max.roles))
    assert (await house.asked(kind=LOOK)).stored_state is RequestState.PENDING


async def test_R23_a_handover_into_it_is_not_agreed_to_by_who_asked_for_the_work(house, at):
    """It waits for somebody else."""
    await agreed(house, at)
    form = TechnicianForm("carol", "Carol Blanc", "c@acme", "acme", "en")
    carol = await house.services.people.save_technician(OPERATOR, form)
    draft = house.draft(kind=LOOK, technician_login="alice")
    asked = await house.services.access.request(house.staff(house.max), draft)
    work = await house.services.approvals.approve(house.staff(house.eve), asked.id, asked.version, 60)
    passed = await house.services.handovers.ask(house.technician(), work.grant_id, carol.login, "my shift is over")
    assert passed.stored_state is RequestState.PENDING
    done = await house.services.approvals.approve(house.staff(house.eve), passed.id, passed.version, 60)
    assert done.grant_id


async def test_R22_on_the_most_critical_device_nothing_stands(house, use, at):
    async with house.database.write() as uow:
        device = await uow.devices.get(house.device.id)
        await uow.devices.save(replace(device, criticality=4))
    made = await use.propose(house.staff(house.eve), form())
    assert made.quorum == 2
    zoe = await _another_approver(house)
    await use.agree(house.staff(house.max), made.id, made.version)
    half = (await use.get(house.staff(house.max), made.id)).window
    whole = await use.agree(house.staff(zoe), made.id, half.version)
    assert whole.status(clock.now()) is WindowStatus.AGREED
    at(TUESDAY_NOON)
    assert not (await use.get(house.staff(house.max), made.id)).standing
    assert (await house.asked(kind=LOOK)).stored_state is RequestState.PENDING


async def _another_approver(house):
    from bastion.services.people import StaffForm
    from tests.services.house import OPERATOR

    form = StaffForm("zoe", "Zoe", "zoe@chu", house.max.roles, ("chu",), "en")
    return await house.services.people.save_staff(OPERATOR, form)


async def test_ending_it_closes_what_it_opened(house, use, at):
    window = await agreed(house, at)
    request = await house.asked(kind=LOOK)
    with pytest.raises(ReasonNeeded):
        await use.end(house.staff(house.eve), window.id, " ")
    await use.end(house.staff(house.ruth), window.id, "a patient is on the table")
    async with house.database.read() as uow:
        grant = await uow.grants.get(request.grant_id)
    assert (grant.status(clock.now()), grant.revoke_reason) == (GrantStatus.REVOKED, "a patient is on the table")
    with pytest.raises(IllegalTransition):
        await use.end(house.staff(house.ruth), window.id, "once more")


async def test_two_at_the_same_time_are_refused(house, use, at):
    first = await agreed(house, at)
    with pytest.raises(Conflict) as refused:
        await use.propose(house.staff(house.max), form(rhythm=Rhythm(1, 1, 12 * 60, 60)))
    assert first.ref in refused.value.public
    await use.propose(house.staff(house.max), form(rhythm=Rhythm(0, 1, 14 * 60, 60)))


async def test_who_may_propose_and_see(house, use, at):
    elsewhere = moved(house.staff(house.max), {"elsewhere"})
    for person, error in (
        (house.staff(house.ruth), PolicyRefused),
        (house.staff(house.max, fresh=False), FreshFactorNeeded),
        (elsewhere, Invalid),
    ):
        with pytest.raises(error):
            await use.propose(person, form())
    window = await agreed(house, at)
    with pytest.raises(NotFound):
        await use.get(elsewhere, window.id)
    with pytest.raises(Forbidden):
        await use.get(house.technician(), window.id)
    assert await use.search(elsewhere) == []
    for wrong in ({"device": "nope"}, {"supplier": "other"}, {"ends": TUESDAY_NOON + timedelta(days=400)}):
        with pytest.raises(Invalid):
            await use.propose(house.staff(house.eve), form(**wrong))


async def test_R23_who_asked_for_a_part_that_waits_is_not_counted_by_what_he_agreed_to_before(house, use, at):
    await house.services.people.save_technician(OPERATOR, TechnicianForm("carol", "Carol", "c@acme", "acme", "en"))
    await agreed(house, at)
    request = await house.asked(kind=LOOK, minutes=30)
    access, handovers = house.services.access, house.services.handovers
    longer = await access.extend(house.staff(house.max), request.grant_id, 10, "not finished")
    passed = await handovers.ask(house.technician(), request.grant_id, "carol", "my shift is over")
    assert passed.stored_state is RequestState.PENDING
    await house.services.approvals.deny(house.staff(house.eve), longer.id, longer.version, "no need")
    await house.services.approvals.deny(house.staff(house.eve), passed.id, passed.version, "ask again")
    passed = await handovers.ask(house.technician(), request.grant_id, "carol", "my shift is over")
    assert passed.stored_state is RequestState.APPROVED, "what was refused counts no more"
