"""The approver's minute: a request appears, is read, and is decided on."""

from pathlib import Path

import pyotp
from playwright.async_api import expect

from bastion.domain.access_request import RequestState
from bastion.domain.parties import Staff
from bastion.services.people import TechnicianForm
from tests.services.house import OPERATOR, PASSWORD, House, enrol
from tests.services.professionals import LABEL, a_professional
from tests.web.browser.conftest import Seat
from tests.web.chromium import read_again
from tests.web.scenery import Scenery


async def forget_codes(house: House) -> None:
    """Make the codes of this half minute usable again; only a test may."""
    async with house.database.write() as uow:
        await uow.totp_uses.forget(2**40)


async def test_from_the_sign_in_to_the_agreement_with_real_codes(house: House, seat: Seat):
    _, totp = await enrol(house, house.eve)
    await forget_codes(house)
    desk = await seat()
    page = await desk.open("/")
    await expect(page).to_have_url(f"{desk.address}/sign-in")
    await page.get_by_label("Login").fill("eve")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_label("Code from your authenticator").fill(pyotp.TOTP(totp).now())
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible()
    (cookie,) = [c for c in await desk.context.cookies() if c["name"] == "__Host-bastion"]
    assert cookie["secure"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    await expect(page.get_by_text("Nothing waits")).to_be_visible()

    request = await house.asked()  # the technician asks; nobody reloads anything
    card = page.locator(f"#ask-{request.id}")
    await expect(card).to_be_visible()
    await expect(page).to_have_title("(1) Now · Bastion")
    await card.get_by_role("link").click()
    await expect(page.get_by_role("heading", name="Alice Martin asks for Scanner 1")).to_be_visible()
    await page.get_by_text("30 min").click()
    await forget_codes(house)
    await page.get_by_label("Code from your authenticator").fill(pyotp.TOTP(totp).now())
    await page.get_by_role("button", name="Agree").click()
    await expect(page.get_by_role("status").filter(has_text="The technician may connect")).to_be_visible()
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert view.request.stored_state is RequestState.APPROVED
    assert view.request.agreed.total_seconds() == 1800


async def test_with_a_code_given_just_now_two_taps_on_a_phone_decide(
    house: House, people: dict[str, Staff], seat: Seat
):
    """From the first page to the agreement; each tap falls where a finger finds the thing, not covered by another."""
    request = await house.asked()
    desk = await seat(people["approver"], viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = await desk.open("/")
    await page.locator(f"#ask-{request.id}").tap()
    await page.get_by_role("button", name="Agree", exact=True).tap()
    await expect(page.get_by_role("status").filter(has_text="The technician may connect")).to_be_visible()
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert (view.request.stored_state, view.request.agreed) == (RequestState.APPROVED, request.wanted)


async def test_the_devices_offered_follow_the_technician_chosen(house: House, people: dict[str, Staff], seat: Seat):
    desk = await seat(people["approver"])
    page = await desk.open("/requests/new?device=ct-01")
    device = page.get_by_role("combobox", name="Device")
    await page.get_by_label("What is to be done?").fill("half written")
    await page.get_by_role("combobox", name="Technician").select_option("alice")
    await expect(page.get_by_text("What Acme Imaging maintains.")).to_be_visible()
    await expect(device).to_have_value("ct-01")
    await page.get_by_role("combobox", name="Technician").select_option("bob")
    await expect(page.get_by_text("What Other Lab maintains.")).to_be_visible()
    await expect(device.get_by_role("option", name="ct-01")).to_have_count(0)
    await expect(page.get_by_label("What is to be done?")).to_have_value("half written")


async def test_the_professional_stays_chosen_with_another_technician_and_Enter_asks(
    house: House, people: dict[str, Staff], seat: Seat
):
    await a_professional(house)
    await house.services.people.save_technician(OPERATOR, TechnicianForm("carl", "Carl Weber", "c@acme", "acme", "en"))
    page = await (await seat(people["approver"])).open("/requests/new?device=ct-01&technician=alice")
    await page.get_by_text("Patient data needed").click()
    professional = page.get_by_label("Health professional of the hospital")
    await professional.select_option(LABEL)
    async with read_again(page, "/requests/new"):
        await page.get_by_role("combobox", name="Technician").select_option("carl")
    await expect(professional).to_have_value(LABEL)
    await page.get_by_label("What is to be done?").fill("yearly check")
    await page.get_by_label("Why the work cannot be done without").fill("images are compared")
    await page.get_by_text("Everything", exact=True).click()
    await page.get_by_role("group", name="Is software changed?").get_by_text("No", exact=True).click()
    await page.get_by_label("Work order").press("Enter")
    await expect(page.get_by_role("heading", name="Carl Weber asks for Scanner 1")).to_be_visible()


async def test_two_at_once_the_page_of_the_second_tells_him(house: House, people: dict[str, Staff], seat: Seat):
    request = await house.asked()
    desk = await seat(people["approver"])
    page = await desk.open(f"/requests/{request.id}")
    await page.get_by_label("A word to the technician").fill("half written")
    await house.services.approvals.deny(house.staff(house.max), request.id, request.version, "patient on the table")
    await expect(page.get_by_text("patient on the table")).to_be_visible()
    await expect(page.get_by_role("button", name="Agree")).to_have_count(0)


async def test_R25_the_answer_to_a_question_stands_on_the_page_without_reloading(
    house: House, people: dict[str, Staff], seat: Seat
):
    request = await house.asked()
    page = await (await seat(people["approver"])).open(f"/requests/{request.id}")
    await page.get_by_label("Ask before you decide").fill("Which tube?")
    await page.get_by_role("button", name="Send the question").click()
    await expect(page.locator("#thread")).to_contain_text("Which tube?")
    await page.get_by_label("Ask before you decide").fill("half written")
    await house.services.threads.answer(house.technician(), request.id, "the left one")
    await expect(page.locator("#thread")).to_contain_text("the left one")
    await expect(page.get_by_label("Ask before you decide")).to_have_value("half written")


async def test_what_one_is_writing_survives_a_hint(house: House, people: dict[str, Staff], seat: Seat):
    request = await house.asked()
    desk = await seat(people["approver"])
    page = await desk.context.new_page()
    async with read_again(page, f"/requests/{request.id}"):
        await page.goto(f"{desk.address}/requests/{request.id}")
    await page.get_by_label("A word to the technician").fill("half written")
    await page.get_by_text("15 min").click()
    async with read_again(page, f"/requests/{request.id}"), house.database.write() as uow:
        uow.hint("request", request.id)
    await expect(page.get_by_label("A word to the technician")).to_have_value("half written")
    await expect(page.get_by_role("radio", name="15 min")).to_be_checked()


async def test_what_one_agrees_to_is_what_one_has_read(
    house: House, people: dict[str, Staff], seat: Seat, tmp_path: Path
):
    """The facts around an open form move on, the form does not: it still stands for what was there when it was read."""
    scene = Scenery(house, tmp_path)
    await scene.device("linac-1", "Linac", 4, "Radiotherapy", "B1")
    request = await scene.ask(house.alice, "linac-1", "dose check")
    desk = await seat(people["approver"])
    page = await desk.open(f"/requests/{request.id}")
    await house.services.approvals.approve(house.staff(house.max), request.id, request.version, 30, "half an hour only")
    await expect(page.get_by_text("half an hour only")).to_be_visible()
    await page.get_by_role("button", name="Agree").click()
    await expect(page.get_by_role("alert")).to_contain_text("Somebody else has just changed this")
    await page.get_by_role("button", name="Agree").click()
    await expect(page.get_by_text("The technician may connect")).to_be_visible()
    desk.complaints.clear()  # the browser notes the 409 itself


async def test_the_wrong_code_is_said_and_nothing_typed_is_lost(house: House, people: dict[str, Staff], seat: Seat):
    request = await house.asked()
    desk = await seat(people["approver"], fresh=False)
    page = await desk.open(f"/requests/{request.id}")
    await page.get_by_label("A word to the technician").fill("go ahead")
    await page.get_by_role("radio", name="30 min").check()
    await page.get_by_label("Code from your authenticator").fill("000000")
    await page.get_by_role("button", name="Agree").click()
    await expect(page.get_by_role("alert")).to_contain_text("This code is wrong or was used already.")
    await expect(page.get_by_label("A word to the technician")).to_have_value("go ahead")
    await expect(page.get_by_role("radio", name="30 min")).to_be_checked()
    desk.complaints.clear()  # the browser notes the 401 itself


async def test_every_step_works_without_javascript(house: House, people: dict[str, Staff], seat: Seat):
    request = await house.asked()
    desk = await seat(people["approver"], java_script_enabled=False)
    page = await desk.open("/")
    await page.locator(f"#ask-{request.id}").get_by_role("link").click()
    await page.get_by_label("A word to the technician").fill("not today")
    await page.get_by_role("button", name="Refuse").click()
    await expect(page.get_by_text("The technician reads your reason")).to_be_visible()
    await page.goto(f"{desk.address}/requests")
    await page.get_by_label("Search").fill("tube")
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_role("link", name="replace the tube")).to_be_visible()
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert view.request.stored_state is RequestState.DENIED


async def test_the_arrow_keys_go_from_one_request_to_the_next(
    house: House, people: dict[str, Staff], seat: Seat, tmp_path: Path
):
    await Scenery(house, tmp_path).device("us-03", "Ultrasound 3", 1, "Imaging", "B5")
    minor, graver = await house.asked(device_code="us-03"), await house.asked()
    page = await (await seat(people["approver"])).open("/")
    first, second = page.locator(f"#ask-{graver.id} a"), page.locator(f"#ask-{minor.id} a")
    await first.focus()
    for key, focused in (("ArrowDown", second), ("ArrowDown", second), ("ArrowUp", first), ("ArrowUp", first)):
        await page.keyboard.press(key)
        await expect(focused).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(second).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="asks for Ultrasound 3")).to_be_visible()


