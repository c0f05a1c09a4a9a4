"""Agreements in any order, or one after the other where the rules want it: who may, who is asked, who reads what."""

from dataclasses import replace

import pytest

from bastion.domain.access_request import RequestState
from bastion.domain.device import Lack
from bastion.domain.emergency import Call
from bastion.domain.parties import Role
from bastion.errors import PolicyRefused
from bastion.services.duties import Duty
from bastion.services.inventory import DeviceForm
from bastion.services.nobody import NOBODY, NOBODY_LEFT
from bastion.services.people import StaffForm
from bastion.services.rota import ShiftForm
from tests.services.house import OPERATOR
from tests.services.in_turn import engine as in_turn_rules
from tests.services.postroom import heard, turn
from tests.services.test_rota import wall


@pytest.fixture
async def vital(house) -> None:
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12")
    await house.services.inventory.save_device(OPERATOR, replace(form, id=house.device.id))


@pytest.fixture
async def fay(house, vital):
    """She decides in the ward where the device stands."""
    form = StaffForm("fay", "Fay", "fay@chu", language="en", duties=(Duty(Role.APPROVER, "chu", ("Imagerie",)),))
    return await house.services.people.save_staff(OPERATOR, form)


@pytest.fixture
def in_turn(house, tmp_path) -> None:
    house.services.decisions.replace_engine(in_turn_rules(tmp_path / "rules"))


async def agree(house, who, request):
    return await house.services.approvals.approve(house.staff(who), request.id, request.version, 30, "ok")


async def names(house, request, reader=None) -> tuple[str, ...]:
    reader = reader or house.staff(house.ruth)
    return (await house.services.asked.get(reader, request.id)).approvers


async def test_as_shipped_two_agree_in_any_order(house, fay):
    for first, second in ((fay, house.max), (house.max, fay)):
        request = await house.asked()
        request = await agree(house, second, await agree(house, first, request))
        assert request.stored_state is RequestState.APPROVED
        await house.services.approvals.revoke(house.staff(house.max), request.grant_id, "next")


async def test_in_turn_the_ward_agrees_first_and_the_hospital_last(house, fay, in_turn):
    request = await house.asked()
    with pytest.raises(PolicyRefused):
        await agree(house, house.eve, request)
    request = await agree(house, fay, request)
    request = await agree(house, house.eve, request)
    assert [one.staff_name for one in request.approvals] == ["Fay", "Eve"]
    assert request.grant_id


async def test_nobody_of_the_ward_gives_the_last_agreement(house, fay, in_turn):
    form = StaffForm("gus", "Gus", "gus@chu", language="en", duties=(Duty(Role.APPROVER, "chu", ("Imagerie",)),))
    gus = await house.services.people.save_staff(OPERATOR, form)
    request = await agree(house, fay, await house.asked())
    with pytest.raises(PolicyRefused):
        await agree(house, gus, request)
    assert (await house.services.asked.get(house.staff(gus), request.id)).request.missing == 1


async def test_the_page_says_whose_turn_it_is_and_why_it_is_not_the_readers(house, fay, in_turn):
    request = await house.asked()
    assert await names(house, request) == ("Fay",)
    eve = await house.services.asked.get(replace(house.staff(house.eve), language="en"), request.id)
    assert not eve.can_decide
    assert await house.services.asked.to_decide(house.staff(house.eve)) == 0
    request = await agree(house, fay, request)
    assert await names(house, request) == ("Eve", "Max")
    assert (await house.services.asked.get(house.staff(house.eve), request.id)).can_decide
    assert await house.services.asked.to_decide(house.staff(house.eve)) == 1


async def test_the_technician_reads_who_is_asked_now(house, fay, in_turn):
    request = await agree(house, fay, await house.asked())
    assert await names(house, request, house.technician()) == ("Eve", "Max")
    entry = await house.services.sessions.enter(house.technician(), "ct-01")
    assert entry.approvers == ("Eve", "Max")


async def test_everybody_is_told_when_it_is_his_turn_and_not_before(house, fay, in_turn, tell, box):
    request = await house.asked()
    await turn(tell)
    assert list(heard(box)) == ["fay@chu"]
    await agree(house, fay, request)
    await turn(tell)
    waits = f"Request {request.ref} waits for your decision: ct-01"
    assert heard(box) == {"fay@chu": [waits], "eve@chu": [waits], "max@chu": [waits]}


@pytest.mark.parametrize("hospital", ["is away", "is there"])
async def test_R26_who_heard_and_whose_turn_is_over_is_not_waited_for(house, fay, in_turn, tell, box, hospital):
    """Gus of the ward heard with Fay. She agreed; the hospital's word is missing, and nobody there can give it."""
    form = StaffForm("gus", "Gus", "gus@chu", language="en", duties=(Duty(Role.APPROVER, "chu", ("Imagerie",)),))
    await house.services.people.save_staff(OPERATOR, form)
    request = await house.asked()
    await turn(tell)
    assert heard(box).keys() == {"fay@chu", "gus@chu"}
    for person in (house.eve, house.max) if hospital == "is away" else ():
        await house.services.standins.away(house.staff(person), wall(hours=-1), wall(days=1))
    await agree(house, fay, request)
    await turn(tell)
    await tell.escalate()
    await turn(tell)
    more = {"ruth@chu"} if hospital == "is away" else {"eve@chu", "max@chu"}
    assert heard(box).keys() == {"fay@chu", "gus@chu"} | more


