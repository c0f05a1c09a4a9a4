"""Who hears that somebody has another mail address, and where he is warned meanwhile (R-11)."""

from dataclasses import replace

import pytest

from bastion import clock
from bastion.domain.importing import Register
from bastion.domain.parties import Role
from bastion.domain.telling import DeliveryState
from bastion.errors import Forbidden
from bastion.services.company import ColleagueChange
from bastion.services.people import StaffForm, TechnicianForm
from tests.services.house import OPERATOR
from tests.services.occasions import bea_speaks, carl_comes, used
from tests.services.postroom import ADDRESS, heard, letter_to, states, turn

SAID = "The mail address of alice was changed"


async def moves(house, actor, email: str, person=None):
    """As the company's page changes an address."""
    who = person or house.alice
    form = ColleagueChange(who.name, email, who.language, who.country, who.valid_until)
    return await house.services.company.change(actor, who.id, form)


async def test_R11_of_a_new_address_the_one_before_is_told_at_once_and_those_who_answer_for_people(house, tell, box):
    bea = await bea_speaks(house)
    await moves(house, house.technician(bea), "thief@evil.example")
    await turn(tell)
    own = ["Your mail address was changed"]
    assert heard(box) == {"a@acme": own, "thief@evil.example": own, "bea@acme": [SAID], "ruth@chu": [SAID]}
    text = letter_to(box, "a@acme").get_content()
    assert "Bea Petit has changed the address" in text
    assert "call the hospital" in text
    assert "evil" not in text
    assert f"{ADDRESS}/directory/technicians/{house.alice.id}" in letter_to(box, "ruth@chu").get_content()
    event = await house.event("directory:address_changed")
    assert (event.severity, event.subject_id, event.actor_id) == ("warning", house.alice.id, bea.id)
    assert "acme" not in repr(event.fields), "the trail keeps no address"
    async with house.database.read() as uow:
        rows = await uow.deliveries.search(limit=50)
    assert "@" not in repr([one.facts for one in rows])


async def test_R11_it_is_told_also_where_there_is_none_from_now_on(house, tell, box):
    bea = house.technician(await bea_speaks(house))
    await moves(house, bea, "")
    await turn(tell)
    assert heard(box)["a@acme"] == ["Your mail address was changed"]
    await moves(house, bea, "new@acme")
    async with house.database.read() as uow:
        assert [one.address for one in await uow.former_addresses.all()] == ["a@acme"], "none is no address"


async def test_R11_each_address_that_he_had_lately_is_warned_once_also_one_that_he_has_again(house, tell, box):
    bea = house.technician(await bea_speaks(house))
    for email in ("b@acme", "c@acme", "a@acme"):
        await moves(house, bea, email)
        await turn(tell)
    box.raw.clear()
    await house.services.invitations.invite(OPERATOR, house.alice.id)
    await turn(tell)
    warned = ["A link was made that sets up your access"]
    assert heard(box) == {"a@acme": warned, "b@acme": warned, "c@acme": warned}
    assert {state for _topic, state in await states(house)} <= {"sent", "dropped"}, "nothing goes to what is no address"


async def test_R11_a_warning_on_its_way_when_the_month_is_over_goes_to_the_new_address_only(house, tell, box, later):
    await moves(house, house.technician(await bea_speaks(house)), "new@acme")
    await turn(tell)
    box.raw.clear()
    later(days=29, hours=23)
    await house.services.invitations.invite(OPERATOR, house.alice.id)
    while await tell.gather():
        pass
    later(hours=2)
    await turn(tell)
    assert heard(box) == {"new@acme": ["A link was made that sets up your access"]}
    await house.services.invitations.invite(OPERATOR, house.alice.id)
    while await tell.gather():
        pass
    async with house.database.read() as uow:
        waiting = [one for one in await uow.deliveries.search(limit=50) if one.state is DeliveryState.WAITING]
    assert [one.former for one in waiting] == [""]


async def test_R11_what_warns_him_goes_to_the_address_before_for_a_month_and_then_it_is_forgotten(
    house, tell, box, later
):
    await moves(house, house.technician(await bea_speaks(house)), "new@acme")
    await turn(tell)
    box.raw.clear()
    await house.services.invitations.invite(OPERATOR, house.alice.id)
    await turn(tell)
    warned = ["A link was made that sets up your access"]
    assert heard(box) == {"a@acme": warned, "new@acme": warned}
    later(days=29)
    await tell.forget_addresses()
    async with house.database.read() as uow:
        assert [one.address for one in await uow.former_addresses.all()] == ["a@acme"]
    later(days=2)
    box.raw.clear()
    await house.services.invitations.invite(OPERATOR, house.alice.id)
    await turn(tell)
    assert heard(box) == {"new@acme": warned}
    await tell.forget_addresses()
    async with house.database.read() as uow:
        assert await uow.former_addresses.all() == []


