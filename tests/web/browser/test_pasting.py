"""Copying a command for the technician, in a real browser."""

from playwright.async_api import Page, expect

from tests.services.house import House
from tests.web.browser.conftest import Seat
from tests.web.chromium import read_again, standing_still


async def test_the_button_beside_a_command_copies_exactly_it(house: House, seat: Seat):
    request = await house.asked()
    desk = await seat(house.eve, permissions=["clipboard-read", "clipboard-write"])
    page = await desk.context.new_page()
    async with standing_still(page, f"/requests/{request.id}"):
        await page.goto(f"{desk.address}/requests/{request.id}")
    await page.get_by_text("PuTTY (Windows, Linux)").click()
    command = page.locator("code", has_text="psftp")
    text = await command.inner_text()
    await page.locator(f'[data-copy="{await command.get_attribute("id")}"]').click()
    await expect(page.locator("[data-done]")).to_have_count(1)
    assert await page.evaluate("navigator.clipboard.readText()") == text
    assert text.startswith("psftp -P 2222 alice+ct-01@127.0.0.1")


async def copied_from_the_card(house: House, seat: Seat) -> Page:
    """The suppliers' page, with time standing still, just after the technician took a command from it."""
    request = await house.approved()
    desk = await seat(house.alice, permissions=["clipboard-read", "clipboard-write"])
    page = await desk.context.new_page()
    async with standing_still(page, "/supplier/board"):
        await page.goto(f"{desk.address}/supplier/")
    await page.locator(f"#held-{request.grant_id} [data-copy]").click()
    await expect(page.locator("[data-done]")).to_have_count(1)
    return page


async def test_the_tick_on_the_button_outlives_a_page_that_reads_itself_again(house: House, seat: Seat):
    page = await copied_from_the_card(house, seat)
    async with read_again(page, "/supplier/board"):
        await page.evaluate("document.body.dispatchEvent(new CustomEvent('bastion:resync'))")
        await page.clock.run_for(100)
    await expect(page.locator("[data-done]")).to_have_count(1)
    await page.clock.run_for(2000)
    await expect(page.locator("[data-done]")).to_have_count(0)


async def test_what_the_reader_unfolded_stays_open_when_the_page_reads_itself_again(house: House, seat: Seat):
    request = await house.asked()
    desk = await seat(house.eve)
    page = await desk.open(f"/requests/{request.id}")
    await page.get_by_text("PuTTY (Windows, Linux)").click()
    await page.get_by_text("OpenSSH (Linux, macOS, Windows)").click()  # was open: now folded
    async with read_again(page, f"/requests/{request.id}"):
        await page.evaluate("document.body.dispatchEvent(new CustomEvent('bastion:resync'))")
    folds = page.locator("details", has=page.locator("dl.commands"))
    assert await folds.evaluate_all("all => all.map(one => one.open)") == [False, True, False]


async def test_a_technician_copies_from_the_card_of_what_he_may_open_without_leaving_the_page(house: House, seat: Seat):
    page = await copied_from_the_card(house, seat)
    assert page.url.endswith("/supplier/")
    assert await page.evaluate("navigator.clipboard.readText()") == "ssh -p 2222 alice+ct-01@127.0.0.1"
