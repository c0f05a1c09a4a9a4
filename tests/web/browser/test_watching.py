"""Replaying in a real browser: play, speed, jump, tracks, copy (R-55)."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from bastion.domain.parties import Staff
from tests.services.house import House
from tests.web.browser.conftest import Seat
from tests.web.browser.glance import glance
from tests.web.scenery import FILES, HOSTILE, TUNNELS, Scenery


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
    await expect(screen).to_contain_text("tube temperature 71 °C")
    await page.get_by_role("button", name="−10 s").click()
    await page.get_by_role("tab", name="Single command").click()
    await page.locator(".ap-player").click()
    await expect(screen).to_contain_text("/dev/sda2")
    await expect(page.get_by_role("tab", name="Single command")).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Escape")
    await page.get_by_role("tab", name="Single command").focus()
    await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_role("tab", name="Terminal")).to_be_focused()
    await page.get_by_label("Why do you take a copy?").fill("for the supplier")
    await page.get_by_label("Code from your authenticator").evaluate("field => field.required = false")
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Download the copy").click()
    copy = await waiting.value
    assert copy.suggested_filename == f"ct-01-{record.id[-8:]}-0.cast"
    assert '"version":3' in Path(await copy.path()).read_text().splitlines()[0]


async def test_on_a_phone_the_letters_are_large_enough_and_the_page_itself_does_not_move_sideways(
    house: House, people: dict[str, Staff], seat: Seat, tmp_path: Path
):
    record = await Scenery(house, tmp_path).recorded(house.alice, "ct-01", "tube")
    desk = await seat(people["security"], viewport={"width": 390, "height": 844})
    page = await desk.open(f"/recordings/{record.id}")
    await page.get_by_label("Why do you watch it?").fill("incident 12")
    await page.get_by_role("button", name="Watch the recording").click()
    screen = page.locator("[data-screen]")
    await page.get_by_role("combobox", name="Speed").select_option("8")
    await expect(screen).to_contain_text("tube temperature 71 °C")
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert await page.locator(".ap-term-text").first.evaluate(size) >= 11
    assert await screen.evaluate("element => element.scrollWidth > element.clientWidth"), "moved under the finger"
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    bar = await page.locator(".ap-control-bar").bounding_box()
    assert bar is not None
    assert 0 <= bar["x"] <= bar["x"] + bar["width"] <= 390, "all of the player's bar is there"


@pytest.mark.parametrize("height", [850, 720])
async def test_the_whole_player_stands_on_the_first_screen_of_a_desk(
    house: House, people: dict[str, Staff], seat: Seat, tmp_path: Path, height: int
):
    record = await Scenery(house, tmp_path).recorded(house.alice, "ct-01", "tube")
    page = await (await seat(people["security"], viewport={"width": 1280, "height": height})).open(
        f"/recordings/{record.id}"
    )
    await page.get_by_label("Why do you watch it?").fill("incident 12")
    await page.get_by_role("button", name="Watch the recording").click()
    await expect(page.locator(".ap-player")).to_be_visible()
    for part in (page.get_by_role("combobox", name="Speed"), page.get_by_role("button", name="+10 s")):
        await expect(part).to_be_in_viewport(ratio=1)
    await expect(page.locator(".ap-player .ap-control-bar")).to_be_in_viewport(ratio=0.9)
    assert await page.evaluate("scrollY") == 0


PASTED = "grep -n 'E-2207' /var/log/tube.log"


async def test_the_wall_clock_runs_on_when_silence_is_skipped_and_a_paste_is_shown(
    house: House, people: dict[str, Staff], seat: Seat, tmp_path: Path, monkeypatch
):
    record = await Scenery(house, tmp_path).recorded(house.alice, "ct-01", "tube")
    lines = [
        {"version": 3, "term": {"cols": 80, "rows": 24}}, [0.1, "o", "start\r\n"], [0.2, "i", PASTED], [0.1, "i", "\r"],
        [3600, "o", "an hour later\r\n"], [0.5, "i", "\x03"], [60, "o", "end\r\n"],
    ]  # fmt: skip
    cast = "".join(json.dumps(line) + "\n" for line in lines).encode()
    monkeypatch.setattr(type(house.services.replay), "stream", lambda *_: iter([cast]))
    desk = await seat(people["security"])
    page = await desk.open(f"/recordings/{record.id}")
    await page.get_by_label("Why do you watch it?").fill("incident 12")
    await page.get_by_role("button", name="Watch the recording").click()
    clock, typed = page.locator("[data-wall]"), page.locator("[data-typed]")
    began = datetime.fromisoformat(await page.locator("[data-replay]").get_attribute("data-began"))
    await expect(typed).to_be_hidden()
    await page.get_by_label("Show what was typed").check()
    await page.get_by_role("combobox", name="Speed").select_option("8")
    await expect(page.locator("[data-screen]")).to_contain_text("end")
    await expect(typed).to_contain_text(f"{PASTED}⏎^C")
    await expect(page.get_by_label("Skip silence")).to_be_checked()
    written, shown = await clock.evaluate("one => [one.dateTime, one.textContent]")  # at once: it may go on meanwhile
    told = datetime.fromisoformat(written)
    assert (told - began).total_seconds() > 3600
    assert shown == f"{told.astimezone(ZoneInfo('Europe/Paris')):%H:%M:%S}"
    await page.get_by_label("Skip silence").uncheck()  # the moment stays; only what follows is slower
    await expect(page.locator("[data-screen]")).to_contain_text("an hour later")
    await page.wait_for_timeout(500)
    again = datetime.fromisoformat(await clock.get_attribute("datetime"))
    assert (again - began).total_seconds() > 3600


async def test_R60_from_a_difference_one_is_led_to_its_moment(
    house: House, people: dict[str, Staff], seat: Seat, tmp_path: Path, monkeypatch
):
    record = await Scenery(house, tmp_path).recorded(house.alice, "ct-01", "tube")
    lines = [
        {"version": 3, "term": {"cols": 80, "rows": 24}}, [0.1, "o", "start\r\n"], [3600, "o", "going down\r\n"],
        [1800, "o", "end\r\n"],
    ]  # fmt: skip
    cast = "".join(json.dumps(line) + "\n" for line in lines).encode()
    monkeypatch.setattr(type(house.services.replay), "stream", lambda *_: iter([cast]))
    desk = await seat(people["security"])
    page = await desk.open(f"/recordings/{record.id}?spot=0.3700")
    await page.add_init_script("window.setInterval = () => 0")  # right from the start, not with the next tick
    await page.get_by_label("Why do you watch it?").fill("incident 12")
    await page.get_by_role("button", name="Watch the recording").click()
    clock = page.locator("[data-wall]")
    began = datetime.fromisoformat(await page.locator("[data-replay]").get_attribute("data-began"))
    await page.get_by_label("Skip silence").uncheck()
    await expect(page.locator("[data-screen]")).to_contain_text("going down")
    told = datetime.fromisoformat(await clock.get_attribute("datetime"))
    assert 3690 < (told - began).total_seconds() < 3800


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
    await expect(page.locator("[data-screen]")).to_contain_text("onerror")
    assert await page.evaluate("window.hacked") is None
    assert await page.title() == title
    assert await page.evaluate("navigator.clipboard.readText()") != "hack"
    await page.goto(f"{desk.address}/audit")
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("img").count() == 0


@pytest.mark.slow
async def test_files_and_tunnels_shut_nobody_out_and_a_tunnel_is_taken_away(
    house: House, people: dict[str, Staff], seat: Seat, tmp_path: Path
):
    """On a phone and on a desk; no terminal was opened, so there is no player. Hostile names change nothing."""
    lines = [*FILES, *(replace(line, path=HOSTILE * 20, outcome=f"failed: {HOSTILE}") for line in FILES[:2])]
    tunnels = [*TUNNELS, (HOSTILE * 3, b"a", b"b")]
    record = await Scenery(house, tmp_path).recorded(
        house.alice, "ct-01", "tube", files=lines, tunnels=tunnels, terminals=False
    )
    for width, scheme in ((320, "light"), (1360, "dark")):
        desk = await seat(people["security"], viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = await desk.open(f"/recordings/{record.id}")
        await page.get_by_label("Why do you watch it?").fill("incident 12")
        await page.get_by_role("button", name="Watch the recording").click()
        await expect(page.get_by_role("heading", name="Forwarded ports")).to_be_visible()
        assert await glance(page) == []
        assert await page.evaluate("window.hacked") is None
        assert await page.locator("main img, main script").count() == 0
    await page.get_by_role("link", name=".pcapng of track 2").click()
    await page.get_by_label("Why do you take a copy?").fill("for the supplier")
    await page.get_by_label("Code from your authenticator").evaluate("field => field.required = false")
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Download the copy").click()
    copy = await waiting.value
    assert copy.suggested_filename == f"ct-01-{record.id[-8:]}-1.pcapng"
    assert b"A-ASSOCIATE-AC" in Path(await copy.path()).read_bytes()


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
