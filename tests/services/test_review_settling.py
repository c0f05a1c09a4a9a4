"""R-19: who has left while a review runs keeps nobody from signing it, and comes back only once he is confirmed."""

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bastion import clock
from bastion.domain.parties import Role, system_actor
from bastion.domain.review import LineState, ReviewLine, RightKind, Verdict
from bastion.errors import Conflict, Forbidden, Invalid, Suspended
from bastion.services.people import StaffForm
from bastion.store import tables as t
from tests.services.house import OPERATOR
from tests.services.test_reviews import CONFIRMED, begun, lines, now_as, use
from tests.services.test_row_order import waiting
from tests.store.tampering import attempt

__all__ = ["use"]
ME = system_actor()


async def states(house, campaign) -> dict[str, LineState]:
    review = await house.services.reviews.of(OPERATOR, campaign.id)
    return {f"{one.line.name} {one.line.right}".strip(): one.state for one in review.lines}


async def test_R19_somebody_who_left_is_settled_with_a_trace_and_the_review_can_be_signed(house, use):
    campaign = await begun(house, 10, "chu")
    waits = await lines(house, campaign, RightKind.STAFF)
    await use.decide(OPERATOR, campaign.id, list(waits.values()), CONFIRMED)
    assert await use.settle(ME) == 0, "nobody has left"
    await house.services.rosters.leave(OPERATOR, house.alice.id, "resigned")
    assert (await states(house, campaign))["Alice Martin"] is LineState.OPEN
    assert await use.settle(ME) == 1
    assert (await states(house, campaign))["Alice Martin"] is LineState.GONE
    (line,) = [one.line for one in (await use.of(OPERATOR, campaign.id)).lines if one.line.name == "Alice Martin"]
    assert (line.decided_by, line.decided_at is None) == (ME.name, False)
    event = await house.event("review:settled")
    assert (event.fields["count"], event.fields["who"], event.subject_id) == ("1", "Alice Martin", campaign.id)
    assert await use.settle(ME) == 0
    signature = await use.sign(house.staff(house.ruth), campaign.id)
    assert (signature.confirmed, signature.withdrawn) == (len(waits), 0)
    _, sheet = await use.export(house.staff(house.ruth), campaign.id)
    assert "Alice Martin,Acme Imaging,,gone" in sheet.decode()


async def test_R19_what_somebody_decides_meanwhile_is_not_settled(house, use):
    campaign = await begun(house, 10, "chu")
    await house.services.rosters.leave(OPERATOR, house.alice.id, "resigned")
    async with house.database.write() as uow:
        (line,) = [one for one in await uow.review_lines.open_of(campaign.id) if one.subject_id == house.alice.id]
        said = replace(line, verdict=CONFIRMED, decided_at=clock.now(), decided_by="Ruth")
        settling = asyncio.create_task(use.settle(ME))
        await waiting(house, uow, settling)
        await uow.review_lines.save_all([said])
    assert await settling == 0
    assert (await states(house, campaign))["Alice Martin"] is LineState.CONFIRMED


async def test_R19_who_comes_back_is_confirmed_first(house, use):
    campaign = await begun(house, 10, "chu")
    await house.services.rosters.leave(OPERATOR, house.alice.id, "resigned")
    await use.settle(ME)
    async with house.database.write() as uow:
        await uow.technicians.save(replace(house.alice, active=True))
    with pytest.raises(Suspended):
        await house.asked()
    gone = (await lines(house, campaign))["Alice Martin"]
    with pytest.raises(Invalid):
        await use.decide(OPERATOR, campaign.id, [gone], Verdict.GONE, "a person does not say this")
    await use.decide(OPERATOR, campaign.id, [gone], CONFIRMED)
    assert (await house.asked()).id


