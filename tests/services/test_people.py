import pytest

from bastion.domain.parties import Role
from bastion.errors import AlreadyExists, Forbidden, Invalid, NotFound
from bastion.services.people import StaffForm, TechnicianForm
from tests.services.house import OPERATOR, public_line


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


@pytest.mark.parametrize("login", ["Alice", "-o", "a b", "", "a" * 33, "root;", "al\nice", "ålice"])
async def test_T12_hostile_logins_are_refused(house, login):
    with pytest.raises(Invalid):
        await house.services.people.save_technician(OPERATOR, TechnicianForm(login, "X", "", "acme"))
    with pytest.raises(Invalid):
        await house.services.people.save_staff(OPERATOR, StaffForm(login, "X", "", frozenset()))


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
