import re
from datetime import UTC, datetime, timedelta

from bastion.domain.lock import LockScope
from tests.services.test_lists import statements


async def test_everything_is_cut_and_restored_by_named_people(house, visitor, people):
    opened = await house.opened()
    security, approver = await visitor().enter(people["security"]), await visitor().enter(people["approver"])
    assert "session is live" in (await security.see("/locks/everything")).text
    assert (await security.send("/locks", scope="all", reason="")).status_code == 422
    assert (await security.send("/locks", scope="all", reason="intrusion")).headers["location"] == "/locks"
    for browser in (security, approver):
        page = (await browser.see("/")).text
        assert "All remote access has been cut" in page
        assert "intrusion" in page
    (lock,) = await house.services.locks.view()
    assert lock.scope is LockScope.ALL
    assert (await house.services.asked.get(house.staff(house.eve), opened.record.request_id)).grant.revoked_at
    assert (await approver.send(f"/locks/{lock.id}/lift", why="all clear")).status_code == 403
    assert (await security.send(f"/locks/{lock.id}/lift", why="")).status_code == 422
    assert (await security.send(f"/locks/{lock.id}/lift", why="all clear")).status_code == 303
    assert "All remote access" not in (await approver.see("/")).text
    assert (await security.send(f"/locks/{lock.id}/lift", why="all clear")).status_code == 409


async def test_lifting_one_of_several_says_what_still_stands_and_the_banner_stays_one(house, visitor, people):
    browser = await visitor().enter(people["security"])
    first = {"scope": "all", "reason": "intrusion"}
    other = {"scope": "all", "reason": "intrusion at Acme"}
    for form in (first, first, other, {"scope": "supplier", "supplier": "acme", "reason": "intrusion"}):
        await browser.send("/locks", **form)  # the first by a double click, which cuts once
    locks = {lock.id: lock.scope for lock in await house.services.locks.view()}
    first, second = [ident for ident, scope in locks.items() if scope is LockScope.ALL]
    page = (await browser.see("/")).text
    assert page.count("All remote access has been cut") == 1
    assert "See or lift what is cut (3)" in page.replace("</a>", "")
    await browser.send(f"/locks/{first}/lift", why="all clear")
    page = (await browser.see("/locks")).text
    assert "another one still stands that cuts everything" in page
    assert "All remote access has been cut" in page
    await browser.send(f"/locks/{second}/lift", why="all clear")
    page = (await browser.see("/locks")).text
    assert "The cuts below still stand" in page
    assert "Access is restored" not in page
    assert "Acme Imaging" in page
    (last,) = await house.services.locks.view()
    refused = await browser.send(f"/locks/{last.id}/lift", why="ok")
    assert refused.status_code == 422
    assert f'id="lock-{last.id}"' in refused.text
    assert re.search(r'<details class="confirm" hx-morph-skip open>.*?>ok</textarea>', refused.text, re.DOTALL)
    await browser.send(f"/locks/{last.id}/lift", why="all clear")
    assert "Access is restored" in (await browser.see("/locks")).text


async def test_while_all_is_cut_that_is_said_and_not_offered_again(house, visitor, people):
    browser = await visitor().enter(people["security"])
    page = (await browser.see("/locks/everything")).text
    assert "Cut everything now" in page
    assert "No technician is connected" not in page
    at = datetime.now(UTC)
    await house.services.locks.impose(house.staff(house.ruth), LockScope.ALL, "", "drill", at + timedelta(hours=1))
    for_an_hour = (await browser.see("/locks/everything")).text
    assert "lifts itself" in for_an_hour
    assert "Cut everything until somebody lifts it" in for_an_hour
    await browser.send("/locks", scope="all", reason="intrusion")
    page = (await browser.see("/locks/everything")).text
    assert "Cut everything now" not in page
    for said in ("All is cut", "intrusion", "by Security", "drill"):
        assert said in page
    standing = {f"/locks#lock-{lock.id}" for lock in await house.services.locks.view()}
    assert any(f'href="{where}">Lift…' in page for where in standing)


async def test_T41_a_cut_and_its_lifting_want_a_fresh_code(house, visitor, people):
    browser = await visitor().enter(people["security"], fresh=False)
    stale = await browser.send("/locks", scope="all", reason="intrusion")
    assert stale.status_code == 403
    assert "intrusion" in stale.text
    assert "Cut everything now" in stale.text
    assert await house.services.locks.view() == []


async def test_a_supplier_a_person_and_a_device_are_cut_by_name(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    for form in (
        {"scope": "supplier", "supplier": "acme"}, {"scope": "technician", "technician": "alice"},
        {"scope": "device", "device": "ct-01", "hours": "4"},
    ):  # fmt: skip
        assert (await browser.send("/locks", reason="under inquiry", **form)).status_code == 303, form
    page = (await browser.see("/locks")).text
    for name in ("Acme Imaging", "Alice Martin · Acme Imaging", "ct-01 · Scanner 1", "lifts itself"):
        assert name in page
    assert "All remote access" not in page


async def test_nothing_is_cut_by_mistake(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    for form in ({"scope": "supplier"}, {"scope": "nonsense"}, {"scope": "device", "device": "../x"}, {}):
        assert (await browser.send("/locks", reason="under inquiry", **form)).status_code == 422, form
    assert await house.services.locks.view() == []


async def test_a_cut_lasts_as_long_as_was_offered_or_is_asked_anew(house, visitor, people):
    browser = await visitor().enter(people["security"])
    for hours in ("999999999", "-1", "2", "soon"):
        answer = await browser.send("/locks", scope="all", reason="intrusion", hours=hours)
        assert answer.status_code == 422, hours
    assert await house.services.locks.view() == []
    assert (await browser.send("/locks", scope="all", reason="intrusion", hours="4")).status_code == 303


async def test_choosing_whom_to_stop_asks_nothing_about_what_he_may_do(house, visitor, people):
    browser = await visitor().enter(people["security"])
    with statements() as asked:
        page = (await browser.see("/locks")).text
    assert "Alice Martin" in page
    assert not [one for one in asked if "FROM technician_keys" in one or "FROM rosters" in one or "totp_sealed" in one]
