from dataclasses import replace

import pytest

from bastion.domain.parties import Role
from bastion.errors import AlreadyExists, Forbidden, FreshFactorNeeded, Invalid, NotFound
from bastion.services.duties import Duty
from bastion.services.forms import NO_MAIL
from bastion.services.people import StaffForm, TechnicianForm
from tests.services.house import OPERATOR, moved, public_line


async def test_technicians_show_keys_and_whether_they_have_an_authenticator(house):
    views = {v.technician.login: v for v in await house.services.people.technicians(house.staff(house.eve))}
    assert (len(views["alice"].keys), views["alice"].totp_enrolled) == (1, True)
    assert (len(views["bob"].keys), views["bob"].totp_enrolled) == (0, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        'command="sh" ' + public_line(),
        public_line() + "\n" + public_line(),
        "ssh-dss " + public_line().split()[1],
        "ssh-rsa " + public_line().split()[1],
        public_line().replace(" ", "\t"),
        "x" * 50_000,
    ],
    ids=range(9),
)
async def test_T13_only_one_plain_key_is_taken(house, text):
    with pytest.raises(Invalid):
        await house.services.people.add_key(OPERATOR, house.bob.id, text)


async def test_T13_comment_and_label_cannot_smuggle_anything(house):
    line = public_line()
    key = await house.services.people.add_key(OPERATOR, house.bob.id, line + " x\"'; rm -rf", "lap\x1btop\n")
    assert key.public == line
    assert key.label == "laptop"
    view = await house.services.people.technician(OPERATOR, house.bob.id)
    assert len(view.keys) == 1


async def test_a_key_is_removed_by_its_owner_only(house):
    (key,) = (await house.services.people.technician(OPERATOR, house.alice.id)).keys
    with pytest.raises(NotFound):
        await house.services.people.remove_key(OPERATOR, house.bob.id, key.id)
    await house.services.people.remove_key(OPERATOR, house.alice.id, key.id)
    assert not await house.services.authentication.known_key("alice", house.alice_key)


@pytest.mark.parametrize("login", ["-o", "a b", "", "a" * 33, "root;", "al\nice", "ålice"])
async def test_T12_hostile_logins_are_refused(house, login):
    with pytest.raises(Invalid):
        await house.services.people.save_technician(OPERATOR, TechnicianForm(login, "X", "", "acme"))
    with pytest.raises(Invalid):
        await house.services.people.save_staff(OPERATOR, StaffForm(login, "X", "", frozenset()))


async def test_T12_a_login_in_capitals_names_nobody_else(house):
    with pytest.raises(AlreadyExists):
        await house.services.people.save_technician(OPERATOR, TechnicianForm("Alice", "X", "", "acme"))
    made = await house.services.people.save_technician(OPERATOR, TechnicianForm("ZOE", "Zoé", "", "acme"))
    assert made.login == "zoe"


async def test_T32_nobody_edits_his_own_rights(house):
    form = StaffForm("ruth", "Ruth", "", frozenset(Role), id=house.ruth.id)
    with pytest.raises(Forbidden):
        await house.services.people.save_staff(house.staff(house.ruth), form)


async def test_logins_are_unique(house):
    with pytest.raises(AlreadyExists):
        await house.services.people.save_technician(OPERATOR, TechnicianForm("alice", "Other", "", "acme"))


async def test_language_is_ones_own_choice(house):
    await house.services.people.set_language(house.staff(house.eve), "fr")
    eve = next(s for s in await house.services.people.staff(OPERATOR) if s.login == "eve")
    assert eve.language == "fr"
    with pytest.raises(Invalid):
        await house.services.people.set_language(house.staff(house.eve), "de")


async def test_T24_a_token_without_a_fresh_code_lets_nobody_in(house):
    ruth = replace(house.staff(house.ruth, fresh=False), token_id="t")
    puppet = StaffForm("puppet", "Puppet", "", frozenset({Role.APPROVER}))
    for act in (
        house.services.people.save_staff(ruth, puppet),
        house.services.people.add_key(ruth, house.alice.id, public_line()),
        house.services.enrolment.invite(ruth, house.eve.id),
        house.services.enrolment.technician_totp(ruth, house.alice.id),
    ):
        with pytest.raises(FreshFactorNeeded):
            await act


async def test_T32_a_local_administrator_stays_local(house):
    (chu,) = await house.services.directory.facilities(house.staff(house.eve))
    local = moved(house.staff(house.ruth), {chu.id})
    for form in (
        StaffForm("x", "X", "", frozenset({Role.AUDITOR})),
        StaffForm("x", "X", "", frozenset({Role.AUDITOR}), ("ch2",)),
    ):
        with pytest.raises(NotFound):
            await house.services.people.save_staff(local, form)
    with pytest.raises(NotFound):
        await house.services.enrolment.invite(local, house.max.id)
    with pytest.raises(NotFound):
        await house.services.people.save_technician(local, TechnicianForm("y", "Y", "", "acme"))
    made = await house.services.people.save_staff(local, StaffForm("x", "X", "", frozenset({Role.AUDITOR}), ("chu",)))
    assert made.facilities == {chu.id}


async def test_ids_are_made_here_and_not_by_who_asks(house):
    with pytest.raises(NotFound):
        await house.services.people.save_staff(OPERATOR, StaffForm("z", "Z", "", frozenset(), id=house.alice.id))
    with pytest.raises(NotFound):
        await house.services.people.save_technician(OPERATOR, TechnicianForm("z", "Z", "", "acme", id="*"))


@pytest.mark.parametrize(
    "address", ["not an address", "pia@", "@chu", "pia@chu, eve@chu", "pia\u200b@chu", "x" * 200 + "@y"]
)
async def test_an_address_no_mail_can_be_sent_to_is_refused_and_none_is_taken(house, address):
    people = house.services.people
    colleague = StaffForm("pia", "Pia", address, language="en", duties=(Duty(Role.AUDITOR, "chu"),))
    supplier = TechnicianForm("pia", "Pia", address, "acme")
    for save, form in ((people.save_staff, colleague), (people.save_technician, supplier)):
        with pytest.raises(Invalid) as refused:
            await save(OPERATOR, form)
        assert (refused.value.field, refused.value.msgid) == ("email", NO_MAIL)
        assert (await save(OPERATOR, replace(form, email=" "))).email == ""


async def test_who_has_an_impossible_address_from_before_can_still_be_closed(house):
    async with house.database.write() as uow:
        await uow.staff.save(replace(house.eve, email="not an address"))
    form = StaffForm("eve", "Eve", "not an address", language="en", active=False, duties=(), id=house.eve.id)
    assert not (await house.services.people.save_staff(OPERATOR, form)).active
