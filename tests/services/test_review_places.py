"""R-19, R-70: a right is reviewed where it is held, the group's by the group; none is left out."""

from dataclasses import replace

import pytest

from bastion import clock
from bastion.domain.parties import EVERYWHERE, Assignment, Role, operator_actor
from bastion.domain.review import LineState, RightKind, Sought
from bastion.domain.standin import Delegation
from bastion.errors import Forbidden, Invalid, NotFound
from bastion.services.actors import all_now, reviewed, staff_actor
from bastion.services.duties import Duty
from bastion.services.inventory import DeviceForm
from bastion.services.people import StaffForm, TechnicianForm
from bastion.services.review_reach import waiting_for
from tests.services.batches import more_devices
from tests.services.house import OPERATOR, SOURCE, moved
from tests.services.test_reviews import CONFIRMED, DAY, WITHDRAWN, begun, later, use

__all__ = ["later", "use"]
A, S, U, D = Role.APPROVER, Role.SECURITY, Role.AUDITOR, Role.ADMIN


async def hired(house, login: str, *duties: tuple[Role, str], ident: str = ""):
    """A person of staff with each of these roles in the hospital of that code; no code is every hospital."""
    form = StaffForm(login, login.title(), "", id=ident, duties=tuple(Duty(role, code) for role, code in duties))
    return await house.services.people.save_staff(OPERATOR, form)


async def lines_of(house, campaign, **sought):
    """By subject, right and place, the line of each right in it."""
    review = await house.services.reviews.of(OPERATOR, campaign.id, Sought(**sought))
    return {(one.line.subject_id, one.line.right, one.line.place): one.line for one in review.lines}


async def say(house, actor, campaign, person, role, verdict, place):
    line = (await lines_of(house, campaign))[person.id, role, place]
    fresh = replace(actor, factor_at=clock.now())
    await house.services.reviews.decide(fresh, campaign.id, [line.id], verdict, "said so")


async def left(house, person) -> set[tuple[str, str]]:
    """What the reviews leave of somebody's roles, and where."""
    async with house.database.read() as uow:
        kept = (await uow.staff.some([person.id]))[0]
        actor = await reviewed(uow, staff_actor(kept, SOURCE, None), clock.now())
        assert (await all_now(uow, [kept], clock.now()))[person.id].assignments == actor.assignments
    return {(one.role, one.facility_id) for one in actor.assignments}


@pytest.fixture
async def places(house):
    """The ids of two hospitals; Alice's company works in both."""
    await more_devices(house)
    async with house.database.read() as uow:
        return tuple([(await uow.facilities.by_code(code)).id for code in ("chu", "ch2")])


async def everybody(house):
    """People of each kind: of one hospital, of several, of the group, of both; technicians with devices and without."""
    for number, duties in enumerate((
        [(A, "chu")], [(A, "chu"), (A, "ch2")], [(A, ""), (S, "chu")], [(D, "")], [(U, "ch2"), (U, "")],
        [(A, "chu"), (S, "ch2"), (U, ""), (D, "chu")],
    )):  # fmt: skip
        await hired(house, f"person{number}", *duties)
    await house.services.people.save_staff(OPERATOR, StaffForm("gone", "Gone", "", frozenset({D}), active=False))
    for number, company in enumerate(("acme", "other")):
        await house.services.people.save_technician(
            OPERATOR, TechnicianForm(f"t{number}", f"Person {number}", "", company)
        )


async def test_every_role_and_every_technician_stands_in_a_review_that_can_be_begun(house, places):
    await everybody(house)
    listed = {}
    for code in ("chu", "ch2", ""):
        listed |= await lines_of(house, await begun(house, 10, *([code] if code else []), name=code or "group"))
    now = clock.now()
    async with house.database.read() as uow:
        staff = [one for one in await uow.staff.all() if one.active]
        technicians = [one for one in await uow.technicians.all() if one.usable(now)]
    assert {EVERYWHERE, *places} == {held.facility_id for one in staff for held in one.assignments}
    rights = {(one.id, held.role, held.facility_id) for one in staff for held in one.assignments}
    assert rights | {(one.id, "", "") for one in technicians} == listed.keys()
    operator = operator_actor("root")
    async with house.database.read() as uow:
        for campaign in await uow.campaigns.all():
            review = await house.services.reviews.of(operator, campaign.id)
            assert all(one.mine for one in review.lines), "somebody can decide on each"


