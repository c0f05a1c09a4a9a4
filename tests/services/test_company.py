"""A correspondent sees and does what concerns his own company, and nothing of anybody else's (T33)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.parties import Technician
from bastion.errors import Forbidden, FreshFactorNeeded, Invalid, LinkSpent, NotFound, ReasonNeeded
from bastion.services.company import ColleagueChange, NewColleague
from bastion.services.people import TechnicianForm
from tests.services.house import OPERATOR, SOURCE
from tests.services.test_subcontractors import FORM


@pytest.fixture
async def company(house):
    """Alice speaks for Acme, Bob for Other."""
    for person in (house.alice, house.bob):
        await house.services.company.name_correspondent(OPERATOR, person.id, named=True)
    return house.services.company


@pytest.fixture
async def carl(house) -> Technician:
    form = TechnicianForm("carl", "Carl Weber", "c@acme", "acme", "en")
    return await house.services.people.save_technician(OPERATOR, form)


async def test_T33_people_and_requests_are_those_of_the_own_company(house, company, carl):
    request = await house.asked()
    alice, bob = house.technician(), house.technician(house.bob)
    assert {row.technician.login for row in await company.people(alice)} == {"alice", "carl"}
    assert {row.technician.login for row in await company.people(bob)} == {"bob"}
    assert [row.request.id for row in await company.requests(alice)] == [request.id]
    assert await company.requests(bob) == []
    assert await company.requests(bob, text="tube") == []
    assert (await company.request(alice, request.id)).device.code == "ct-01"
    assert (await company.own(bob)).code == "other"


async def test_T33_anothers_is_as_if_it_were_not(house, company, carl):
    request = await house.asked()
    bob = house.technician(house.bob)
    for ident in (request.id, "nothing", "\x00"):
        with pytest.raises(NotFound):
            await company.request(bob, ident)
    for ident in (carl.id, "nothing", "\x00"):
        with pytest.raises(NotFound):
            await company.colleague(bob, ident)
        with pytest.raises(NotFound):
            await company.part_with(bob, ident, "has left")
    assert (await company.colleague(house.technician(), carl.id)).technician == carl


async def test_T32_who_speaks_for_nobody_has_no_company(house, company, carl):
    for actor in (house.technician(carl), house.staff(house.eve), house.staff(house.ruth), OPERATOR):
        for ask in (company.own(actor), company.people(actor), company.requests(actor)):
            with pytest.raises(NotFound):
                await ask
        with pytest.raises(NotFound):
            await company.add(replace(actor, factor_at=clock.now()), NewColleague("x", "X", ""))


async def test_only_the_hospital_says_who_speaks_and_may_take_it_back(house, company, carl):
    for actor in (house.staff(house.eve), house.technician()):
        with pytest.raises(Forbidden):
            await company.name_correspondent(actor, carl.id, named=True)
    await company.name_correspondent(OPERATOR, house.alice.id, named=False)
    await company.name_correspondent(OPERATOR, house.alice.id, named=False)
    with pytest.raises(NotFound):
        await company.people(house.technician())
    assert (await house.tags("portal:")).count("portal:correspondent_dismissed") == 1


async def test_who_changes_company_speaks_for_neither(house, company):
    form = TechnicianForm("bob", "Bob Petit", "b@other", "acme", "fr", id=house.bob.id)
    await house.services.people.save_technician(OPERATOR, form)
    with pytest.raises(NotFound):
        await company.people(house.technician(house.bob))


async def test_a_colleague_is_registered_for_the_own_company_alone_and_invited(house, company):
    alice = house.technician()
    anna = await company.add(alice, NewColleague("Anna", "Anna Roy", "anna@acme.example"))
    assert (anna.login, anna.supplier_id, anna.active) == ("acme.anna", house.alice.supplier_id, True)
    await house.services.invitations.invite(alice, anna.id)
    row = await company.colleague(alice, anna.id)
    assert row.invited_until is not None
    assert row.invited_until > clock.now() + timedelta(hours=71)
    assert (row.enrolled, row.keys, row.correspondent) == (False, 0, False)


async def test_T33_no_login_of_another_company_is_found_out_by_trying_it(house, company):
    alice = house.technician()
    assert (await company.add(alice, NewColleague("bob", "B", ""))).login == "acme.bob"
    await house.services.people.save_technician(OPERATOR, TechnicianForm("acme.eve", "E", "", "other", "en"))
    assert (await company.add(alice, NewColleague("eve", "E", ""))).login == "acme.eve-2"
    assert (await company.add(alice, NewColleague("acme.eve", "Eva", ""))).login == "acme.eve-3"


@pytest.mark.parametrize("login", ["", "a b", "x" * 32, "ÿ", "../x", "-o"])
async def test_a_login_that_is_none_is_refused(house, company, login):
    if login == "-o":
        assert (await company.add(house.technician(), NewColleague(login, "X", ""))).login == "acme.-o"
        return
    with pytest.raises(Invalid) as refused:
        await company.add(house.technician(), NewColleague(login, "X", ""))
    assert refused.value.field == "login"


async def test_what_changes_the_company_needs_a_fresh_code(house, company, carl):
    stale = replace(house.technician(), factor_at=None)
    with pytest.raises(FreshFactorNeeded):
        await company.add(stale, NewColleague("x", "X", ""))
    with pytest.raises(FreshFactorNeeded):
        await company.part_with(stale, carl.id, "has left")


async def test_who_is_parted_with_is_out_at_once(house, company, carl):
    alice = house.technician()
    link = await house.services.invitations.invite(alice, carl.id)
    await company.name_correspondent(OPERATOR, carl.id, named=True)
    with pytest.raises(ReasonNeeded):
        await company.part_with(alice, carl.id, " ")
    await company.part_with(alice, carl.id, "has left us")
    with pytest.raises(LinkSpent):
        await house.services.invitations.look(link, SOURCE)
    row = await company.colleague(alice, carl.id)
    assert (row.technician.active, row.correspondent) == (False, False)
    with pytest.raises(Forbidden):
        await company.part_with(alice, house.alice.id, "has left us")


# -- changing a colleague ----------------------------------------------------------------------------------------------
def kept(person: Technician, **changes) -> ColleagueChange:
    usual = ColleagueChange(person.name, person.email, person.language, person.country, person.valid_until)
    return replace(usual, **changes)


async def test_what_the_company_knows_of_a_colleague_it_corrects_and_nothing_else_changes(house, company, carl):
    end = clock.now() + timedelta(days=30)
    form = kept(carl, name=" Carl Roy ", email="roy@acme", language="fr", valid_until=end)
    changed = await company.change(house.technician(), carl.id, form)
    wanted = replace(carl, name="Carl Roy", email="roy@acme", language="fr", valid_until=end)
    assert changed == wanted
    assert (await company.colleague(house.technician(), carl.id)).technician == wanted
    event = await house.event("directory:technician_saved")
    assert (event.fields["login"], event.fields["changed"]) == ("carl", "name email language valid_until")
    before = len(await house.tags())
    await company.change(house.technician(), carl.id, kept(wanted))
    assert len(await house.tags()) == before, "what changes nothing is no fact"


async def test_T33_nobody_else_s_people_are_changed_and_a_fresh_code_is_needed(house, company, carl):
    for ident in (carl.id, "nothing", "\x00"):
        with pytest.raises(NotFound):
            await company.change(house.technician(house.bob), ident, kept(carl, name="Mallory"))
    for actor in (house.technician(carl), house.staff(house.ruth), OPERATOR):
        with pytest.raises(NotFound):
            await company.change(actor, carl.id, kept(carl, name="Mallory"))
    with pytest.raises(FreshFactorNeeded):
        await company.change(replace(house.technician(), factor_at=None), carl.id, kept(carl, name="Mallory"))
    assert (await company.colleague(house.technician(), carl.id)).technician == carl


async def test_R18_the_end_of_an_account_is_brought_forward_and_never_put_off(house, company, carl):
    alice, end = house.technician(), clock.now() + timedelta(days=30)
    later = end + timedelta(days=1)
    carl = await company.change(alice, carl.id, kept(carl, valid_until=later))
    carl = await company.change(alice, carl.id, kept(carl, valid_until=end))
    for wrong in (later, None, clock.now() - timedelta(days=1)):
        with pytest.raises(Invalid) as refused:
            await company.change(alice, carl.id, kept(carl, valid_until=wrong))
        assert refused.value.field == "valid_until"
    assert (await company.change(alice, carl.id, kept(carl, email="new@acme"))).valid_until == end


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "a\nb"),
        ("email", "x" * 201),
        ("email", "not an address"),
        ("language", "de"),
        ("country", "KP"),
        ("country", ""),
    ],
)
async def test_what_cannot_stand_of_a_colleague_is_refused_with_the_field(house, company, carl, field, value):
    with pytest.raises(Invalid) as refused:
        await company.change(house.technician(), carl.id, kept(carl, **{field: value}))
    assert refused.value.field == field


async def test_R46_a_colleague_is_employed_by_a_subcontractor_that_may_work_by_now(house, company, later):
    acme, alice = house.alice.supplier_id, house.technician()
    declare = house.services.subcontractors.declare
    mine = await declare(OPERATOR, acme, FORM)
    refused = await declare(OPERATOR, acme, replace(FORM, name="Not them"))
    await house.services.subcontractors.object(OPERATOR, refused.id, "not on our site")
    other = await declare(OPERATOR, house.bob.supplier_id, FORM)
    assert await company.employers(alice) == []
    with pytest.raises(Invalid) as early:
        await company.add(alice, NewColleague("anna", "Anna Roy", "", employer_id=mine.id))
    assert early.value.field == "employer_id"
    later(minutes=21 * 24 * 60)
    alice = house.technician()
    assert await company.employers(alice) == [mine]
    assert await company.employers(house.technician(house.bob)) == [other]
    for ident in (refused.id, other.id, "0" * 32, "\x00"):
        with pytest.raises(Invalid):
            await company.add(alice, NewColleague("anna", "Anna Roy", "", employer_id=ident))
    assert (await company.add(alice, NewColleague("anna", "Anna Roy", "", employer_id=mine.id))).employer_id == mine.id
