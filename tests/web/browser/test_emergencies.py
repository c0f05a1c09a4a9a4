"""The form on which an emergency is ticked, in a real browser: it asks who called, and for no later start (R-26)."""

from playwright.async_api import expect

from tests.services.house import House
from tests.web.browser.conftest import Seat


async def test_ticked_it_asks_who_called_and_for_no_start_and_unticked_the_other_way_round(house: House, seat: Seat):
    desk = await seat(house.eve)
    page = await desk.open("/requests/new")
    caller, start = page.get_by_label("Who called the supplier"), page.get_by_label("Start")
    await expect(caller).to_be_hidden()
    await expect(start).to_be_visible()
    await start.fill("2030-01-01T08:00")
    tick = page.get_by_label("It is an emergency: it cannot wait")
    await tick.check()
    await expect(caller).to_be_visible()
    await expect(start).to_be_hidden()
    await expect(start).to_be_disabled()
    await caller.fill("Dr Roux")
    await tick.uncheck()
    await expect(start).to_be_visible()
    await expect(caller).to_be_hidden()
    await expect(caller).to_be_disabled()
