"""Who may do what where: each role in one hospital, beside each role in another (R-23, R-28, R-55, R-70)."""

from dataclasses import replace
from itertools import count, product

import pytest

from bastion import clock
from bastion.domain.parties import EVERYWHERE, Assignment, Role, assigned
from bastion.errors import BastionError, Forbidden, Invalid, NotFound
from bastion.services.duties import Duty
from bastion.services.inventory import DeviceForm
from bastion.services.people import StaffForm
from policies.model import Action
from tests.services.house import OPERATOR, SOURCE

A, S, U, D = Role.APPROVER, Role.SECURITY, Role.AUDITOR, Role.ADMIN
MAY = {
    A: {"see", "approve", "release", "watch", "interrupt"},
    S: {"see", "replay", "watch", "interrupt", "lock", "hold", "trail"},
    U: {"see", "replay", "trail"},
    D: {"see", "lock", "change", "trail", "register"},
    None: set(),
}
"""What a role brings in its own hospital."""
PORTS = count(3000)
ASKED = {"replay": Action.REPLAY, "watch": Action.WATCH, "interrupt": Action.INTERRUPT, "lock": Action.LOCK}


async def done(house, actor, record, request) -> set[str]:
    """Try everything at the device of `record`, through the services; return what was possible."""
    services, device, now = house.services, house.device, clock.now()
    decisions = services.decisions
    may = {name for name, action in ASKED.items() if decisions.about(action, actor, device, now).allowed}
    tries = {
        "see": lambda: services.asked.get(actor, request.id),
        "hold": lambda: services.retention.hold(actor, record.id, "incident 42"),
        "change": lambda: services.inventory.save_endpoint(actor, device.id, "127.0.0.1", next(PORTS)),
        "register": lambda: services.people.save_staff(
            actor, StaffForm("new", "New", "", frozenset({U}), ("chu",), id=house.stranger_id)
        ),
    }
    for name, attempt in tries.items():
        try:
            await attempt()
        except (Forbidden, NotFound):
            continue
        may.add(name)
    if decisions.on_request(actor, request, device, now).allowed:
        may.add("approve")
    try:
        decisions.require_release(actor, request, device, now)
        may.add("release")
    except Forbidden:
        pass
    try:
        events = await services.audit.search(actor, limit=500)
    except Forbidden:
        return may
    return may | ({"trail"} if any(e.facility_id == device.facility_id for e in events) else set())


@pytest.fixture
async def place(house):
    """A session at the first hospital; the ids of both."""
    opened = await house.opened()
    async with house.database.read() as uow:
        request = await uow.requests.get(opened.record.request_id)
        here, there = [(await uow.facilities.by_code(code)).id for code in ("chu", "ch2")]
    made = await house.services.people.save_staff(OPERATOR, StaffForm("new", "New", "", frozenset({U}), ("chu",)))
    house.stranger_id = made.id
    return opened.record, replace(request, approvals=(), created_by=request.created_by), here, there


async def test_R23_a_role_counts_in_its_own_hospital_and_nowhere_else(house, place):
    record, request, here, there = place
    pending = replace(request, stored_state="pending")
    base = house.staff(house.max)
    for home, other in product((*Role, None), (*Role, None)):
        held = [Assignment(role, where) for role, where in ((home, here), (other, there)) if role]
        actor = replace(base, id="matrix", assignments=tuple(held))
        expected = MAY[home] - ({"approve", "release"} if other is D else set())
        assert await done(house, actor, record, pending) == expected, (home, other)


async def test_R23_duties_that_must_be_apart_are_apart_in_one_hospital_whatever_the_ward(house, place):
    _record, request, here, there = place
    base, now, ward = house.staff(house.max), clock.now(), house.device.ward
    approver = Assignment(A, here, (ward,))
    for held, may in (
        ((approver,), True),
        ((approver, Assignment(U, there)), True),
        ((approver, Assignment(S, there)), True),
        ((approver, Assignment(U, here)), False),
        ((approver, Assignment(S, EVERYWHERE)), False),
        ((approver, Assignment(D, there)), False),
    ):
        actor = replace(base, id="matrix", assignments=held)
        assert house.services.decisions.on_request(actor, request, house.device, now).allowed is may, held


async def test_R28_an_approver_of_wards_decides_on_their_devices_only(house, place):
    _record, request, here, _there = place
    base, now = house.staff(house.max), clock.now()

    def may(*wards: str, device=house.device) -> bool:
        actor = replace(base, id="matrix", assignments=(Assignment(A, here, wards),))
        return house.services.decisions.on_request(actor, request, device, now).allowed

    assert may("Imagerie")
    assert may("Bloc", "  IMAGERIE ")
    assert not may("Bloc")
    assert may()
    nowhere = replace(house.device, ward="")
    assert (may(device=nowhere), may("Imagerie", device=nowhere)) == (True, False)


async def test_R28_whoever_cannot_decide_is_not_asked(house):
    people = house.services.people
    for login, ward in (("iris", "imagerie"), ("bob", "Bloc")):
        form = StaffForm(login, login, f"{login}@chu", duties=(Duty(A, "chu", (ward,)),))
        await people.save_staff(OPERATOR, form)
    request = await house.asked()
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert {"Eve", "Max", "iris"} == set(view.approvers)
    async with house.database.read() as uow:
        bob, iris = [await uow.staff.by_login(login) for login in ("bob", "iris")]
    theirs = await house.services.asked.get(house.staff(bob), request.id)
    assert (theirs.can_decide, bool(theirs.why_not)) == (False, True)
    with pytest.raises(Forbidden):
        await house.services.approvals.approve(house.staff(bob), request.id, request.version, 30, "ok")
    await house.services.approvals.approve(house.staff(iris), request.id, request.version, 30, "ok")