@pytest.mark.parametrize(("closed", "open_one"), [("new@acme", "a@acme"), ("a@acme", "new@acme")])
async def test_R11_an_address_that_takes_no_mail_keeps_the_other_neither_from_hearing_nor_from_peace(
    house, tell, box, later, closed, open_one
):
    """A new one typed wrong, or an old mailbox that is closed: the other is told at once, and once."""
    await moves(house, house.technician(await bea_speaks(house)), "new@acme")
    taken = box.handle_DATA

    async def refuse(server, session, envelope):
        return "550 no such user" if envelope.rcpt_tos == [closed] else await taken(server, session, envelope)

    box.handle_DATA = refuse
    await turn(tell)
    assert heard(box)[open_one] == ["Your mail address was changed"]
    for _attempt in range(3):
        later(hours=1)
        await turn(tell)
    assert heard(box)[open_one] == ["Your mail address was changed"]
    box.handle_DATA = taken
    later(hours=1)
    await turn(tell)
    own = ["Your mail address was changed"]
    assert (heard(box)[closed], heard(box)[open_one]) == (own, own)


async def test_R11_what_is_not_about_his_access_goes_to_his_address_of_today_only(house, tell, box):
    await moves(house, house.technician(await bea_speaks(house)), "new@acme")
    await turn(tell)
    box.raw.clear()
    request = await house.asked()
    await house.services.approvals.deny(house.staff(house.eve), request.id, request.version, "not today")
    await turn(tell)
    assert heard(box)["new@acme"] == [f"Request {request.ref} was refused: ct-01"]
    assert "a@acme" not in heard(box)


async def test_R11_who_took_over_a_correspondent_cannot_move_an_address_and_then_take_the_account(house, later):
    """The link he makes would be announced to the thief. A colleague who has nothing yet is corrected and invited."""
    bea, carl = house.technician(await bea_speaks(house)), await carl_comes(house)
    await used(house, await house.services.invitations.invite(OPERATOR, house.alice.id))
    await moves(house, bea, "thief@evil.example")
    await moves(house, bea, "carl@acme.example", carl)
    links = house.services.invitations
    with pytest.raises(Forbidden):
        await links.invite(bea, house.alice.id)
    assert await links.invite(bea, carl.id)
    assert await links.invite(OPERATOR, house.alice.id), "the hospital may"
    later(hours=71)
    with pytest.raises(Forbidden):
        await links.invite(replace(bea, factor_at=clock.now()), house.alice.id)
    later(hours=2)
    assert await links.invite(replace(bea, factor_at=clock.now()), house.alice.id)


async def test_R11_what_the_hospital_changes_holds_up_no_link_and_is_told_too(house, tell, box):
    bea = house.technician(await bea_speaks(house))
    await used(house, await house.services.invitations.invite(OPERATOR, house.alice.id))
    await turn(tell)
    box.raw.clear()
    known = await house.services.people.technician(OPERATOR, house.alice.id)
    form = replace(TechnicianForm.of(known.technician, "acme"), email="new@acme")
    await house.services.people.save_technician(house.staff(house.ruth), form)
    await turn(tell)
    assert heard(box)["a@acme"] == ["Your mail address was changed"]
    assert await house.services.invitations.invite(bea, house.alice.id)


async def test_R11_one_of_the_staff_is_told_where_he_was_when_an_administrator_moves_his_mail(house, tell, box):
    form = StaffForm("eve", "Eve", "thief@evil.example", frozenset({Role.APPROVER}), ("chu",), "en", id=house.eve.id)
    await house.services.people.save_staff(OPERATOR, form)
    await turn(tell)
    own = ["Your mail address was changed"]
    told = heard(box)
    assert told == {
        "eve@chu": own, "thief@evil.example": own, "ruth@chu": ["The mail address of eve was changed"],
    }  # fmt: skip
    assert f"{ADDRESS}/directory/staff/{house.eve.id}" in letter_to(box, "ruth@chu").get_content()
    box.raw.clear()
    await house.services.people.save_staff(OPERATOR, replace(form, name="Eve Dubois"))
    await turn(tell)
    assert heard(box) == {}, "no other address, nothing to tell"


@pytest.mark.parametrize("register", ["technicians", "staff"])
async def test_R11_an_imported_list_tells_it_too(house, tell, box, register):
    lines = {
        "technicians": "login,name,email,supplier\nalice,Alice Martin,new@acme,acme\n",
        "staff": "login,name,email,roles,facilities\neve,Eve,new@chu,approver,chu\n",
    }
    file = lines[register].encode()
    await house.services.imports.apply(OPERATOR, Register(register), file)
    await turn(tell)
    assert heard(box)["a@acme" if register == "technicians" else "eve@chu"] == ["Your mail address was changed"]
