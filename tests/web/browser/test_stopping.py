"""Watching who is at work, and stopping them."""

import pytest
from playwright.async_api import expect

from bastion.domain.lock import LockScope
from bastion.domain.parties import Role, Staff
from bastion.domain.session_events import EndReason
from bastion.services.people import Duty, StaffForm
from bastion.services.sessions import Ending
from tests.services.house import OPERATOR, House
from tests.web.browser.conftest import Seat
from web import nav


async def test_a_session_appears_is_held_released_and_cut(house: House, people: dict[str, Staff], seat: Seat):
    desk = await seat(people["approver"])
    page = await desk.open("/sessions")
    await expect(page.get_by_text("Nobody is connected")).to_be_visible()
    opened = await house.opened()
    row = page.locator(f"#on-{opened.record.id}")
    await expect(row).to_be_visible()
    await row.get_by_role("link", name="replace the tube").click()
    await page.get_by_role("button", name="Freeze").click()
    await expect(page.get_by_text("frozen by Approver")).to_be_visible()
    await page.get_by_role("button", name="Thaw").click()
    await page.get_by_text("Cut the session…").click()
    await page.get_by_label("Why; the technician will read it").fill("patient arrives")
    await expect(page.get_by_role("checkbox", name="Withdraw the authorisation too")).to_be_checked()
    await page.get_by_role("button", name="Cut now").click()
    await expect(page.get_by_text("cut by Approver; ending")).to_be_visible()
    await expect(page.get_by_role("button", name="Freeze")).to_have_count(0)


async def test_what_can_no_longer_be_done_goes_by_itself_when_the_session_ends(
    house: House, people: dict[str, Staff], seat: Seat
):
    opened = await house.opened()
    desk = await seat(people["approver"])
    page = await desk.open(f"/sessions/{opened.record.id}")
    await page.get_by_text("Cut the session…").click()
    await page.get_by_label("Why; the technician will read it").fill("half written")
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    await expect(page.get_by_role("heading", name="How it ended")).to_be_visible()
    for gone in ("Freeze: pass no typing on", "Cut now"):
        await expect(page.get_by_role("button", name=gone)).to_have_count(0)
    await expect(page.get_by_text("Cut the session…")).to_have_count(0)
    await expect(page.get_by_text("The technician can connect again until")).to_be_visible()
    await page.get_by_label("Why; the technician will read it").fill("work is done")
    await page.get_by_role("button", name="Withdraw the authorisation").click()
    await expect(page.get_by_text("The authorisation is withdrawn")).to_be_visible()
    await expect(page.get_by_text("can connect again")).to_have_count(0)


async def test_the_banner_of_a_cut_comes_and_goes_on_every_open_page(
    house: House, people: dict[str, Staff], seat: Seat
):
    desk = await seat(people["approver"])
    page = await desk.open("/requests")
    ruth = house.staff(house.ruth)
    locks = [await house.services.locks.impose(ruth, LockScope.ALL, "", f"intrusion {n}") for n in range(2)]
    banner = page.get_by_text("All remote access has been cut")
    await expect(banner).to_have_count(1)
    await house.services.locks.lift(ruth, locks[0].id, "all clear")
    await expect(page.get_by_text("See what is cut")).not_to_contain_text("(2)")
    await expect(banner).to_have_count(1)
    await house.services.locks.lift(ruth, locks[1].id, "all clear")
    await expect(banner).to_have_count(0)


async def test_while_all_is_cut_the_rail_says_so_and_offers_no_other_cut(
    house: House, people: dict[str, Staff], seat: Seat
):
    ruth = house.staff(house.ruth)
    for size in ({"width": 1280, "height": 850}, {"width": 390, "height": 844}):
        desk = await seat(people["security"], viewport=size)
        page = await desk.open("/locks")
        cut, is_cut = (page.get_by_role("link", name=name, exact=True) for name in ("Cut everything", "All is cut"))
        await expect(cut).to_have_count(2)
        await expect(is_cut).to_have_count(0)
        lock = await house.services.locks.impose(ruth, LockScope.ALL, "", "intrusion")
        await expect(is_cut).to_be_visible()
        await expect(cut).to_have_count(0)
        await house.services.locks.lift(ruth, lock.id, "all clear")
        await expect(cut).to_have_count(2)


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_all_places_stand_on_the_first_screen_of_a_desk(house: House, seat: Seat, language: str):
    form = StaffForm("all", "Denis Moreau, administrateur", "d@chu", language=language, duties=tuple(map(Duty, Role)))
    everybody = await house.services.people.save_staff(OPERATOR, form)
    desk = await seat(everybody, viewport={"width": 1280, "height": 850})
    page = await desk.open("/")
    places = page.locator(".wide .nav a")
    assert await places.count() == sum(len(group) for _, group in nav.GROUPS)
    for at in (0, -1):
        await expect(places.nth(at)).to_be_in_viewport(ratio=1)
    rail = page.locator(".wide .nav")
    assert await rail.evaluate("one => one.scrollHeight <= one.clientHeight")
    for low in (page.locator(".wide .cut-all"), page.locator(".wide .me button").last):
        await expect(low.locator("visible=true").first).to_be_in_viewport(ratio=1)


async def test_on_a_phone_what_stops_is_on_the_first_screen(house: House, people: dict[str, Staff], seat: Seat):
    opened = await house.opened()
    for width in (390, 320):
        desk = await seat(people["security"], viewport={"width": width, "height": 640})
        page = await desk.open(f"/sessions/{opened.record.id}")
        for name in ("Freeze: pass no typing on", "Cut everything"):
            thing = page.get_by_text(name).locator("visible=true").first
            await expect(thing).to_be_in_viewport(ratio=1)


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


@pytest.mark.parametrize("height", [640, 720, 768, 900])
async def test_cut_everything_never_leaves_the_screen(house: House, people: dict[str, Staff], seat: Seat, height: int):
    """However low the screen and however many places the menu has: it is for emergencies."""
    everywhere = StaffForm("all", "All Duties", "all@chu", frozenset(Role), (), "fr")
    person = await house.services.people.save_staff(OPERATOR, everywhere)
    desk = await seat(person, viewport={"width": 1280, "height": height})
    page = await desk.open("/requests")
    for name in ("Tout couper", "English", "Se déconnecter"):
        await expect(page.locator(".wide").get_by_text(name)).to_be_in_viewport(ratio=1)
    places = page.locator(".wide .nav a")
    await places.last.scroll_into_view_if_needed()
    await expect(places.last).to_be_in_viewport(ratio=1)
    await expect(page.locator(".wide").get_by_text("Tout couper")).to_be_in_viewport(ratio=1)
