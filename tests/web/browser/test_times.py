"""What is planned is read on the hospital's clock and, by whoever reads from far away, on his own."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect

from bastion import clock
from tests.services.house import House
from tests.web.browser.conftest import Seat
from tests.web.chromium import read_again
from tests.web.visitor import speak

EVENING = {"hour": 20, "minute": 0, "second": 0, "microsecond": 0}
"""In Paris the same day, in Tokyo already the next."""


def planned():
    return (clock.now() + timedelta(days=2)).replace(**EVENING)


async def mine(page: Page) -> list[str]:
    return [text.strip() for text in await page.locator("[data-yours]").all_text_contents() if text]


async def test_a_technician_far_away_reads_both_clocks(house: House, seat: Seat):
    start = planned()
    request = await house.asked(start=start)
    desk = await seat(house.alice, timezone_id="Asia/Tokyo")
    page = await desk.open("/supplier/")
    day = start.astimezone(ZoneInfo("Asia/Tokyo")).strftime("%-d %b")
    await expect(page.locator(f"#wait-{request.id} .line [data-yours]")).to_have_text(f" ({day} 05:00 Asia/Tokyo)")
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60, "ok")
    card = page.locator(".card[id^=held-] [data-yours]")
    await expect(card).to_have_text(f" ({day} 05:00 – 06:00 Asia/Tokyo)")
    async with read_again(page, "/supplier/board"):
        await page.evaluate("document.body.dispatchEvent(new CustomEvent('bastion:resync'))")
    await expect(card).to_have_text(f" ({day} 05:00 – 06:00 Asia/Tokyo)")
    page = await desk.open(f"/supplier/requests/{request.id}")
    assert await mine(page) == [f"({day} 05:00 – 06:00 Asia/Tokyo)"]


@pytest.mark.parametrize("zone", ["Europe/Paris", "Europe/Berlin"])
async def test_whose_clock_shows_the_same_reads_one(house: House, seat: Seat, zone: str):
    request = await house.asked(start=planned())
    desk = await seat(house.eve, timezone_id=zone)
    for path in ("/", f"/requests/{request.id}"):
        page = await desk.open(path)
        await expect(page.locator("[data-planned]").first).to_be_visible()
        assert await mine(page) == []


async def test_the_own_clock_is_written_in_the_reader_s_language(house: House, seat: Seat):
    start = planned().replace(month=8, year=clock.now().year + 1)
    request = await house.asked(start=start)
    desk = await seat(await speak(house, house.eve, "fr"), timezone_id="Asia/Tokyo")
    page = await desk.open(f"/requests/{request.id}")
    day = start.astimezone(ZoneInfo("Asia/Tokyo")).day
    wanted = [f"({day} août 05:00 Asia/Tokyo)", f"({day} août 05:00 – 06:00 Asia/Tokyo)"]
    assert await mine(page) == wanted
    await page.evaluate("document.querySelectorAll('[data-yours]').forEach(place => place.replaceChildren())")
    assert await mine(page) == wanted, "what comes empty when a part is read again is filled before anybody sees it"


async def test_the_supplier_s_form_names_the_clock_on_which_the_start_is_read(house: House, seat: Seat):
    desk = await seat(house.alice, timezone_id="Asia/Tokyo")
    page = await desk.open("/supplier/requests/new")
    await expect(page.locator("#zones")).to_have_text("CHU Demo (Europe/Paris)")
