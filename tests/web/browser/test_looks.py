"""Every page there is, gone to once and looked at in every way: nobody is shut out, on no screen and on no paper.

One test per row of `tests/web/tour.py`. A browser stays open for all of them, a profile per person; what changes
between two looks is the window or a preference, never the page.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from bastion.config import Settings
from bastion.domain.parties import Staff, Technician
from bastion.store.database import Database
from tests.databases import sqlite_fresh
from tests.services.house import WITH_LINKS, House, build_house
from tests.web import tour
from tests.web.chromium import Desk, chromium, listening
from tests.web.french import English
from tests.web.scenery import furnish
from tests.web.visitor import speak
from web.app import create

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

AXE = Path(__file__).parents[3] / "node_modules/axe-core/axe.min.js"
LOOKS = Path(__file__).with_name("looks.js")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"runOnly": WCAG, "resultTypes": ["violations"]}
PAPER = 718
"""Pixels of an A4 page between its margins."""
LONGEST = 100
"""Characters in a line, on the largest screen."""


@dataclass
class Walk:
    """Who walks through the house, each with a page of his own."""

    house: House
    address: str
    browser: Browser
    people: dict[str, Staff | Technician]
    stops: dict[str, tour.Stop]
    english: English
    _pages: dict[str, tuple[Desk, Page]] = field(default_factory=dict)

    async def page(self, who: str) -> tuple[Desk, Page]:
        if who not in self._pages:
            context = await self.browser.new_context(locale="fr-FR", reduced_motion="reduce")
            desk = Desk(context, self.address, self.house)
            await desk.sit(self.people.get(who))
            self._pages[who] = desk, await context.new_page()
        return self._pages[who]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def walk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Walk]:
    home = tmp_path_factory.mktemp("tour")
    database = await Database.open(sqlite_fresh(migrated_sqlite, home))
    house = await build_house(database, home, WITH_LINKS)
    await furnish(house, home)
    people = {login: await speak(house, who, "fr") for login, who in (await tour.people(house)).items()}
    stops = {stop.name: stop for stop in await tour.stops(house)}
    settings = Settings(home=home, language="en")
    async with listening(create(house.services, settings)) as address, chromium() as browser:
        yield Walk(house, address, browser, people, stops, English.learnt())
    await database.close()


@pytest.mark.parametrize("name", [stop.name for stop in tour.STOPS])
async def test_a_page_shuts_nobody_out(walk: Walk, name: str):
    stop = walk.stops[name]
    desk, page = await walk.page(stop.who)
    desk.complaints.clear()
    await page.set_viewport_size({"width": 1360, "height": 900})
    await page.emulate_media(media="screen", color_scheme="light", forced_colors="none", contrast="no-preference")
    if stop.first:
        await page.goto(walk.address + stop.first.rpartition("/")[0])
        await page.fill("[name=why]", "Contrôle qualité")
        await page.click(".decide .button.primary")
    answer = await page.goto(walk.address + stop.path)
    assert answer.status == stop.status
    if stop.first:
        await page.click(".ap-kbd-button")  # the player says what its keys do
        await page.wait_for_selector(".ap-overlay-help")
    found = {"english": sorted(walk.english.left_in(await page.content()))}
    for source in (AXE, LOOKS):
        await page.evaluate(source.read_text())
    assert await page.get_attribute("html", "lang") == "fr"
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("main img, main script").count() == 0
    found |= await looked_at(page)
    found["browser"] = [said for said in desk.complaints if not (stop.status >= 400 and str(stop.status) in said)]
    wrong = [f"{look}: {one}" for look, all_of_it in found.items() for one in all_of_it]
    assert not wrong, "\n".join([stop.path, *wrong])


async def looked_at(page: Page) -> dict[str, list[str]]:
    """Return what is wrong, by the look that found it."""

    async def say(what: str, *options: Any) -> list[str]:
        return await page.evaluate(f"(all) => looks.{what}(...all)", list(options))

    async def size(width: int, height: int = 900) -> None:
        await page.set_viewport_size({"width": width, "height": height})
        await say("drawn")

    async def media(**wanted: Any) -> None:
        await page.emulate_media(**wanted)
        await say("drawn")

    def only(*rules: str) -> dict[str, object]:
        return {"runOnly": {"type": "rule", "values": rules}, "resultTypes": ["violations"]}

    await page.keyboard.press("Escape")
    await page.keyboard.press("Tab")  # from here on somebody goes by keyboard, and is shown where he is
    found = {"still": await say("moving"), "keyboard": [*await say("focus"), *await say("deaf")]}
    await say("unfold")
    await say("settle")
    found["desk"] = [*await say("outside"), *await say("axe", RULES)]
    await media(contrast="more")
    found["more contrast"] = await say("axe", only("color-contrast-enhanced"), True)
    await media(color_scheme="dark")
    found["more contrast by night"] = await say("axe", only("color-contrast-enhanced"), True)
    await media(contrast="no-preference")
    await size(320)
    found["narrow, by night"] = [*await say("outside"), *await say("axe", RULES)]
    await say("free")
    found["narrow keyboard"] = await say("focus")
    await media(color_scheme="light", forced_colors="active")
    found["own colours"] = [*await say("edges"), *await say("focus")]
    await media(forced_colors="none")
    await size(640)
    await say("larger", "200%")
    found["large text"] = await say("outside")
    await say("larger", "")
    await size(3840, 2160)
    found["largest"] = [*await say("outside"), *await say("long", LONGEST)]
    await size(PAPER)
    await media(media="print", color_scheme="dark")
    found["paper"] = [*await say("outside"), *await say("paper"), *await say("axe", only("color-contrast"), True)]
    return found
