"""Nobody answers: ring after ring is told, by the clock alone, and everybody can see it (R-26)."""

import pytest

from bastion.domain.parties import Role
from bastion.services.duties import Duty
from bastion.services.people import StaffForm
from bastion.services.webhooks import WebhookForm
from tests.services.house import OPERATOR
from tests.services.postroom import heard, turn
from tests.services.test_rota import now_on_call, wall


@pytest.fixture
async def crew(house):
    """Eve on call, Max next; Iris and the two of security have no turn yet."""
    form = StaffForm("iris", "Iris", "iris@chu", duties=(Duty(Role.APPROVER, "chu"),), language="en")
    await house.services.people.save_staff(OPERATOR, form)
    await now_on_call(house, "eve")
    await now_on_call(house, "max", 2)


async def passing(tell, later, minutes: int) -> None:
    later(minutes=minutes)
    await tell.escalate()
    await turn(tell)


async def test_ring_after_ring_is_told_each_once(house, tell, box, later, crew):
    request = await house.asked()
    await turn(tell)
    assert list(heard(box)) == ["eve@chu"]
    for minutes, expected in ((14, set()), (2, {"max@chu"}), (15, {"iris@chu"}), (15, {"ruth@chu"}), (15, set())):
        before = set(heard(box))
        await passing(tell, later, minutes)
        assert set(heard(box)) - before == expected, minutes
    assert all(len(subjects) == 1 for subjects in heard(box).values())
    assert "Now you are asked" in box.to("max@chu")[0].get_content()
    assert "30 minutes" in box.to("iris@chu")[0].get_content()
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert [(one.name, one.ring, one.delivery.state) for one in view.told] == [
        ("Eve", "on_call", "sent"), ("Max", "next", "sent"), ("Iris", "approvers", "sent"),
        ("Ruth", "security", "sent"),
    ]  # fmt: skip
    assert await house.tags("request:escalated") == ["request:escalated"] * 3
    event = await house.event("request:escalated")
    assert (event.fields["ring"], event.fields["step"], event.fields["who"]) == ("security", "3", "Ruth")


async def test_a_mail_server_that_is_away_holds_nothing_up(house, tell, box, later, crew):
    request = await house.asked()
    await tell.gather()  # and nothing is delivered
    for _ in range(3):
        later(minutes=16)
        await tell.escalate()
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert [(one.ring, one.delivery.state) for one in view.told] == [
        ("on_call", "waiting"), ("next", "waiting"), ("approvers", "waiting"), ("security", "waiting"),
    ]  # fmt: skip
    done = await house.services.approvals.approve(house.staff(house.max), request.id, request.version, 30)
    assert done.grant_id


async def test_an_answer_ends_it(house, tell, box, later, crew):
    request = await house.asked()
    await turn(tell)
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30)
    await passing(tell, later, 60)
    assert "max@chu" not in heard(box)


async def test_a_ring_nobody_of_which_can_be_told_is_passed_over(house, tell, box, later, crew):
    await house.services.standins.away(house.staff(house.max), wall(hours=-1), wall(days=1))
    await house.asked()
    await turn(tell)
    await passing(tell, later, 16)
    assert set(heard(box)) == {"eve@chu", "iris@chu"}


async def test_who_is_away_is_told_nothing_at_all(house, tell, box, later):
    await house.services.standins.away(house.staff(house.eve), wall(hours=-1), wall(days=1))
    await house.services.standins.away(house.staff(house.ruth), wall(hours=-1), wall(days=1))
    await house.asked()
    await turn(tell)
    await passing(tell, later, 40)
    assert set(heard(box)) == {"max@chu"}


async def test_whoever_is_on_call_is_told_whatever_he_declines_on_other_days(house, tell, box):
    await tell.choose(house.staff(house.eve), set())
    await now_on_call(house, "eve")
    await house.asked()
    await turn(tell)
    assert list(heard(box)) == ["eve@chu"]


async def test_who_asked_himself_is_not_called(house, tell, box, crew):
    await house.services.access.request(house.staff(house.eve), house.draft(technician_login="alice"))
    await turn(tell)
    assert list(heard(box)) == ["max@chu"]


async def test_a_program_hears_of_it_once_where_there_is_no_mail(house, tell, later):
    form = WebhookForm("gmao", "https://hooks.example/x", frozenset({"request_unanswered"}))
    await house.services.webhooks.register(house.staff(house.ruth), form)
    request = await house.asked()
    for _ in range(4):
        later(minutes=16)
        await tell.escalate()
    assert await house.tags("request:escalated") == ["request:escalated"]
    async with house.database.read() as uow:
        rows = [one for one in await uow.deliveries.all() if one.topic == "request_unanswered"]
    assert [(one.recipient_kind, one.facts["ref"]) for one in rows] == [("webhook", request.ref)]