async def test_R70_local_approval_group_oversight(house, place):
    """The group's security sees and replays everywhere, with a reason, and approves nowhere; locals stay at home."""
    record, request, here, there = place
    base, now = house.staff(house.max), clock.now()
    other = await house.services.inventory.save_device(OPERATOR, DeviceForm("irm-2", "MRI", "ch2", ("acme",), 2))
    decisions = house.services.decisions
    for role in (S, U):
        group = replace(base, id="group", assignments=assigned({role}, {EVERYWHERE}))
        assert (await house.services.asked.get(group, request.id)).can_decide is False
        assert {v.record.id for v in await house.services.supervision.search(group, to_replay=True)} == {record.id}
        assert all(decisions.about(Action.REPLAY, group, device, now).allowed for device in (house.device, other))
        assert not decisions.on_request(group, request, other, now).allowed
    local = replace(base, id="local", assignments=assigned({A, U}, {there}))
    assert await house.services.supervision.search(local) == []
    assert await house.services.asked.search(local) == []
    with pytest.raises(NotFound):
        await house.services.supervision.get(local, record.id)
    with pytest.raises(NotFound):
        await house.services.asked.get(local, request.id)
    assert [v.device.code for v in await house.services.inventory.devices(local)] == ["irm-2"]
    assert decisions.about(Action.REPLAY, local, house.device, now).allowed is False
    assert here not in local.facilities


async def test_recordings_are_listed_where_they_may_be_asked_for(house, place):
    record, _request, here, there = place
    actor = replace(house.staff(house.max), assignments=(Assignment(A, here), Assignment(U, there)))
    assert [v.record.id for v in await house.services.supervision.search(actor)] == [record.id]
    assert await house.services.supervision.search(actor, to_replay=True) == []


@pytest.mark.parametrize(
    "duty", [Duty(S, "chu", ("Imagerie",)), Duty(A, "", ("Imagerie",)), Duty(A, "chu", tuple("abcdefghijkl" * 5))]
)
async def test_wards_are_for_approvers_of_one_hospital(house, duty):
    wards = tuple(f"{i}{ward}" for i, ward in enumerate(duty.wards)) if len(duty.wards) > 1 else duty.wards
    form = StaffForm("x", "X", "", duties=(replace(duty, wards=wards),))
    with pytest.raises(Invalid):
        await house.services.people.save_staff(OPERATOR, form)


async def test_the_whole_swallows_its_parts(house):
    duties = (Duty(A, "chu", ("Bloc",)), Duty(A, "chu", ("Réa", "")), Duty(U, "ch2"), Duty(U, ""), Duty(S, "ch2"))
    made = await house.services.people.save_staff(OPERATOR, StaffForm("x", "X", "", duties=duties))
    async with house.database.read() as uow:
        here, there = [(await uow.facilities.by_code(code)).id for code in ("chu", "ch2")]
        kept = await uow.staff.get(made.id)
    assert set(kept.assignments) == {
        Assignment(A, here, ("Bloc", "Réa")), Assignment(U, EVERYWHERE), Assignment(S, there),
    }  # fmt: skip
    assert kept == made
    again = await house.services.people.save_staff(
        OPERATOR, StaffForm("x", "X", "", duties=(*duties, Duty(A, "chu")), id=made.id)
    )
    assert Assignment(A, here) in again.assignments
    event = await house.event("directory:staff_saved")
    assert f"approver@{here}" in event.fields["assignments"].split()


async def test_T32_an_administrator_of_one_hospital_gives_no_rights_in_another(house):
    async with house.database.read() as uow:
        here = (await uow.facilities.by_code("chu")).id
        there = (await uow.facilities.by_code("ch2")).id
    local = replace(house.staff(house.ruth), assignments=(Assignment(D, here), Assignment(A, there)))
    people = house.services.people
    made = await people.save_staff(local, StaffForm("x", "X", "", duties=(Duty(A, "chu", ("Bloc",)),)))
    for duties in ((Duty(A, "ch2"),), (Duty(A, ""),), ()):
        with pytest.raises(NotFound):
            await people.save_staff(local, StaffForm("x", "X", "", duties=duties, id=made.id))
    with pytest.raises(NotFound):
        await house.services.enrolment.invite(local, house.max.id)
    _kept, text = await house.services.tokens.create(house.staff(house.max), "max", 1, frozenset({A}))
    assert await house.services.authentication.actor_of_token(text, SOURCE)
    with pytest.raises(NotFound):
        await house.services.tokens.revoke(local, _kept.id)


async def test_T24_a_token_works_for_its_roles_in_its_hospitals(house):
    async with house.database.read() as uow:
        here, there = [(await uow.facilities.by_code(code)).id for code in ("chu", "ch2")]
    ruth = house.staff(house.ruth)
    tokens = house.services.tokens
    _token, text = await tokens.create(ruth, "export", 1, frozenset({S}), ("ch2",))
    actor = await house.services.authentication.actor_of_token(text, SOURCE)
    assert actor.assignments == (Assignment(S, there),)
    assert (actor.covers(here), actor.covers(EVERYWHERE)) == (False, False)
    form = StaffForm("ruth", "Ruth", "", duties=(Duty(S, "chu"),), id=house.ruth.id)
    await house.services.people.save_staff(OPERATOR, form)
    assert (await house.services.authentication.actor_of_token(text, SOURCE)).assignments == ()
    local = replace(ruth, assignments=(Assignment(S, here), Assignment(U, there)))
    for roles, codes in ((frozenset({S}), ("ch2",)), (frozenset({S, U}), ("chu",)), (frozenset({S}), ("nowhere",))):
        with pytest.raises(BastionError):
            await tokens.create(local, "x", 1, roles, codes)
