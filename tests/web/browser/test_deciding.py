"""A mail's link on a phone: it opens by itself, leaves no secret in the address bar, and decides with both factors."""

import pyotp
import pytest
from playwright.async_api import expect

from bastion.domain.access_request import RequestState
from bastion.domain.parties import Staff
from tests.services.house import PASSWORD, House, enrol
from tests.web.browser.conftest import Seat
from tests.web.browser.test_approving import forget_codes
from tests.web.browser.test_looks import AXE, LOOKS, looked_at
from tests.web.french import English
from tests.web.pages.test_deciding import link_to
from tests.web.visitor import speak

PHONE = {"width": 390, "height": 844}


async def test_T34_from_the_mail_to_the_decision_on_a_phone(house: House, seat: Seat):
    _, totp = await enrol(house, house.eve)
    await forget_codes(house)
    request = await house.asked()
    secret = await link_to(house, request)
    desk = await seat(viewport=PHONE)
    asked: list[str] = []
    desk.context.on("request", lambda one: asked.append(f"{one.url} {one.headers.get('referer', '')}"))
    page = await desk.open(f"/decide#{secret}")
    await expect(page.get_by_role("heading", name="Alice Martin asks for Scanner 1")).to_be_visible()
    assert page.url == f"{desk.address}/decide"
    assert await page.evaluate("location.hash") == ""
    await page.get_by_text("30 min").click()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_label("Code from your authenticator").fill(pyotp.TOTP(totp).now())
    await page.get_by_role("button", name="Agree").click()
    await expect(page.get_by_role("status").filter(has_text="The technician may connect")).to_be_visible()
    assert page.url == f"{desk.address}/decide/done"
    assert all(not one["name"].startswith("__Host-bastion") for one in await desk.context.cookies())
    assert not [one for one in asked if secret in one], "neither an address nor a referrer carries it"
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert view.request.stored_state is RequestState.APPROVED

    again = await desk.open(f"/decide#{secret}")
    await expect(again.get_by_role("alert")).to_contain_text("This link opens nothing any more")
    desk.complaints[:] = [one for one in desk.complaints if "401" not in one]  # the browser's own word for that page


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_refused_decision_opens_at_the_field_that_was_refused_on_a_phone(
    house: House, people: dict[str, Staff], seat: Seat, scripts: bool
):
    """Whether it was the code or the reason, the sentence is in sight, and the caret in its field."""
    request = await house.asked()
    desk = await seat(people["approver"], fresh=False, viewport=PHONE, java_script_enabled=scripts)
    page = await desk.open(f"/requests/{request.id}")
    code, note = page.get_by_label("Code from your authenticator"), page.get_by_label("A word to the technician")
    await code.fill("000000")
    await page.get_by_role("button", name="Agree").click()
    await expect(code).to_be_focused()
    await expect(page.locator("#code-wrong")).to_be_in_viewport()
    await expect(page.locator("#code-wrong")).to_contain_text("This code is wrong or was used already.")
    await page.get_by_role("button", name="Refuse").click()
    await expect(note).to_be_focused()
    await expect(page.locator("#note-wrong")).to_be_in_viewport()
    desk.complaints[:] = [one for one in desk.complaints if "401" not in one and "422" not in one]


async def test_the_page_shuts_nobody_out_in_whatever_way_it_is_looked_at(house: House, seat: Seat):
    """The same looks as for every page of the tour; this one is behind a link that a form hands over."""
    await speak(house, house.eve, "fr")
    request = await house.asked()
    await house.services.threads.ask(house.staff(house.max), request.id, "Le tube gauche")
    desk = await seat(viewport={"width": 1360, "height": 900}, reduced_motion="reduce")
    page = await desk.open(f"/decide#{await link_to(house, request)}")
    await expect(page.locator("#h-decide")).to_be_attached()
    for source in (AXE, LOOKS):
        await page.evaluate(source.read_text())
    found = {"english": sorted(English.learnt().left_in(await page.content())), **await looked_at(page)}
    assert [f"{look}: {one}" for look, all_of_it in found.items() for one in all_of_it] == []
