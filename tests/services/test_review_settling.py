"""R-19: who has left while a review runs keeps nobody from signing it, and comes back only once he is confirmed."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bastion.domain.parties import Role, system_actor
from bastion.domain.review import LineState, RightKind, Verdict
from bastion.errors import Conflict, Invalid, Suspended
from bastion.services.people import StaffForm
from bastion.store import tables as t
from tests.services.house import OPERATOR
from tests.services.test_reviews import CONFIRMED, begun, lines, now_as, use
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
