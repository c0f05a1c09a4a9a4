"""R-19, R-28, R-70: what a review says holds in its hospitals, and who may lift it is somebody who reviews there."""

from dataclasses import replace

import pytest

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.maintenance import Rhythm
from bastion.domain.parties import EVERYWHERE, Assignment, Role
from bastion.domain.readiness import Readiness
from bastion.domain.review import RightKind
from bastion.errors import Forbidden, Suspended
from bastion.services.inventory import DeviceForm
from bastion.services.maintenance import WindowForm
from tests.services.batches import more_devices
from tests.services.house import CONNECTION, OPERATOR, moved
from tests.services.test_reviews import CONFIRMED, DAY, WITHDRAWN, begun, later, lines, use

__all__ = ["later", "use"]
CHU, CH2 = "ct-01", "ct-03"


@pytest.fixture
async def group(house):
    """The supplier maintains a device in each of two hospitals; returns who approves in the second."""
    await more_devices(house)
    async with house.database.read() as uow:
        there = (await uow.facilities.by_code("ch2")).id
    return replace(moved(house.staff(house.max), {there}), id="staff-2", name="Nora")


async def say(house, actor, campaign, verdict, note=""):
    ids = await lines(house, campaign, RightKind.TECHNICIAN)
    fresh = replace(actor, factor_at=clock.now())
    await house.services.reviews.decide(fresh, campaign.id, [ids["Alice Martin"]], verdict, note)


async def may_ask(house, code: str) -> bool:
    try:
        request = await house.asked(device_code=code)
    except Suspended:
        return False
    await house.services.taking_back.withdraw(house.technician(), request.id)
    return True


async def why(house) -> str:
    return str((await house.services.rosters.person(house.staff(house.ruth), house.alice.id)).why or "")


async def barred(house) -> bool:
    """What the register says of her in one word."""
    found = await house.services.people.technicians(house.staff(house.ruth), "alice")
    return {view.technician.login: view.readiness for view in found}["alice"] is Readiness.BARRED


async def test_what_one_hospital_withdrew_another_does_not_give_back_there(house, group):
    await say(house, house.staff(house.eve), await begun(house, 10, "chu"), WITHDRAWN, "has changed job")
    assert (await may_ask(house, CHU), await may_ask(house, CH2)) == (False, True)
    await say(house, group, await begun(house, 20, "ch2", name="theirs"), CONFIRMED)
    assert (await may_ask(house, CHU), await may_ask(house, CH2)) == (False, True)


async def test_silence_in_one_hospital_suspends_there(house, group, later):
    await begun(house, 10, "chu")
    later(11)
    assert (await may_ask(house, CHU), await may_ask(house, CH2)) == (False, True)
    await say(house, group, await begun(house, 20, "ch2", name="theirs"), CONFIRMED)
    assert (await may_ask(house, CHU), await may_ask(house, CH2)) == (False, True)


async def test_a_review_of_the_group_speaks_everywhere_and_a_hospital_s_own_later_one_for_itself(house, group, later):
    await begun(house, 10)
    later(11)
    assert (await may_ask(house, CHU), await may_ask(house, CH2)) == (False, False)
    await say(house, group, await begun(house, 20, "ch2", name="theirs"), CONFIRMED)
    assert (await may_ask(house, CHU), await may_ask(house, CH2)) == (False, True)


async def test_a_withdrawal_of_one_hospital_ends_the_sessions_on_its_devices_only(house, group):
    opened, grants = await house.opened(), house.services.sessions
    assert opened.record.facility_id == house.device.facility_id
    await say(house, group, await begun(house, 20, "ch2"), WITHDRAWN, "not with us")
    assert (await grants.wishes("n1"))[opened.record.id].welcome
    await say(house, house.staff(house.eve), await begun(house, 20, "chu", name="ours"), WITHDRAWN, "nor with us")
    assert not (await grants.wishes("n1"))[opened.record.id].welcome


