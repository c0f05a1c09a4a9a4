import re

from tests.services.house import PASSWORD, enrol


async def test_the_language_is_ones_own(visitor, people):
    browser = await visitor().enter(people["approver"])
    assert (await browser.send("/account/language", language="fr")).status_code == 303
    page = (await browser.see("/account")).text
    assert '<html lang="fr">' in page
    assert "Mon compte" in page
    assert (await browser.send("/account/language", language="de")).status_code == 422


async def test_the_language_is_switched_from_any_page_and_kept(house, visitor, people):
    browser = await visitor().enter(people["approver"])
    page = (await browser.see("/requests")).text
    assert page.count('name="back" value="/requests"') == 2, "in the rail and in the sheet of a phone"
    answer = await browser.send("/account/language", language="fr", back="/requests")
    assert answer.headers["location"] == "/requests"
    assert '<html lang="fr">' in (await browser.see("/requests")).text
    (kept,) = [s for s in await house.services.people.staff(house.staff(house.ruth)) if s.id == people["approver"].id]
    assert kept.language == "fr"
    away = await browser.send("/account/language", language="en", back="https://evil.example/")
    assert away.headers["location"] == "/"


async def test_a_token_is_shown_once_and_works(house, visitor, people):
    browser = await visitor().enter(people["auditor"])
    made = await browser.send("/account/tokens", label="nightly export", days="30", roles=["auditor"])
    token = re.search(r'id="token"[^>]*>([^<]+)<', made.text)[1]
    assert (await house.services.authentication.actor_of_token(token, "127.0.0.1")).name == "Auditor"
    page = (await browser.see("/account")).text
    assert "nightly export" in page
    assert token not in page
    ident = re.search(r"/account/tokens/(\w+)/revoke", page)[1]
    assert (await browser.send(f"/account/tokens/{ident}/revoke")).status_code == 303
    assert await house.services.authentication.actor_of_token(token, "127.0.0.1") is None


async def test_T24_a_token_may_no_more_than_its_owner_and_wants_a_fresh_code(visitor, people):
    browser = await visitor().enter(people["auditor"])
    assert (await browser.send("/account/tokens", label="x", days="30", roles=["admin"])).status_code == 403
    assert (await browser.send("/account/tokens", label="x", days="30", roles=["king"])).status_code == 422
    assert (await browser.send("/account/tokens", label="x", days="9999", roles=["auditor"])).status_code == 422
    stale = await visitor().enter(people["auditor"], fresh=False)
    assert (await stale.send("/account/tokens", label="x", days="30", roles=["auditor"])).status_code == 403


async def test_T33_anothers_token_is_not_there(house, visitor, people):
    auditor, security = await visitor().enter(people["auditor"]), await visitor().enter(people["security"])
    await auditor.send("/account/tokens", label="x", days="30", roles=["auditor"])
    (token,) = await house.services.tokens.mine(house.staff(people["auditor"]))
    assert (await security.send(f"/account/tokens/{token.id}/revoke")).status_code == 404


async def test_T25_a_changed_password_ends_every_session(house, visitor):
    await enrol(house, house.eve)
    here, elsewhere = await visitor().enter(house.eve), await visitor().enter(house.eve)
    differing = await here.send("/account/password", old=PASSWORD, password="a" * 14, again="b" * 14)
    assert differing.status_code == 422
    assert "The two passwords differ" in differing.text
    assert (await here.send("/account/password", old=PASSWORD, password="short", again="short")).status_code == 422
    new = "a new long sentence"
    assert (await here.send("/account/password", old="wrong", password=new, again=new)).status_code == 401
    done = await here.send("/account/password", old=PASSWORD, password=new, again=new)
    assert done.headers["location"] == "/sign-in"
    assert (await elsewhere.see("/")).headers["location"] == "/sign-in"
    assert new not in (await here.see("/sign-in")).text
