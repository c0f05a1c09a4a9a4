"""Watching who is at work, and stopping them."""

from playwright.async_api import expect

from bastion.domain.parties import Staff
from tests.services.house import House
from tests.web.browser.conftest import Seat


async def test_a_session_appears_is_held_released_and_cut(house: House, people: dict[str, Staff], seat: Seat):
    desk = await seat(people["approver"])
    page = await desk.open("/sessions")
    await expect(page.get_by_text("Nobody is connected")).to_be_visible()
    opened = await house.opened()
    row = page.locator(f"#on-{opened.record.id}")
    await expect(row).to_be_visible(timeout=3000)
    await row.get_by_role("link", name="replace the tube").click()
    await page.get_by_role("button", name="Freeze").click()
    await expect(page.get_by_text("frozen by Approver")).to_be_visible()
    await page.get_by_role("button", name="Thaw").click()
    await page.get_by_text("Cut the session…").click()
    await page.get_by_label("Why; the technician will read it").fill("patient arrives")
    await page.get_by_role("button", name="Cut now").click()
    await expect(page.get_by_text("cut by Approver; ending")).to_be_visible()


async def test_a_cut_asks_for_a_reason_before_it_is_sent(house: House, people: dict[str, Staff], seat: Seat):
    opened = await house.opened()
    desk = await seat(people["approver"])
    page = await desk.open(f"/sessions/{opened.record.id}")
    await expect(page.get_by_role("button", name="Cut now")).to_be_hidden()
    await page.get_by_text("Cut the session…").click()
    await page.get_by_role("button", name="Cut now").click()
    await expect(page.get_by_label("Why; the technician will read it")).to_be_focused()
    view = await house.services.supervision.get(house.staff(house.eve), opened.record.id)
    assert view.record.cut_at is None


async def test_everything_is_cut_and_every_page_says_so(house: House, people: dict[str, Staff], seat: Seat):
    await house.opened()
    security = await seat(people["security"])
    page = await security.open("/")
    await page.get_by_role("link", name="Cut everything").click()
    await page.get_by_label("Why; everyone who is stopped reads it").fill("intrusion under way")
    await page.get_by_role("button", name="Cut everything now").click()
    await expect(page.get_by_text("All remote access has been cut")).to_be_visible()
    (lock,) = await house.services.locks.view()
    await page.get_by_text("Lift…").click()
    await page.get_by_label("Why may access be restored?").fill("all clear")
    await page.get_by_role("button", name="Restore access").click()
    await expect(page.get_by_text("Access is restored")).to_be_visible()
    assert lock.reason == "intrusion under way"
    assert await house.services.locks.view() == []


async def test_the_form_shows_the_list_that_goes_with_the_choice(people: dict[str, Staff], seat: Seat):
    desk = await seat(people["security"])
    page = await desk.open("/locks")
    await expect(page.get_by_role("combobox", name="Supplier")).to_be_visible()
    await page.get_by_role("radio", name="A device").check()
    await expect(page.get_by_role("combobox", name="Supplier")).to_be_hidden()
    await expect(page.get_by_role("combobox", name="Device")).to_be_visible()