async def test_an_agreed_right_opens_no_session_where_it_is_withdrawn(house, group):
    request = await house.approved()
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    await say(house, house.staff(house.eve), await begun(house, 10, "chu"), WITHDRAWN, "has changed job")
    await say(house, group, await begun(house, 20, "ch2", name="theirs"), CONFIRMED)
    sessions = house.services.sessions
    with pytest.raises(Suspended):
        await sessions.open(house.technician(), request.grant_id, CONNECTION)


async def test_what_is_offered_to_ask_for_is_what_asking_takes(house, group):
    """In one hospital of two: where asking is refused nothing is offered, neither of her nor to her."""
    people, eve, alice, both = house.services.people, house.staff(house.eve), house.alice, house.staff(house.max)

    async def offered() -> tuple[list[str], list[bool], dict[str, str]]:
        out = [one.code for one in await people.out_of(both, alice)]
        away = [alice.id in await people.kept_away(both, [alice], code) for code in (CHU, CH2, "")]
        menu = (await house.services.sessions.enter(house.technician(), "", "")).menu
        return out, away, {one.device.code: one.state for one in menu if one.device.code in {CHU, CH2}}

    assert await offered() == ([], [False, False, False], {CHU: "none", CH2: "none"})
    await say(house, eve, await begun(house, 10, "chu"), WITHDRAWN, "has changed job")
    assert await offered() == (["chu"], [True, False, False], {CHU: "barred", CH2: "none"})
    assert (await may_ask(house, CHU), await may_ask(house, CH2)) == (False, True)
    assert await people.out_of(group, alice) == [], "of a hospital that is not his nobody reads"


async def test_who_is_out_of_one_hospital_still_comes_in_and_of_all_no_longer(house, group):
    sessions, ours = house.services.sessions, await begun(house, 10, "chu")
    await say(house, house.staff(house.eve), ours, WITHDRAWN, "has changed job")
    assert (await sessions.enter(house.technician(), "", "")).menu
    assert (await sessions.enter(house.technician(), CH2, "")).device.code == CH2
    with pytest.raises(Suspended):
        await sessions.enter(house.technician(), CHU, "")
    assert await why(house) == "in these hospitals a review of access rights has not confirmed this access: CHU Demo."
    assert not await barred(house), "she comes in, if not everywhere"
    await say(house, group, await begun(house, 20, "ch2", name="theirs"), WITHDRAWN, "nor with us")
    with pytest.raises(Suspended):
        await sessions.enter(house.technician(), "", "")
    assert await why(house) == "the hospital's review of access rights has not confirmed this access."
    assert await barred(house)


async def test_R70_in_a_review_of_both_one_hospital_does_not_lift_what_was_withdrawn_for_both(house, group):
    both = await begun(house, 10, "chu", "ch2")
    await say(house, house.staff(house.eve), both, WITHDRAWN, "has changed job")
    with pytest.raises(Forbidden) as refused:
        await say(house, group, both, CONFIRMED)
    assert refused.value.public.startswith("Alice Martin: a review has withdrawn this for a hospital in which you")
    with pytest.raises(Forbidden):
        await say(house, house.staff(house.eve), both, CONFIRMED)
    await say(house, group, both, WITHDRAWN, "we neither")
    await say(house, house.staff(house.max), both, CONFIRMED)
    assert await may_ask(house, CHU)


async def test_R70_nor_by_a_later_review_of_both_nor_after_a_silent_one(house, group, later):
    await say(house, house.staff(house.eve), await begun(house, 10, "chu"), WITHDRAWN, "has changed job")
    silent = await begun(house, 10, "chu", "ch2", name="silent")
    later(11)
    for campaign in (silent, await begun(house, 10, "chu", "ch2", name="again")):
        with pytest.raises(Forbidden):
            await say(house, group, campaign, CONFIRMED)
    assert not await may_ask(house, CHU)
    await say(house, house.staff(house.eve), campaign, CONFIRMED)
    await say(house, group, campaign, CONFIRMED, "we too")
    assert await may_ask(house, CHU)


