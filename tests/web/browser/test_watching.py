"""Replaying in a real browser: play, speed, jump, tracks, copy (R-55)."""

from pathlib import Path

from playwright.async_api import expect

from bastion.domain.parties import Staff
from tests.services.house import House
from tests.web.browser.conftest import Seat
from tests.web.scenery import HOSTILE, Scenery


async def test_T41_why_then_watch_then_take_a_copy(house: House, people: dict[str, Staff], seat: Seat, tmp_path: Path):
    record = await Scenery(house, tmp_path).recorded(house.alice, "ct-01", "tube")
    desk = await seat(people["security"])
    page = await desk.open("/recordings")
    await page.get_by_role("link", name="tube").click()
    await page.get_by_label("Why do you watch it?").fill("incident 12")
    await page.get_by_role("button", name="Watch the recording").click()
    screen = page.locator("[data-screen]")
    await expect(screen.locator(".ap-player")).to_be_visible()
    await page.get_by_role("combobox", name="Speed").select_option("8")
    await expect(screen).to_contain_text("tube temperature 71 °C", timeout=10_000)
    await page.get_by_role("button", name="−10 s").click()
    await page.get_by_role("tab", name="Single command").click()
    await page.locator(".ap-player").click()
    await expect(screen).to_contain_text("/dev/sda2", timeout=10_000)
    await expect(page.get_by_role("tab", name="Single command")).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Escape")
    await page.get_by_role("tab", name="Single command").focus()
    await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_role("tab", name="Terminal")).to_be_focused()
    await page.get_by_label("Why do you take a copy?").fill("for the supplier")
    await page.get_by_label("Code from your authenticator").evaluate("field => field.required = false")
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Download .cast").click()
    copy = await waiting.value
    assert copy.suggested_filename == f"ct-01-{record.id[-8:]}-0.cast"
    assert '"version":3' in Path(await copy.path()).read_text().splitlines()[0]


async def test_T39_what_a_terminal_would_obey_does_nothing_here(
    house: House, people: dict[str, Staff], seat: Seat, tmp_path: Path
):
    scene = Scenery(house, tmp_path)
    record = await scene.recorded(house.alice, "ct-01", HOSTILE, shown=HOSTILE)
    desk = await seat(people["security"], permissions=["clipboard-read", "clipboard-write"])
    page = await desk.open(f"/recordings/{record.id}")
    title = await page.title()
    await page.get_by_label("Why do you watch it?").fill(HOSTILE.replace("\x1b", "").replace("\x07", ""))
    await page.get_by_role("button", name="Watch the recording").click()
    await page.locator(".ap-player").click()
    await expect(page.locator("[data-screen]")).to_contain_text("onerror", timeout=10_000)
    assert await page.evaluate("window.hacked") is None
    assert await page.title() == title
    assert await page.evaluate("navigator.clipboard.readText()") != "hack"
    await page.goto(f"{desk.address}/audit")
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("img").count() == 0


async def test_a_filter_answers_while_one_types(house: House, people: dict[str, Staff], seat: Seat, tmp_path: Path):
    scene = Scenery(house, tmp_path)
    await scene.recorded(house.alice, "ct-01", "the tube")
    await scene.recorded(house.alice, "ct-01", "the pump")
    desk = await seat(people["security"])
    page = await desk.open("/recordings")
    await page.get_by_label("Search").press_sequentially("pump")
    await expect(page.get_by_role("link", name="the tube")).to_have_count(0)
    await expect(page.get_by_role("link", name="the pump")).to_be_visible()
    await expect(page.get_by_label("Search")).to_be_focused()
    await page.get_by_label("How it ended").select_option("idle")
    await expect(page.get_by_text("No recording fits")).to_be_visible()
