"""Nobody needs a mouse: what people come for, from sign-in to the last key, by Tab, arrows, Space and Enter alone."""

import pyotp
from playwright.async_api import Locator, Page, expect

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.parties import Staff
from tests.services.house import OPERATOR, PASSWORD, House, enrol, set_up
from tests.web.browser.conftest import Seat
from tests.web.browser.test_approving import forget_codes
from tests.web.scenery import Scenery

SHOWN = """() => [null, "::after"].some((part) => {
  const style = getComputedStyle(document.activeElement, part);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
})"""


async def tab_to(page: Page, wanted: Locator, most: int = 60, key: str = "Tab") -> None:
    """Press Tab until `wanted` has the focus; whatever has it on the way shows that it has."""
    for _ in range(most):
        await page.keyboard.press(key)
        assert await page.evaluate(SHOWN), await page.evaluate("document.activeElement.outerHTML")
        if await wanted.evaluate("(thing) => thing === document.activeElement"):
            return
    raise AssertionError(f"{most} times {key}, and never at {wanted}")


async def type_into(page: Page, label: str, text: str) -> None:
    await tab_to(page, page.get_by_label(label).first)
    await page.keyboard.type(text)


async def press(page: Page, name: str, role: str = "button") -> None:
    await tab_to(page, page.locator("main").get_by_role(role, name=name).first)
    await page.keyboard.press("Enter")


async def skip_the_menu(page: Page) -> None:
    """The first stop of every page leads past the menu."""
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#work")).to_be_focused()


async def sign_in(house: House, page: Page, login: str, totp: str) -> None:
    await forget_codes(house)
    await type_into(page, "Login", login)
    await type_into(page, "Password", PASSWORD)
    await type_into(page, "Code from your authenticator", pyotp.TOTP(totp).at(clock.now()))
    await page.keyboard.press("Enter")


async def test_an_approver_signs_in_reads_and_agrees_to_less(house: House, seat: Seat):
    _, totp = await enrol(house, house.eve)
    request = await house.asked()
    page = await (await seat()).open("/sign-in")
    await sign_in(house, page, "eve", totp)
    await expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible()
    await skip_the_menu(page)
    await tab_to(page, page.locator(f"#ask-{request.id} a").first)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Alice Martin asks for Scanner 1")).to_be_visible()
    await skip_the_menu(page)
    await tab_to(page, page.get_by_role("radio", name="1 h"))
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("radio", name="30 min")).to_be_checked()
    await type_into(page, "A word to the technician", "Patient out at ten.")
    await type_into(page, "Code from your authenticator", await _code(house, totp))
    await press(page, "Agree")
    await expect(page.get_by_text("The technician may connect")).to_be_visible()
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert (view.request.stored_state, view.request.agreed.total_seconds()) == (RequestState.APPROVED, 1800)


async def test_a_technician_signs_in_and_asks(house: House, seat: Seat):
    totp = await set_up(house, house.alice)
    page = await (await seat()).open("/supplier/sign-in")
    await sign_in(house, page, "alice", totp)
    await expect(page.get_by_role("heading", name="My work")).to_be_visible()
    await skip_the_menu(page)
    await press(page, "Ask for access", "link")
    await expect(page.get_by_role("combobox", name="Device")).to_be_visible()
    await skip_the_menu(page)
    await tab_to(page, page.get_by_role("combobox", name="Device"))
    await page.keyboard.type("ct-01")
    await type_into(page, "What is to be done?", "the tube sings")
    for answer in ("Everything", "No patient data", "No"):
        await tab_to(page, page.get_by_role("radio", name=answer, exact=True))
        await page.keyboard.press("Space")
    await press(page, "Ask")
    await expect(page.get_by_role("heading", name="Scanner 1")).to_be_visible()
    (view,) = await house.services.asked.pending(house.staff(house.eve))
    assert view.request.reason == "the tube sings"


async def test_security_says_why_and_plays_a_recording(house: House, people: dict[str, Staff], seat: Seat, tmp_path):
    await Scenery(house, tmp_path).recorded(house.alice, "ct-01", "tube")
    page = await (await seat(people["security"])).open("/recordings")
    await skip_the_menu(page)
    await press(page, "tube", "link")
    await expect(page.get_by_label("Why do you watch it?")).to_be_visible()
    await skip_the_menu(page)
    await type_into(page, "Why do you watch it?", "incident 12")
    await press(page, "Watch the recording")
    await expect(page.locator(".ap-player")).to_be_visible()
    await skip_the_menu(page)
    await tab_to(page, page.locator(".ap-player .ap-playback-button, .ap-player [tabindex]").first)
    await page.keyboard.press("Space")
    await expect(page.locator("[data-screen]")).to_contain_text("tube temperature 71 °C")
    await tab_to(page, page.get_by_role("button", name="+10 s"), key="Shift+Tab")


async def test_a_correspondent_enters_a_colleague_and_makes_the_link(house: House, seat: Seat):
    await house.services.company.name_correspondent(OPERATOR, house.alice.id, named=True)
    page = await (await seat(house.alice)).open("/supplier/company")
    await skip_the_menu(page)
    await press(page, "New colleague", "link")
    await expect(page.get_by_label("First and last name")).to_be_visible()
    await skip_the_menu(page)
    await type_into(page, "First and last name", "Dora Petit")
    await type_into(page, "Login", "dora")
    await page.get_by_label("Code from your authenticator").evaluate("(field) => field.required = false")
    await press(page, "Save")
    await expect(page.get_by_role("heading", name="Dora Petit")).to_be_visible()
    await page.get_by_label("Code from your authenticator").first.evaluate("(field) => field.required = false")
    await skip_the_menu(page)
    await press(page, "Make the link")
    await expect(page.get_by_text("/supplier/welcome#")).to_be_visible()


async def _code(house: House, totp: str) -> str:
    await forget_codes(house)
    return pyotp.TOTP(totp).at(clock.now())