async def test_R19_a_role_that_was_taken_away_and_an_account_that_was_closed_wait_for_nobody(house, use):
    campaign = await begun(house, 10)
    form = StaffForm("eve", "Eve", "eve@chu", frozenset({Role.AUDITOR}), ("chu",), "en", id=house.eve.id)
    await house.services.people.save_staff(OPERATOR, form)
    form = StaffForm("max", "Max", "max@chu", frozenset({Role.APPROVER}), (), "en", active=False, id=house.max.id)
    await house.services.people.save_staff(OPERATOR, form)
    assert await use.settle(ME) == 2
    found = await states(house, campaign)
    assert {name for name, state in found.items() if state is LineState.GONE} == {"Eve approver", "Max approver"}
    async with house.database.read() as uow:
        eve = await uow.staff.get(house.eve.id)
    assert await now_as(house, eve) == {Role.AUDITOR}, "what was given since stands in the next review"


@pytest.mark.parametrize(("who", "there"), [("max", ("chu",)), ("eve", ())], ids=["narrowed", "widened"])
async def test_R19_whose_role_is_held_elsewhere_too_or_only_there_works_on_until_people_decide(house, use, who, there):
    campaign = await begun(house, 10)
    form = StaffForm(who, who, f"{who}@chu", frozenset({Role.APPROVER}), there, "en", id=getattr(house, who).id)
    saved = await house.services.people.save_staff(OPERATOR, form)
    assert await use.settle(ME) == 0
    assert await now_as(house, saved) == {Role.APPROVER}
    assert LineState.GONE not in (await states(house, campaign)).values()


async def test_R19_a_line_from_before_places_were_kept_is_about_all_hospitals_of_its_review(house, use):
    campaign = await begun(house, 10, "chu")
    old = ReviewLine("f" * 32, campaign.id, RightKind.STAFF, house.eve.id, "approver", "Eve of old", "")
    closed = replace(old, id="e" * 32, right="auditor", name="Eve who audited")
    async with house.database.write() as uow:
        for line in (old, closed):
            await uow.review_lines.add(line)
    assert await use.settle(ME) == 1
    found = await states(house, campaign)
    assert (found["Eve of old approver"], found["Eve who audited auditor"]) == (LineState.OPEN, LineState.GONE)


async def test_R19_what_ended_lifts_nothing_that_another_hospital_has_withdrawn(house, use):
    """Only people lift what people withdrew, whatever a later review saw end of itself."""
    first = await begun(house, 10, "chu", name="one")
    await use.decide(OPERATOR, first.id, [(await lines(house, first))["Alice Martin"]], Verdict.WITHDRAWN, "not here")
    both = await begun(house, 12, "chu", "ch2", name="two")
    line = (await lines(house, both))["Alice Martin"]
    async with house.database.write() as uow:
        await uow.technicians.save(replace(house.alice, active=False))
    assert await use.settle(ME) > 0
    async with house.database.write() as uow:
        await uow.technicians.save(house.alice)
    form = StaffForm("sven", "Sven", "sven@ch2.example", frozenset({Role.APPROVER}), ("ch2",), "en")
    sven = await house.services.people.save_staff(OPERATOR, form)
    with pytest.raises(Forbidden):
        await use.decide(house.staff(sven), both.id, [line], CONFIRMED)


@pytest.mark.parametrize("change", [
    {"name": "x"}, {"subject_id": "x"}, {"place": "*"}, {"verdict": None, "decided_at": None, "decided_by": ""},
])  # fmt: skip
async def test_a_line_that_is_settled_stays_as_it_was_begun_and_settled(house, use, change):
    """SQLite makes the table anew to take the word; what guards it is there again."""
    await begun(house, 10, "chu")
    await house.services.rosters.leave(OPERATOR, house.alice.id, "resigned")
    assert await use.settle(ME) == 1
    gone = t.review_lines.c.verdict == Verdict.GONE
    for deed in (sa.update(t.review_lines).where(gone).values(**change), sa.delete(t.review_lines).where(gone)):
        with pytest.raises(Conflict):
            await attempt(house.database, deed)
