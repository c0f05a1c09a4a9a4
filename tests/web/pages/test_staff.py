import re

from tests.services.house import SOURCE

FORM = {"login": "lea", "name": "Léa", "email": "l@chu", "language": "fr", "active": "yes"}


async def test_a_person_gets_roles_facilities_and_a_one_time_secret(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    made = await browser.send("/directory/staff/new", **FORM, duties=["approver@chu"])
    path = made.headers["location"]
    assert "CHU Demo" in (await browser.see("/directory/staff")).text
    invited = await browser.send(f"{path}/invite")
    secret = re.search(r'id="secret">([^<]+)<', invited.text)[1]
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