async def test_an_emergency_is_told_as_one_at_each_turn(house, fay, in_turn, tell, box):
    request = await house.asked(emergency=Call("Dr Roux"))
    await turn(tell)
    first = heard(box)
    await agree(house, fay, request)
    await turn(tell)
    assert list(first) == ["fay@chu"]
    assert set(heard(box)) == {"fay@chu", "eve@chu", "max@chu"}
    assert len({line for lines in heard(box).values() for line in lines}) == 1


async def test_in_any_order_nobody_is_asked_twice(house, fay, tell, box):
    request = await house.asked()
    await turn(tell)
    await agree(house, fay, request)
    await turn(tell)
    assert {address: len(lines) for address, lines in heard(box).items()} == {"fay@chu": 1, "eve@chu": 1, "max@chu": 1}


async def test_when_whoever_is_on_call_has_agreed_the_others_are_asked_at_once(house, fay, tell, box):
    shift = ShiftForm("eve", "chu", wall(hours=-1), wall(hours=5))
    await house.services.rota.add(house.staff(house.eve), shift)
    request = await house.asked()
    await turn(tell)
    assert list(heard(box)) == ["eve@chu"]
    await agree(house, house.eve, request)
    await turn(tell)
    assert set(heard(box)) == {"eve@chu", "fay@chu", "max@chu"}


async def test_the_dry_run_tells_the_order(house, fay, in_turn):
    draft = house.draft(technician_login="alice")
    seen = await house.services.forecasts.of(house.staff(house.ruth), draft, by_technician=True)
    assert seen.in_turn
    assert seen.turns == (("Fay",), ("Eve", "Max"))
    assert not seen.too_few
    await house.services.standins.away(house.staff(fay), wall(hours=-1), wall(days=3))
    seen = await house.services.forecasts.of(house.staff(house.ruth), draft, by_technician=True)
    assert seen.turns == ((), ("Eve", "Max"))
    assert seen.too_few


async def test_in_any_order_the_dry_run_names_them_once(house, fay):
    draft = house.draft(technician_login="alice")
    seen = await house.services.forecasts.of(house.staff(house.ruth), draft, by_technician=True)
    assert not seen.in_turn
    assert seen.approvers == ("Eve", "Fay", "Max")


async def stuck(house, request) -> str:
    """What the page says to whoever looks, and the terminal of the technician who waits: the same."""
    page = await house.services.asked.get(house.staff(house.ruth), request.id)
    entry = await house.services.sessions.enter(house.technician(), "ct-01")
    assert page.stuck == entry.stuck
    return page.stuck


async def test_where_nobody_may_decide_it_is_said_to_whoever_waits(house):
    request = await house.asked()
    assert await stuck(house, request) == ""
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 2, "Imagerie", "B12", id=house.device.id)
    for person in (house.eve, house.max):
        duties = (Duty(Role.APPROVER, "chu", ("Bloc",)),)
        changed = StaffForm(person.login, person.name, person.email, language="en", duties=duties, id=person.id)
        await house.services.people.save_staff(OPERATOR, changed)
    assert await stuck(house, request) == NOBODY
    view = await house.services.inventory.device(OPERATOR, house.device.id)
    assert (view.ready, view.lacks) == (False, (Lack.APPROVER,))
    seen = await house.services.forecasts.of(OPERATOR, house.draft(technician_login="alice"), by_technician=True)
    assert seen.stuck == NOBODY
    await house.services.inventory.save_device(OPERATOR, replace(form, ward="Bloc"))
    assert await stuck(house, request) == ""


async def test_R27_an_emergency_called_in_by_one_of_two_approvers_says_that_nobody_is_left(house, vital, fay):
    request = await house.asked(emergency=Call("Eve"))
    assert await stuck(house, request) == "", "Fay and Max are left"
    gone = StaffForm("fay", "Fay", "fay@chu", language="en", active=False, duties=(), id=fay.id)
    await house.services.people.save_staff(OPERATOR, gone)
    assert await stuck(house, request) == NOBODY_LEFT
    await agree(house, house.max, request)
    assert await stuck(house, request) == NOBODY_LEFT


async def test_in_turn_nobody_is_missed_who_agrees_later_only(house, fay, in_turn):
    request = await house.asked()
    assert await stuck(house, request) == ""
    request = await agree(house, fay, request)
    assert await stuck(house, request) == ""
    for person in (house.eve, house.max):
        await house.services.standins.away(house.staff(person), wall(hours=-1), wall(days=3))
    assert await stuck(house, request) == NOBODY_LEFT
