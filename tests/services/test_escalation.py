"""Nobody answers: ring after ring is told, by the clock alone, and everybody can see it (R-26)."""

from dataclasses import replace

import pytest

from bastion import clock
from bastion.domain.emergency import Call
from bastion.domain.parties import Role
from bastion.services.duties import Duty
from bastion.services.inventory import DeviceForm
from bastion.services.people import StaffForm
from bastion.services.telling_log import MOST_STEPS, step_key
from bastion.services.webhooks import WebhookForm
from tests.services.house import OPERATOR
from tests.services.postroom import heard, turn
from tests.services.test_lists import statements
from tests.services.test_rota import now_on_call, wall
from tests.services.watched import make_critical

NIGHT = Call("Dr Anne Roux", "", "4512")


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


# -- what looking costs ------------------------------------------------------------------------------------------------
async def looked(tell) -> list[str]:
    """What the database is asked by one look, of which there is one every few seconds."""
    with statements() as asked:
        await tell.escalate()
    return asked


async def test_a_request_that_has_its_time_costs_a_look_next_to_nothing(house, tell, box, later, crew):
    """Neither the rota nor the duties of every approver are read before somebody's time is up: what was agreed and who
    was told, whether it is an emergency, and in the first step whether whoever was told is still there.
    """
    nothing = len(await looked(tell))
    request = await house.asked()
    await turn(tell)
    fresh = await looked(tell)
    later(minutes=16)
    assert len(await looked(tell)) > 20, "now it is somebody's turn"
    again = await looked(tell)
    assert (len(fresh) - nothing, len(again) - nothing) == (6, 3)
    async with house.database.write() as uow:
        (one,) = [one for one in await uow.deliveries.all() if one.topic == "request_unanswered"]
        steps = [replace(one, id=f"s{n}", key=step_key(request.id, n)) for n in range(2, MOST_STEPS + 1)]
        await uow.deliveries.queue(steps)
    later(minutes=75)
    assert len(await looked(tell)) - nothing == 2, "everybody has heard"


async def test_a_half_agreed_request_costs_a_look_no_more_than_a_fresh_one(house, tell, box):
    """Nobody is on call: both heard of it when it was asked for, and whoever has not agreed yet is waited for."""
    await make_critical(house)
    nothing = len(await looked(tell))
    request = await house.asked()
    await turn(tell)
    fresh = len(await looked(tell)) - nothing
    half = await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30)
    await turn(tell)
    assert half.missing == 1
    assert [len(await looked(tell)) - nothing for _ in range(3)] == [fresh] * 3


async def test_who_heard_of_it_and_has_left_since_is_not_waited_for(house, tell, box, crew):
    await house.asked()
    await turn(tell)
    await tell.escalate()
    await house.services.standins.away(house.staff(house.eve), wall(hours=-1), wall(days=1))
    for login in ("max", "iris"):
        async with house.database.read() as uow:
            person = await uow.staff.by_login(login)
        await house.services.standins.away(house.staff(person), wall(hours=-1), wall(days=1))
    assert list(heard(box)) == ["eve@chu"]
    await tell.escalate()
    await turn(tell)
    assert list(heard(box)) == ["eve@chu", "ruth@chu"]


async def test_who_heard_of_it_and_has_agreed_is_not_waited_for(house, tell, box, crew):
    """Two must agree, and the second is nobody that is there."""
    vital = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, vital)
    request = await house.asked()
    await turn(tell)
    for login in ("max", "iris"):
        async with house.database.read() as uow:
            person = await uow.staff.by_login(login)
        await house.services.standins.away(house.staff(person), wall(hours=-1), wall(days=1))
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30)
    await turn(tell)
    await tell.escalate()
    await turn(tell)
    assert heard(box).keys() == {"eve@chu", "ruth@chu"}


# -- an emergency, and what ends soon ----------------------------------------------------------------------------------
async def test_R26_of_an_emergency_the_next_hears_sooner(house, tell, box, later, crew):
    request = await house.asked(emergency=NIGHT)
    await turn(tell)
    assert list(heard(box)) == ["eve@chu"]
    for minutes, expected in ((4, set()), (2, {"max@chu"}), (5, {"iris@chu"}), (5, {"ruth@chu"})):
        before = set(heard(box))
        await passing(tell, later, minutes)
        assert set(heard(box)) - before == expected, minutes
    assert "waited 5 minutes" in box.to("max@chu")[0].get_content()
    urgent = f"URGENT: Request {request.ref} still waits for a decision: ct-01"
    assert heard(box)["iris@chu"] == heard(box)["ruth@chu"] == [urgent]


async def test_R27_who_called_is_not_asked_and_nobody_waits_for_him(house, tell, box, crew):
    request = await house.asked(emergency=Call("Eve"))
    await turn(tell)
    assert list(heard(box)) == ["max@chu"]
    assert (await house.services.asked.get(house.technician(), request.id)).approvers == ("Max", "Iris")


async def test_whom_the_rules_keep_from_agreeing_is_not_asked(house, tell, box, crew):
    """She audits as well: the rules keep her from agreeing, whoever is on call."""
    duties = (Duty(Role.APPROVER, "chu"), Duty(Role.AUDITOR, "chu"))
    form = StaffForm("ada", "Ada", "ada@chu", duties=duties, language="en")
    await house.services.people.save_staff(OPERATOR, form)
    await now_on_call(house, "ada", ward="Imagerie")
    await house.asked()
    await turn(tell)
    assert list(heard(box)) == ["eve@chu"]


async def test_where_nobody_is_left_to_ask_security_hears_of_it_at_once(house, tell, box, crew):
    for login in ("eve", "max", "iris"):
        async with house.database.read() as uow:
            person = await uow.staff.by_login(login)
        await house.services.standins.away(house.staff(person), wall(hours=-1), wall(days=1))
    request = await house.asked(emergency=NIGHT)
    await turn(tell)
    await tell.escalate()
    await turn(tell)
    assert heard(box) == {"ruth@chu": [f"URGENT: Request {request.ref} waits, and nobody can be asked: ct-01"]}
    event = await house.event("request:escalated")
    assert (event.fields["ring"], event.fields["minutes"]) == ("security", "0")


async def test_somebody_who_cannot_be_written_to_is_not_waited_for(house, tell, box, crew):
    async with house.database.write() as uow:
        await uow.staff.save(replace(house.eve, email=""))
    await house.asked()
    await turn(tell)
    assert list(heard(box)) == ["max@chu"]


async def test_more_time_asked_shortly_before_the_end_is_told_on_while_it_helps(house, tell, box, later, crew):
    opened = await house.opened()
    later(minutes=48)
    await turn(tell)
    box.raw.clear()
    await house.services.access.extend(house.technician(), opened.grant.id, 60, "the tube is still hot")
    await turn(tell)
    assert list(heard(box)) == ["eve@chu"]
    for _ in range(9):
        await passing(tell, later, 1)
    assert {"max@chu", "iris@chu", "ruth@chu"} <= set(heard(box))
    assert opened.grant.end > clock.now()