async def test_R70_what_the_group_withdrew_a_hospital_does_not_give_back(house, group):
    await say(house, OPERATOR, await begun(house, 10), WITHDRAWN, "has changed job")
    ours = await begun(house, 10, "chu", name="ours")
    with pytest.raises(Forbidden):
        await say(house, house.staff(house.eve), ours, CONFIRMED)
    await say(house, house.staff(house.max), ours, CONFIRMED)
    assert (await may_ask(house, CHU), await may_ask(house, CH2)) == (True, False)
    assert EVERYWHERE in house.max.facilities
    assert group.places(Role.APPROVER) != house.max.facilities


# -- wards -------------------------------------------------------------------------------------------------------------
def of_wards(house, *wards: str):
    return replace(
        house.staff(house.eve), assignments=(Assignment(Role.APPROVER, house.device.facility_id, wards),)
    )  # fmt: skip


async def mine(house, actor, campaign) -> set[str]:
    review = await house.services.reviews.of(actor, campaign.id)
    return {one.line.name for one in review.lines if one.mine}


async def test_R28_an_approver_of_a_ward_reviews_who_comes_to_its_devices(house, use):
    """Alice's company maintains the scanner of the imaging ward, Bob's the analyser of the laboratory; what hers
    maintains in a laboratory of another hospital says nothing here.
    """
    for code, place, company in (("lab-1", "chu", "other"), ("lab-2", "ch2", "acme")):
        form = DeviceForm(code, "Analyser", place, (company,), 2, "Labo")
        await house.services.inventory.save_device(OPERATOR, form)
    campaign = await begun(house, 10, "chu")
    ids = await lines(house, campaign, RightKind.TECHNICIAN)
    imaging, labo = of_wards(house, "imagerie"), of_wards(house, "Labo")
    assert await mine(house, imaging, campaign) == {"Alice Martin"}
    assert await mine(house, labo, campaign) == {"Bob Petit"}
    assert await mine(house, of_wards(house, "Labo", "Imagerie"), campaign) == {"Alice Martin", "Bob Petit"}
    assert await mine(house, of_wards(house, "Bloc"), campaign) == set()
    for verdict, note in ((CONFIRMED, ""), (WITHDRAWN, "left")):
        with pytest.raises(Forbidden):
            await use.decide(labo, campaign.id, [ids["Alice Martin"]], verdict, note)
    await use.decide(imaging, campaign.id, [ids["Alice Martin"]], CONFIRMED)


async def test_R28_a_window_is_reviewed_by_the_ward_of_its_device(house, use):
    ends, rhythm = clock.now() + 90 * DAY, Rhythm(0, 6, 60, 60)
    form = WindowForm(CHU, "", InterventionKind.TELEDIAGNOSTIC, rhythm, ends, "weekly look")
    made = await house.services.maintenance.propose(house.staff(house.max), form)
    await house.services.maintenance.agree(house.staff(house.eve), made.id, made.version)
    campaign = await begun(house, 10, "chu")
    (name,) = await lines(house, campaign, RightKind.WINDOW)
    assert len(await mine(house, of_wards(house, "Imagerie"), campaign)) == 2
    assert await mine(house, of_wards(house, "Labo"), campaign) == set()
    with pytest.raises(Forbidden):
        await use.decide(
            of_wards(house, "Labo"), campaign.id, list((await lines(house, campaign, RightKind.WINDOW)).values()),
            CONFIRMED,
        )  # fmt: skip
    assert name.startswith(CHU)


async def test_R28_a_ward_of_a_hospital_that_is_not_under_review_counts_for_nothing(house, group):
    """The same ward name elsewhere, and the same company there."""
    there = next(iter(group.places()))
    await house.services.inventory.save_device(OPERATOR, DeviceForm("ct-9", "Scanner", "ch2", ("acme",), 2, "Rayons"))
    actor = replace(
        house.staff(house.eve),
        assignments=(
            Assignment(Role.APPROVER, there, ("Rayons",)), Assignment(Role.AUDITOR, house.device.facility_id),
        ),
    )  # fmt: skip
    assert await mine(house, actor, await begun(house, 10, "chu")) == set()
    assert await mine(house, actor, await begun(house, 10, "ch2", name="theirs")) == {"Alice Martin"}
