"""R-19: rights are reviewed with a sign-off; what is not confirmed on the day is suspended until it is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.parties import EVERYWHERE, Role, operator_actor
from bastion.domain.review import LineState, RightKind, Verdict
from bastion.errors import (
    Forbidden,
    FreshFactorNeeded,
    Invalid,
    NotFound,
    ReasonNeeded,
    Suspended,
)
from bastion.services.actors import reviewed, staff_actor
from bastion.services.people import StaffForm, TechnicianForm
from bastion.services.reviews import CampaignForm
from tests.services.house import OPERATOR, SOURCE, moved
from tests.services.test_maintenance import LOOK, THE_DAY_BEFORE, TUESDAY_NOON, agreed, at
from tests.services.test_subcontractors import later

__all__ = ["at", "later"]
DAY = timedelta(days=1)
CONFIRMED, WITHDRAWN = Verdict.CONFIRMED, Verdict.WITHDRAWN


@pytest.fixture
def use(house):
    return house.services.reviews


async def begun(house, days: float = 10, *codes: str, name: str = "H2 2026"):
    form = CampaignForm(name, clock.now() + days * DAY, codes)
    return await house.services.reviews.start(house.staff(house.ruth), form)


async def lines(house, campaign, kind=None):
    review = await house.services.reviews.of(house.staff(house.ruth), campaign.id)
    return {
        f"{one.line.name} {one.line.right}".strip(): one.line.id
        for one in review.lines
        if kind in {None, one.line.kind}
    }


async def now_as(house, person):
    """The roles the person has this second, as signing in gives them."""
    async with house.database.read() as uow:
        return (await reviewed(uow, staff_actor(person, SOURCE, clock.now()), clock.now())).roles


async def test_a_campaign_lists_roles_and_the_people_of_suppliers_that_maintain_there(house, use):
    campaign = await begun(house)
    assert list(await lines(house, campaign)) == [
        "Eve approver", "Max approver", "Ruth admin", "Ruth security", "Alice Martin", "Bob Petit",
    ]  # fmt: skip
    (standing,) = await use.all(house.staff(house.max))
    assert (standing.campaign, standing.total, standing.counts[LineState.OPEN]) == (campaign, 6, 6)
    event = await house.event("review:started")
    assert (event.fields["name"], event.fields["count"]) == ("H2 2026", "6")


async def test_a_hospital_s_review_holds_its_own_people_only(house, use):
    assert list(await lines(house, await begun(house, 10, "chu"))) == ["Eve approver", "Alice Martin"]
    with pytest.raises(Invalid):
        await begun(house, 10, "ch2")


async def test_who_is_not_confirmed_on_the_day_is_suspended_until_somebody_confirms(house, use, later):
    campaign = await begun(house, 10, "chu")
    ids = await lines(house, campaign)
    later(9.99)
    await house.services.taking_back.withdraw(house.technician(), (await house.asked()).id)
    later(10.01)
    with pytest.raises(Suspended) as refused:
        await house.asked()
    assert "review of access rights has not confirmed this access" in refused.value.public
    await use.decide(house.staff(house.eve), campaign.id, [ids["Alice Martin"]], CONFIRMED)
    assert (await house.asked()).quorum == 1


async def test_silence_ends_no_running_session_and_a_withdrawal_does(house, use, later):
    opened = await house.opened()
    campaign = await begun(house, 10, "chu")
    ids = await lines(house, campaign)
    later(11)
    assert (await house.services.sessions.wishes("n1"))[opened.record.id].welcome
    await use.decide(house.staff(house.eve), campaign.id, [ids["Alice Martin"]], WITHDRAWN, "has changed job")
    assert not (await house.services.sessions.wishes("n1"))[opened.record.id].welcome


async def test_a_role_that_is_withdrawn_or_not_confirmed_is_gone_the_same_second(house, use, later):
    campaign = await begun(house)
    ids = await lines(house, campaign)
    assert await now_as(house, house.ruth) == {Role.ADMIN, Role.SECURITY}
    await use.decide(OPERATOR, campaign.id, [ids["Ruth admin"]], WITHDRAWN, "other duty")
    await use.decide(OPERATOR, campaign.id, [ids["Max approver"]], CONFIRMED)
    assert await now_as(house, house.ruth) == {Role.SECURITY}
    later(10.5)
    assert (await now_as(house, house.ruth), await now_as(house, house.eve)) == (frozenset(), frozenset())
    assert await now_as(house, house.max) == {Role.APPROVER}
    await use.decide(OPERATOR, campaign.id, [ids["Ruth security"], ids["Ruth admin"]], CONFIRMED)
    assert await now_as(house, house.ruth) == {Role.ADMIN, Role.SECURITY}


async def test_the_latest_campaign_that_has_spoken_counts(house, use, later):
    first = await begun(house, 10, "chu")
    later(11)
    second = await begun(house, 30, "chu", name="again")
    with pytest.raises(Suspended):
        await house.asked()
    ids = await lines(house, second)
    await use.decide(house.staff(house.eve), second.id, [ids["Alice Martin"]], CONFIRMED)
    await house.services.taking_back.withdraw(house.technician(), (await house.asked()).id)
    ids = await lines(house, first)
    await use.decide(house.staff(house.eve), first.id, [ids["Alice Martin"]], WITHDRAWN, "an old sheet")
    assert (await house.asked()).quorum == 1


async def test_nobody_reviews_his_own_rights_nor_those_that_are_not_his_to_review(house, use):
    campaign = await begun(house)
    ids = await lines(house, campaign)
    ruth, most = house.staff(house.ruth), house.staff(house.max)
    for actor, name in ((ruth, "Ruth admin"), (most, "Max approver"), (most, "Eve approver")):
        with pytest.raises(Forbidden):
            await use.decide(actor, campaign.id, [ids["Alice Martin"], ids[name]], CONFIRMED)
    assert (await use.all(most))[0].counts[LineState.CONFIRMED] == 0
    campaign, eve = await begun(house, 10, "chu"), house.staff(house.eve)
    ids, review = await lines(house, campaign), await use.of(eve, campaign.id)
    assert [one.line.name for one in review.lines if one.mine] == ["Alice Martin"]
    with pytest.raises(FreshFactorNeeded):
        await use.decide(house.staff(house.eve, fresh=False), campaign.id, [ids["Alice Martin"]], CONFIRMED)
    with pytest.raises(ReasonNeeded):
        await use.decide(eve, campaign.id, [ids["Alice Martin"]], WITHDRAWN, " ")
    with pytest.raises(Invalid):
        await use.decide(eve, campaign.id, [], CONFIRMED)


async def test_a_line_of_another_review_and_a_review_of_another_hospital_are_not_there(house, use):
    campaign, other = await begun(house, 10, "chu"), await begun(house)
    foreign, ids = await lines(house, other), await lines(house, campaign)
    with pytest.raises(NotFound):
        await use.decide(OPERATOR, campaign.id, [ids["Alice Martin"], foreign["Max approver"]], CONFIRMED)
    for call in (use.of(house.staff(house.eve), other.id), use.of(OPERATOR, "0" * 32)):
        with pytest.raises(NotFound):
            await call
    assert [one.campaign.id for one in await use.all(house.staff(house.eve))] == [campaign.id]
    with pytest.raises(Forbidden):
        await use.all(house.technician())


async def test_who_may_begin_one_and_what_it_needs(house, use):
    usual = CampaignForm("H2", clock.now() + DAY)
    with pytest.raises(Forbidden):
        await use.start(house.staff(house.eve), usual)
    with pytest.raises(FreshFactorNeeded):
        await use.start(house.staff(house.ruth, fresh=False), usual)
    local = moved(house.staff(house.ruth), {house.device.facility_id})
    with pytest.raises(NotFound):
        await use.start(local, usual)
    with pytest.raises(NotFound):
        await use.start(local, replace(usual, facility_codes=("ch2",)))
    with pytest.raises(NotFound):
        await use.start(OPERATOR, replace(usual, facility_codes=("nowhere",)))
    for wrong in (replace(usual, name=" "), replace(usual, due_at=clock.now() - DAY)):
        with pytest.raises(Invalid):
            await use.start(OPERATOR, wrong)
    assert (await use.start(local, replace(usual, facility_codes=("chu",)))).facilities == (house.device.facility_id,)
    assert EVERYWHERE in (await use.start(operator_actor("root"), usual)).facilities


async def test_T39_the_export_holds_no_formula_and_is_audited(house, use):
    name = "=cmd|' /C calc'!A0"
    await house.services.people.save_staff(OPERATOR, StaffForm("mallory", name, "", frozenset({Role.AUDITOR})))
    await house.services.people.save_technician(OPERATOR, TechnicianForm("bob2", "+Bob", "", "acme"))
    campaign = await begun(house)
    ids = await lines(house, campaign)
    await use.decide(OPERATOR, campaign.id, [ids["Alice Martin"]], CONFIRMED, "@SUM(A1)\nsecond line")
    _, sheet = await use.export(house.staff(house.ruth), campaign.id)
    text = sheet.decode("utf-8-sig")
    assert f"'{name}" in text
    assert "'+Bob" in text
    assert "'@SUM(A1)\\x0asecond line" in text
    assert not any(cell.startswith(("=", "+", "@")) for line in text.splitlines() for cell in line.split(","))
    assert len(text.splitlines()) == 9
    assert (await house.event("review:exported")).fields["count"] == "8"
    with pytest.raises(FreshFactorNeeded):
        await use.export(house.staff(house.ruth, fresh=False), campaign.id)


async def test_a_decision_is_signed_for_and_stands_in_the_trail(house, use):
    campaign = await begun(house, 10, "chu")
    ids = await lines(house, campaign, RightKind.TECHNICIAN)
    await use.decide(house.staff(house.eve), campaign.id, list(ids.values()), CONFIRMED, "known to us")
    (line,) = [one.line for one in (await use.of(OPERATOR, campaign.id)).lines if one.line.verdict]
    assert (line.decided_by, line.note, line.verdict) == ("Eve", "known to us", CONFIRMED)
    event = await house.event("review:decided")
    assert (event.fields["answer"], event.fields["count"], event.fields["who"]) == ("confirmed", "1", "Alice Martin")


async def test_what_a_window_stands_for_waits_for_somebody_once_its_review_is_silent(house, use, at):
    await agreed(house, at)
    at(THE_DAY_BEFORE)
    campaign = await begun(house, 0.5)
    (window,) = (await lines(house, campaign, RightKind.WINDOW)).values()
    people = [*(await lines(house, campaign, RightKind.TECHNICIAN)).values()]
    roles = [*(await lines(house, campaign, RightKind.STAFF)).values()]
    await use.decide(OPERATOR, campaign.id, people + roles, CONFIRMED)
    at(TUESDAY_NOON)
    waits = await house.asked(kind=LOOK)
    assert waits.state(clock.now()) is RequestState.PENDING
    await house.services.taking_back.withdraw(house.technician(), waits.id)
    await use.decide(OPERATOR, campaign.id, [window], CONFIRMED)
    assert (await house.asked(kind=LOOK)).state(clock.now()) is RequestState.APPROVED
