"""R-19: whoever may decide on a line of a review is told in time, and only he."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.local_time import day_end
from bastion.domain.parties import Assignment, Role, assigned, system_actor
from bastion.domain.review import RightKind
from bastion.domain.telling import Topic
from bastion.services.digest import counted
from bastion.services.people import StaffForm
from bastion.services.review_reach import waiting_for
from bastion.services.reviews import CampaignForm
from tests.services.house import OPERATOR, moved
from tests.services.postroom import heard, turn
from tests.services.test_reviews import CONFIRMED, begun, later, lines, use

__all__ = ["later", "use"]
TOLD = "Access rights are to be reviewed by "


def told(box) -> dict[str, int]:
    return {who: sum(one.startswith(TOLD) for one in subjects) for who, subjects in heard(box).items()}


async def confirm(house, campaign, kind=None):
    ids = list((await lines(house, campaign, kind)).values())
    await house.services.reviews.decide(OPERATOR, campaign.id, ids, CONFIRMED)


async def test_whoever_may_decide_on_a_line_is_told_when_it_begins(house, tell, box):
    """Eve and Max review the technician, Ruth the roles; an auditor reviews nothing."""
    await house.services.people.save_staff(OPERATOR, StaffForm("nina", "Nina", "n@chu", frozenset({Role.AUDITOR})))
    campaign = await begun(house, 10, "chu", name="canary")
    await turn(tell)
    assert told(box) == {"eve@chu": 1, "max@chu": 1, "ruth@chu": 1}
    (letter,) = [one for one in box.letters if one["To"] == "eve@chu"]
    text = letter.get_content()
    assert f"/reviews/{campaign.id}" in text
    assert "Lines that nobody has decided yet: 2" in text
    assert "canary" not in text + letter["Subject"]


async def test_the_mail_says_the_day_of_the_page_however_far_from_home_the_hospital_is(house, tell, box):
    async with house.database.write() as uow:
        (chu,) = [one for one in await uow.facilities.all() if one.code == "chu"]
        await uow.facilities.save(replace(chu, timezone="Pacific/Auckland"))
    day = (clock.now() + timedelta(days=10)).date()
    form = CampaignForm("H2 2026", day_end(day), ("chu",))
    await house.services.reviews.start(house.staff(house.ruth), form)
    await turn(tell)
    assert f"{TOLD}{day}" in heard(box)["eve@chu"]


async def test_of_another_hospital_s_review_nobody_here_hears(house, tell, box):
    await house.services.people.save_staff(
        OPERATOR, StaffForm("nora", "Nora", "nora@ch2", frozenset({Role.APPROVER}), ("ch2",))
    )
    await begun(house, 10, "chu")
    await turn(tell)
    assert "nora@ch2" not in heard(box)


async def test_once_more_a_week_before_the_day_to_whoever_still_has_lines(house, use, tell, box, later):
    campaign = await begun(house, 20, "chu")
    await turn(tell)
    await confirm(house, campaign, RightKind.TECHNICIAN)
    box.raw.clear()
    later(12.9)
    assert await use.warn(system_actor()) == 0
    later(13)
    assert (await use.warn(system_actor()), await use.warn(system_actor())) == (1, 0)
    await turn(tell)
    assert told(box) == {"ruth@chu": 1}, "of the technicians nothing is left for Eve and Max"
    event = await house.event("review:ending")
    assert (event.fields["count"], event.fields["name"], event.subject_id) == ("1", "H2 2026", campaign.id)


@pytest.mark.parametrize("days", [5, 7])
async def test_a_short_review_is_told_once(house, use, later, days):
    await begun(house, days)
    later(days - 0.5)
    assert await use.warn(system_actor()) == 0


async def test_what_is_decided_or_over_is_not_told(house, use, tell, box, later):
    campaign = await begun(house, 20, "chu")
    await tell.gather()
    await confirm(house, campaign)
    await turn(tell)
    assert TOLD not in str(heard(box))
    later(14)
    assert await use.warn(system_actor()) == 0
    silent = await begun(house, 20, name="silent")
    assert silent.due_at > clock.now()
    later(40)
    assert await use.warn(system_actor()) == 0


@pytest.mark.usefixtures("box")
async def test_what_a_program_is_told_holds_nothing_typed(house, tell):
    campaign = await begun(house, 10, "chu", name="canary")
    await tell.gather()
    async with house.database.read() as uow:
        rows = [one for one in await uow.deliveries.search(limit=50) if one.topic is Topic.RIGHTS_DUE]
    assert {tuple(sorted(one.facts)) for one in rows} == {("count", "review", "until")}
    assert {one.facts["review"] for one in rows} == {campaign.id}
    assert {one.facility_id for one in rows} == {house.device.facility_id}


# -- the first page, and the numbers of a day --------------------------------------------------------------------------
async def due(house, actor) -> dict[str, int]:
    return {one.name: count for one, count in await house.services.reviews.to_decide(actor)}


async def test_the_first_page_counts_the_lines_that_wait_for_its_reader(house, later):
    eve, most, ruth = (house.staff(one) for one in (house.eve, house.max, house.ruth))
    local, whole = await begun(house, 10, "chu", name="local"), await begun(house, 5, name="whole")
    assert list((await due(house, most)).items()) == [("whole", 2), ("local", 1)]
    assert await due(house, eve) == {"local": 1}
    assert await due(house, ruth) == {"whole": 4, "local": 2}, "her own two roles another reviews"
    assert await due(house, moved(most, {"elsewhere"})) == {}
    auditor = replace(most, assignments=assigned({Role.AUDITOR}, {"*"}))
    assert await due(house, auditor) == {}
    await confirm(house, local)
    assert await due(house, eve) == {}
    later(6)
    assert await due(house, most) == {}
    assert whole.due_at < clock.now() < local.due_at + timedelta(days=1)


async def test_R28_an_approver_of_a_ward_counts_what_is_his(house):
    campaign, here = await begun(house, 10, "chu"), house.device.facility_id
    for ward, count in (("imagerie", 1), ("Labo", 0)):
        actor = replace(house.staff(house.eve), assignments=(Assignment(Role.APPROVER, here, (ward,)),))
        async with house.database.read() as uow:
            assert await waiting_for(uow, actor, campaign, clock.now()) == count, ward
    await confirm(house, campaign, RightKind.TECHNICIAN)
    async with house.database.read() as uow:
        imaging = replace(actor, assignments=(Assignment(Role.APPROVER, here, ("Imagerie",)),))
        assert await waiting_for(uow, imaging, campaign, clock.now()) == 0


async def test_the_day_s_numbers_count_the_lines_that_nobody_decided(house, later):
    campaign = await begun(house, 10, "chu")

    async def rights(seen):
        async with house.database.read() as uow:
            return (await counted(uow, seen, clock.now()))["rights"]

    assert await rights(None) == "2"
    assert await rights(frozenset({house.device.facility_id})) == "2"
    assert await rights(frozenset({"elsewhere"})) == "0"
    await confirm(house, campaign, RightKind.STAFF)
    assert await rights(None) == "1"
    later(11)
    assert await rights(None) == "0"
