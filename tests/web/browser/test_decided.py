"""A decision stands on every open page at once, without a call to the console; the rest of it, when its turn comes."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.async_api import Page, Route, expect

from bastion.domain.access_request import AccessRequest
from bastion.domain.parties import Staff
from tests.services.house import House
from tests.web.browser.conftest import Seat
from tests.web.browser.test_looks import AXE, LOOKS, looked_at
from tests.web.chromium import read_again, standing_still
from tests.web.french import English
from tests.web.scenery import Scenery
from tests.web.visitor import speak
from web.audience import Audience

FAR = 3_600_000
"""Milliseconds; no test lasts so long."""

Turn = Callable[[int], None]


@pytest.fixture
def turn(monkeypatch: pytest.MonkeyPatch) -> Turn:
    """As if so many pages were open that each waits this long before it reads again: at first, for ever."""

    def after(milliseconds: int) -> None:
        monkeypatch.setattr(Audience, "wait", lambda *_: milliseconds)

    after(FAR)
    return after


async def cut_off(app: FastAPI, *pages: Page) -> list[str]:
    """Wait until all of them listen; then let none ask the console for anything. Returns what they try to ask for."""
    async with asyncio.timeout(30):
        while app.state.audience.seeing() < len(pages):
            await asyncio.sleep(0.01)
    asked: list[str] = []

    async def refuse(route: Route) -> None:
        if route.request.url.endswith("/desk/count"):  # one after the other as the page opens; nothing to do with it
            await route.continue_()
            return
        asked.append(f"{route.request.method} {route.request.url}")
        await route.abort()

    for page in pages:
        await page.route("**/*", refuse)
    return asked


async def two(house: House, tmp_path: Path) -> tuple[AccessRequest, AccessRequest]:
    """Two requests that wait, the first on `Scanner 1`."""
    scene = Scenery(house, tmp_path)
    await scene.device("cr-04", "Monitor 4", 2, "Cardiology", "C2")
    return await house.asked(), await scene.ask(house.alice, "cr-04", "it beeps")


async def refused(house: House, request: AccessRequest) -> None:
    await house.services.approvals.deny(house.staff(house.max), request.id, request.version, "patient on the table")


@pytest.mark.usefixtures("turn")
async def test_a_decision_stands_on_every_page_that_shows_the_request_before_any_reads_again(
    app: FastAPI, house: House, people: dict[str, Staff], seat: Seat, tmp_path: Path
):
    request, other = await two(house, tmp_path)
    pages = [
        await (await seat(people[who])).open(path)
        for who, path in (("approver", "/"), ("auditor", "/requests"), ("security", "/sessions"))
    ]
    asked = await cut_off(app, *pages)
    await refused(house, request)
    board, listing, elsewhere = pages
    card, row = board.locator(f"#ask-{request.id}"), listing.locator(f'tr[data-request="{request.id}"]')
    await expect(card.locator("[data-standing]")).to_have_text("Refused")
    await expect(card.get_by_text("Decide")).to_be_hidden()
    await expect(row.locator("[data-standing]")).to_have_text("Refused")
    for page in (board, listing):
        await expect(page.locator("[data-voice]")).to_have_text("Scanner 1: Refused")
        await expect(page.locator("[data-decided]")).to_have_count(1)
    await expect(board.locator(f"#ask-{other.id}").get_by_text("Decide")).to_be_visible()
    await expect(elsewhere.locator("[data-voice]")).to_be_empty()
    assert asked == []


@pytest.mark.usefixtures("turn")
async def test_what_was_read_before_the_decision_and_comes_after_it_does_not_take_it_back(
    house: House, people: dict[str, Staff], seat: Seat, tmp_path: Path
):
    request, other = await two(house, tmp_path)
    page = await (await seat(people["approver"])).open("/")
    read, late = asyncio.Event(), asyncio.Event()

    async def on_a_slow_line(route: Route) -> None:
        answer = await route.fetch()
        read.set()
        await late.wait()
        await route.fulfill(response=answer)

    await page.route("**/board", on_a_slow_line)
    standing = page.locator(f"#ask-{request.id} [data-standing]")
    async with read_again(page, "/board"):
        await page.evaluate("document.body.dispatchEvent(new CustomEvent('bastion:resync'))")
        await read.wait()
        await refused(house, request)
        await expect(standing).to_have_text("Refused")
        late.set()
    await expect(standing).to_have_text("Refused")
    await expect(page.locator(f"#ask-{request.id}")).to_have_attribute("data-decided", "denied")
    await expect(page.locator(f"#ask-{other.id}").get_by_text("Decide")).to_be_visible()
    await expect(page.locator("[data-voice]")).to_have_text("Scanner 1: Refused")


@pytest.mark.usefixtures("turn")
async def test_it_says_so_in_the_readers_own_words_and_shuts_nobody_out(
    app: FastAPI, house: House, people: dict[str, Staff], seat: Seat
):
    request = await house.asked(reason="Le tube gauche")
    await speak(house, people["approver"], "fr")
    desk = await seat(people["approver"], viewport={"width": 1360, "height": 900}, reduced_motion="reduce")
    page = await desk.open("/")
    asked = await cut_off(app, page)
    await house.services.approvals.approve(house.staff(house.max), request.id, request.version, 30, "oui")
    await expect(page.locator(f"#ask-{request.id} [data-standing]")).to_have_text("Accordée")
    await expect(page.locator("[data-voice]")).to_have_text("Scanner 1\u202f: Accordée")
    for source in (AXE, LOOKS):
        await page.evaluate(source.read_text())
    found = {"english": sorted(English.learnt().left_in(await page.content())), **await looked_at(page)}
    assert [f"{look}: {one}" for look, all_of_it in found.items() for one in all_of_it] == []
    assert asked == []


async def test_whoever_stands_on_the_button_stays_there_and_decides_nothing_any_more(
    app: FastAPI, house: House, people: dict[str, Staff], seat: Seat
):
    request = await house.asked()
    desk = await seat(people["approver"])
    page = await desk.open(f"/requests/{request.id}")
    agree = page.get_by_role("button", name="Agree")
    await page.get_by_label("Code from your authenticator").fill("123456")
    await agree.focus()
    asked = await cut_off(app, page)
    await refused(house, request)
    await expect(page.locator(".head [data-standing]")).to_have_text("Refused")
    await expect(agree).to_be_disabled()
    await expect(agree).to_be_focused()
    await agree.press("Enter")
    await expect(page.locator("[data-voice]")).to_have_text("Scanner 1: Refused")
    assert [one for one in asked if not one.startswith("GET")] == []
    await page.unroute_all()
    async with house.database.write() as uow:
        uow.hint("request", request.id)
    await expect(agree).to_have_count(0)
    await expect(page.locator("#work")).to_be_focused()
    desk.complaints.clear()  # the browser notes what was not let through


async def test_when_its_turn_comes_a_page_reads_once_and_knows_from_that_how_many_wait(
    house: House, people: dict[str, Staff], seat: Seat, turn: Turn, tmp_path: Path
):
    first, second = await two(house, tmp_path)
    turn(0)
    desk = await seat(people["approver"])
    page = await desk.context.new_page()
    async with standing_still(page, "/board"):
        await page.goto(desk.address)
    turn(1500)
    await expect(page).to_have_title("(2) Now · Bastion")
    await page.locator(f"#ask-{first.id}").get_by_role("link").focus()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url.removeprefix(page.url)))
    await house.services.approvals.approve(house.staff(house.max), first.id, first.version, 30, "yes")
    await expect(page.locator(f"#ask-{first.id}")).to_have_attribute("data-decided", "approved")
    await page.clock.run_for(1400)
    assert asked == []
    async with read_again(page, "/board"):
        await page.clock.run_for(200)
    await expect(page.locator(f"#ask-{first.id}")).to_have_count(0)
    await expect(page).to_have_title("(1) Now · Bastion")
    await expect(page.locator(f"#ask-{second.id}").get_by_role("link")).to_be_focused()
    assert asked == ["board"], "once for the request and the authorisation that came of it, and nothing for the number"


@pytest.mark.usefixtures("turn")
async def test_a_technicians_own_pages_show_it_too(app: FastAPI, house: House, seat: Seat):
    request = await house.asked()
    desk = await seat(house.alice)
    board, its = await desk.open("/supplier/"), await desk.open(f"/supplier/requests/{request.id}")
    await expect(board.locator(f"#wait-{request.id}")).to_be_visible()
    async with asyncio.timeout(30):
        while app.state.audience.seeing() < 1:
            await asyncio.sleep(0.01)
    await refused(house, request)
    for page in (board, its):
        await expect(page.locator("[data-voice]")).to_have_text("Scanner 1: Refused")
    await expect(its.locator(".head [data-standing]")).to_have_text("Refused")
