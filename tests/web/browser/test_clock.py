"""A page that stands open stays true: its clock and the time boxes go on without a call to the server."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.async_api import expect

from bastion.domain.parties import Staff
from tests.services.house import House
from tests.web.browser.conftest import Seat
from tests.web.chromium import read_again
from web.views import HOME_ZONE

LATER = timedelta(minutes=7)


async def test_the_clock_and_the_running_sessions_go_on_by_themselves(
    house: House, people: dict[str, Staff], seat: Seat
):
    await house.opened()
    desk = await seat(people["approver"])
    await desk.context.route("**/board", lambda route: route.fulfill(status=204))
    page = await desk.context.new_page()
    await page.clock.install()
    async with read_again(page, "/board"):
        await page.goto(desk.address)
    gone = page.locator(".card.on svg .gone")
    before, began = float(await gone.get_attribute("width")), await page.evaluate("Date.now()")
    await page.clock.fast_forward(int(LATER.total_seconds() * 1000))
    now = await page.evaluate("new Date().toISOString()")
    shown = await page.locator("[data-clock]").inner_text()
    assert shown in _around(now)
    assert await page.evaluate("Date.now()") - began >= LATER.total_seconds() * 1000
    await expect(gone).not_to_have_attribute("width", re.compile(rf"^{before:.2f}$"))
    assert float(await gone.get_attribute("width")) > before + 5


def _around(now: str) -> list[str]:
    """The minute that it is there, and the one before: reading it takes a moment."""
    moment = datetime.fromisoformat(now).astimezone(ZoneInfo(HOME_ZONE))
    return [f"{one:%H:%M}" for one in (moment, moment - timedelta(minutes=1))]


async def test_a_code_given_a_moment_ago_is_asked_for_again_once_it_serves_no_longer(
    house: House, people: dict[str, Staff], seat: Seat
):
    request = await house.asked()
    desk = await seat(people["approver"])
    page = await desk.context.new_page()
    await page.clock.install()
    async with read_again(page, f"/requests/{request.id}"):
        await page.goto(f"{desk.address}/requests/{request.id}")
    code = page.get_by_label("Code from your authenticator").first
    grace, six = (page.get_by_text(said).first for said in ("Not needed until", "Six digits; each code works once."))
    await expect(grace).to_be_visible()
    await expect(six).to_be_hidden()
    await page.clock.fast_forward(3600_000)
    await expect(six).to_be_visible()
    await expect(page.get_by_text("Not needed until")).to_have_count(0)
    await expect(code).to_have_attribute("required", "")