async def test_what_nobody_confirms_is_suspended_wherever_it_is_held(house, later, places):
    await everybody(house)
    for code in ("chu", "ch2", ""):
        await begun(house, 10, *([code] if code else []), name=code or "group")
    later(11)
    async with house.database.read() as uow:
        people = await uow.staff.all()
        acting = await all_now(uow, people, clock.now())
    assert {one.login: acting[one.id].assignments for one in people if one.active} == {
        one.login: () for one in people if one.active
    }
    for technician in (house.alice, house.bob):
        said = await house.services.rosters.person(OPERATOR, technician.id)
        assert "has not confirmed this access" in str(said.why), technician.login


async def test_who_works_in_two_hospitals_is_reviewed_by_each_for_itself(house, later, places):
    chu, ch2 = places
    nina = await hired(house, "nina", (A, "chu"), (A, "ch2"))
    ours, theirs = await begun(house, 10, "chu", name="ours"), await begun(house, 10, "ch2", name="theirs")
    assert (nina.id, A, chu) in await lines_of(house, ours)
    assert (nina.id, A, ch2) in await lines_of(house, theirs)
    assert (nina.id, A, ch2) not in await lines_of(house, ours)
    await say(house, moved(house.staff(house.ruth), {chu}), ours, nina, A, WITHDRAWN, chu)
    assert await left(house, nina) == {(A, ch2)}
    later(11)
    assert await left(house, nina) == set()
    await say(house, moved(house.staff(house.ruth), {ch2}), theirs, nina, A, CONFIRMED, ch2)
    assert await left(house, nina) == {(A, ch2)}


async def test_who_works_for_the_group_stands_in_the_group_s_review_and_is_named_in_a_hospital_s(house, later, places):
    whole = await hired(house, "whole", (A, ""), (U, "chu"))
    local = await begun(house, 30, "chu", name="local")
    assert {key[1:] for key in await lines_of(house, local) if key[0] == whole.id} == {(U, places[0])}

    async def named():
        review = await house.services.reviews.of(house.staff(house.eve), local.id)
        return {(one.name, one.role): one.state for one in review.of_the_group}

    assert (await named())["Whole", A] is None
    assert ("Whole", U) not in await named()
    group = await begun(house, 10, name="group")
    assert (await house.services.reviews.of(OPERATOR, group.id)).of_the_group == ()
    await say(house, OPERATOR, group, whole, A, CONFIRMED, EVERYWHERE)
    assert (await named())["Whole", A] is LineState.CONFIRMED
    later(11)
    assert (await named())["Max", A] is LineState.SUSPENDED
    assert await left(house, house.max) == set()
    assert await left(house, whole) == {(A, EVERYWHERE)}


async def test_a_role_is_decided_on_by_whoever_reviews_where_it_is_held(house, use, places):
    chu, ch2 = places
    ours, theirs, whole = [await hired(house, f"p{n}", (A, code)) for n, code in enumerate(("chu", "ch2", ""))]
    both, group = await begun(house, 10, "chu", "ch2", name="both"), await begun(house, 10, name="group")
    local = moved(house.staff(house.ruth), {chu})
    seen = await use.of(local, both.id)
    assert {one.line.place for one in seen.lines if one.mine and one.line.kind is RightKind.STAFF} == {chu}
    await say(house, local, both, ours, A, CONFIRMED, chu)
    with pytest.raises(Forbidden):
        await say(house, local, both, theirs, A, CONFIRMED, ch2)
    with pytest.raises(NotFound):
        await say(house, local, group, whole, A, CONFIRMED, EVERYWHERE)
    with pytest.raises(NotFound):
        await use.of(moved(house.staff(house.ruth), {ch2}), (await begun(house, 10, "chu", name="not theirs")).id)
    await say(house, house.staff(house.ruth), group, whole, A, CONFIRMED, EVERYWHERE)


async def test_in_a_review_of_two_hospitals_a_word_counts_where_the_role_is_held(house, places):
    chu, ch2 = places
    nina = await hired(house, "nina", (A, "chu"), (A, "ch2"))
    ours, theirs = [moved(house.staff(house.ruth), {place}) for place in places]
    both = await begun(house, 10, "chu", "ch2", name="both")
    await say(house, ours, both, nina, A, WITHDRAWN, chu)
    assert await left(house, nina) == {(A, ch2)}
    await say(house, theirs, both, nina, A, CONFIRMED, ch2)
    assert await left(house, nina) == {(A, ch2)}
    group = await begun(house, 10, name="group")
    await say(house, OPERATOR, group, nina, A, WITHDRAWN, ch2)
    await say(house, OPERATOR, group, nina, A, CONFIRMED, chu)
    assert await left(house, nina) == {(A, chu)}


