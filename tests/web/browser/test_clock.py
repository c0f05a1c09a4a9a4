"""A page that stands open stays true: its clock and the time boxes go on without a call to the server."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.async_api import expect

from bastion.domain.parties import Staff
from tests.services.house import House
from tests.web.browser.conftest import Seat
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
