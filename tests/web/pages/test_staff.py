import re

from bastion.domain.parties import EVERYWHERE, Role
from tests.services.house import SOURCE

FORM = {"login": "lea", "name": "Léa", "email": "l@chu", "language": "fr", "active": "yes"}


async def test_a_person_gets_roles_facilities_and_a_one_time_secret(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    made = await browser.send("/directory/staff/new", **FORM, duties=["approver@chu"])
    path = made.headers["location"]
    assert "CHU Demo" in (await browser.see("/directory/staff")).text
    invited = await browser.send(f"{path}/invite")
    secret = re.search(r'id="secret"[^>]*>([^<]+)<', invited.text)[1]
    assert "https://bastion.test/setup" in invited.text
    staff, _ = await house.services.enrolment.begin(secret, SOURCE)
    assert staff.login == "lea"
    assert secret not in (await browser.see(path)).text


async def test_T32_nobody_edits_his_own_rights(visitor, people):
    browser = await visitor().enter(people["admin"])
    me = people["admin"]
    answer = await browser.send(
        f"/directory/staff/{me.id}", login=me.login, name=me.name, language="en", active="yes",
        duties=["admin@*", "approver@*"],
    )  # fmt: skip
    assert answer.status_code == 403
    assert "own rights" in answer.text


async def test_a_role_that_does_not_exist_is_refused(visitor, people):
    browser = await visitor().enter(people["admin"])
    assert (await browser.send("/directory/staff/new", **FORM, duties=["king@chu"])).status_code == 422
    assert (
        await browser.send("/directory/staff/new", **FORM | {"login": "a b"}, duties=["auditor@*"])
    ).status_code == 422


async def test_the_form_shows_what_is_kept(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    page = (await browser.see(f"/directory/staff/{house.eve.id}")).text
    assert re.search(r'value="approver@chu" checked', page)
    assert len(re.findall(r'value="[a-z]+@[^"]+" checked', page)) == 1


async def test_R70_who_decides_in_every_hospital_is_named_when_it_is_saved(house, visitor, people):
    """A warning, for small groups do it; nobody is warned of a right in one hospital, or of another right."""
    browser = await visitor().enter(people["admin"])
    words = "decides for every hospital of the group"
    for login, duties, warned in (
        ("lea", "approver@*", True),
        ("leo", "approver@chu", False),
        ("luc", "auditor@*", False),
    ):
        made = await browser.send("/directory/staff/new", **FORM | {"login": login}, duties=[duties])
        assert made.status_code == 303
        assert (words in (await browser.see(made.headers["location"])).text) == warned, login
    by_login = {one.login: one for one in await house.services.people.staff(house.staff(people["admin"]))}
    assert EVERYWHERE in by_login["lea"].places(Role.APPROVER)