async def test_nothing_waits_for_somebody_in_a_review_he_does_not_see(house, places):
    await hired(house, "nina", (A, "chu"))
    group, local = await begun(house, 10, name="group"), await begun(house, 10, "chu", name="local")
    leader = moved(house.staff(house.ruth), {places[0]})
    async with house.database.read() as uow:
        waits = [await waiting_for(uow, leader, one, clock.now()) for one in (group, local)]
    assert waits == [0, 3], "Eve, Nina and Alice; the group's lines are the group's"
    assert [one.id for one, _ in await house.services.reviews.to_decide(leader)] == [local.id]


async def test_what_waits_before_the_day_is_suspended_after_it(house, use, later):
    campaign = await begun(house, 10, "chu")
    for days, waiting, suspended in ((9.9, 2, 0), (10.1, 0, 2)):
        later(days)
        found = [await lines_of(house, campaign, state=state) for state in (LineState.OPEN, LineState.SUSPENDED)]
        assert [len(one) for one in found] == [waiting, suspended]


async def test_a_role_that_was_taken_away_does_not_come_back_in_another_form(house, places):
    """Withdrawn in one hospital and given for the group it holds in the others; withdrawn for the group it is gone."""
    chu, ch2 = places
    person = await hired(house, "nina", (A, "chu"))
    local = await begun(house, 10, "chu", name="local")
    await say(house, OPERATOR, local, person, A, WITHDRAWN, chu)
    await hired(house, "nina", (A, ""), ident=person.id)
    assert await left(house, person) == {(A, ch2)}
    group = await begun(house, 10, name="group")
    await say(house, OPERATOR, group, person, A, WITHDRAWN, EVERYWHERE)
    await hired(house, "nina", (A, "ch2"), (U, "ch2"), ident=person.id)
    assert await left(house, person) == {(U, ch2)}
    again = await begun(house, 10, "ch2", name="again")
    with pytest.raises(Forbidden):
        await say(house, moved(house.staff(house.ruth), {ch2}), again, person, A, CONFIRMED, ch2)
    await say(house, OPERATOR, again, person, A, CONFIRMED, ch2)
    assert await left(house, person) == {(A, ch2), (U, ch2)}


async def test_what_was_withdrawn_somewhere_is_not_lent_there(house, places):
    chu, ch2 = places
    lender, borrower = await hired(house, "lea", (A, "chu"), (A, "ch2")), await hired(house, "bo", (A, "ch2"))
    now = clock.now()
    async with house.database.write() as uow:
        await uow.delegations.add(Delegation("d1", lender.id, borrower.id, EVERYWHERE, now, now + DAY, "leave", now))
    await say(house, OPERATOR, await begun(house, 10, "chu", name="local"), lender, A, WITHDRAWN, chu)
    async with house.database.read() as uow:
        acting = (await all_now(uow, [borrower], clock.now()))[borrower.id]
    assert {one.assignment for one in acting.lent} == {Assignment(A, ch2)}


async def test_nothing_to_review_is_said_of_a_hospital_without_rights(house):
    with pytest.raises(Invalid):
        await begun(house, 10, "ch2")
    await house.services.inventory.save_device(OPERATOR, DeviceForm("lab-1", "Analyser", "ch2", ("other",), 2, "Labo"))
    assert [one.name for one in (await lines_of(house, await begun(house, 10, "ch2"))).values()] == ["Bob Petit"]


async def test_who_speaks_for_a_supplier_is_marked_as_long_as_he_does(house, use):
    campaign = await begun(house, 10)

    async def marked() -> set[str]:
        return {one.line.name for one in (await use.of(OPERATOR, campaign.id)).lines if one.correspondent}

    async def sheet() -> list[str]:
        text = (await use.export(OPERATOR, campaign.id))[1].decode("utf-8-sig")
        return [line.split(",")[1] for line in text.splitlines() if line.endswith(",yes")]

    admin = house.staff(house.ruth)
    assert (await marked(), await sheet()) == (set(), [])
    await house.services.company.name_correspondent(admin, house.alice.id, named=True)
    assert (await marked(), await sheet()) == ({"Alice Martin"}, ["Alice Martin"])
    form = TechnicianForm(house.alice.login, "Alice Martin", "", "other", id=house.alice.id)
    await house.services.people.save_technician(OPERATOR, form)
    assert (await marked(), await sheet()) == (set(), [])
