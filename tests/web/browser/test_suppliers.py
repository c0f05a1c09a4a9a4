"""The link of an invitation in a real browser: what stands behind its `#` never leaves in an address (T34)."""

import pyotp
from playwright.async_api import expect

from bastion import clock
from tests.services.house import OPERATOR, PASSWORD, House, public_line
from tests.web.browser.conftest import Seat
from tests.web.chromium import read_again


async def test_a_link_is_followed_and_leads_to_the_own_pages_which_change_by_themselves(house: House, seat: Seat):
    link = await house.services.invitations.invite(OPERATOR, house.alice.id)
    desk = await seat()
    asked: list[str] = []
    desk.context.on("request", lambda request: asked.append(request.url))
    page = await desk.open(f"/supplier/welcome#{link}")
    await expect(page.get_by_role("heading", name="Welcome, Alice Martin")).to_be_visible()
    assert link not in page.url
    assert not [address for address in asked if link in address]
    secret = (await page.locator("#totp").text_content()).replace(" ", "")
    await page.get_by_label("Public key").fill(public_line())
    await page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    await page.get_by_label("The same again").fill(PASSWORD)
    await page.get_by_label("Code from your authenticator").fill(pyotp.TOTP(secret).at(clock.now()))
    await page.get_by_role("button", name="Finish").click()
    await page.get_by_label("Login").fill("alice")
    await page.get_by_label("Password").fill(PASSWORD)
    code = pyotp.TOTP(secret).at(clock.now(), counter_offset=1)
    await page.get_by_label("Code from your authenticator").fill(code)
    async with read_again(page, "/supplier/board"):
        await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="My work")).to_be_visible()
    request = await house.asked(reason="the tube sings")
    await expect(page.get_by_text("the tube sings")).to_be_visible()
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60, "ok")
    await expect(page.get_by_text("ssh -p 2222 alice+ct-01@127.0.0.1")).to_be_visible()