async def test_several_tabs_share_one_stream(house: House, people: dict[str, Staff], seat: Seat):
    """Browsers open six connections to one host; eight tabs must not starve each other."""
    desk = await seat(people["approver"])
    streams: list[str] = []
    desk.context.on("request", lambda asked: streams.append(asked.url) if asked.url.endswith("/live") else None)
    tabs = [await desk.open("/") for _ in range(8)]
    request = await house.asked()
    for tab in tabs:
        await expect(tab.locator(f"#ask-{request.id}")).to_be_visible()
    assert len(streams) == 1
    async with desk.context.expect_event("request", lambda asked: asked.url.endswith("/live")):
        await tabs[0].close()  # another tab takes the stream over
    await house.services.approvals.deny(house.staff(house.max), request.id, request.version, "not now")
    await expect(tabs[5].get_by_text("Nothing waits")).to_be_visible()


async def test_T25_signing_out_in_one_tab_leads_the_others_to_the_door(people: dict[str, Staff], seat: Seat):
    desk = await seat(people["approver"])
    here, there = await desk.open("/"), await desk.open("/sessions")
    await here.get_by_role("button", name="Sign out").click()
    await expect(there).to_have_url(f"{desk.address}/sign-in?next=%2Fsessions")
    desk.complaints.clear()  # the browser notes a stream that was refused


async def test_the_number_of_held_files_stands_in_the_rail_and_follows(
    house: House, people: dict[str, Staff], tmp_path: Path, seat: Seat
):
    page = await (await seat(people["approver"])).open("/desk")
    link = (
        page.get_by_role("navigation", name="Main menu")
        .get_by_role("link", name="Release desk")
        .locator("[data-tally]")
    )
    await expect(page.get_by_text("Nothing waits here")).to_be_visible()
    scenery = Scenery(house, tmp_path)
    held = await scenery.held(await scenery.at_work(house.alice, "ct-01", "New firmware"))
    await expect(link).to_have_text("3")
    await expect(page.get_by_text("compressor.ini")).to_be_visible()
    await house.services.releases.refuse(house.staff(house.eve), held[2].id, held[2].version, "not agreed")
    await expect(link).to_have_text("2")
    await expect(page.get_by_text("compressor.ini")).to_have_count(0)
