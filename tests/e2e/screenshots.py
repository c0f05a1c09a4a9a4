"""Takes a picture of every page: on a desk, on a phone, in French and English, by day and by night.

`python -m tests.e2e.screenshots FOLDER [NAME]` (after `make build`). Look at all of them before you call a change of
the console done.
"""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page

import migrations
from bastion.config import Settings
from bastion.store.database import Database
from tests.services.house import WITH_LINKS, House, build_house
from tests.web import tour
from tests.web.chromium import Desk, chromium, listening
from tests.web.scenery import furnish
from tests.web.visitor import speak
from web.app import create


@dataclass(frozen=True)
class Look:
    size: str
    width: int
    height: int
    scheme: str
    language: str


LOOKS = (
    Look("desk", 1360, 850, "light", "fr"),
    Look("phone", 390, 844, "light", "fr"),
    Look("desk", 1360, 850, "dark", "en"),
    Look("phone", 390, 844, "dark", "fr"),
)


async def main(folder: Path, wanted: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        url = f"sqlite:///{home / 'bastion.db'}"
        await migrations.upgrade(url)
        database = await Database.open(url)
        house = await build_house(database, home, WITH_LINKS)
        await furnish(house, home)
        people, stops = await tour.people(house), await tour.stops(house)
        async with listening(create(house.services, Settings(home=home))) as address, chromium() as browser:
            for look in LOOKS:
                await _take(browser, house, people, stops, address, folder, look, wanted)
        await database.close()


async def _take(
    browser: Browser, house: House, people, stops, address: str, folder: Path, look: Look, wanted: str
) -> None:  # fmt: skip
    context = await browser.new_context(
        viewport={"width": look.width, "height": look.height}, color_scheme=look.scheme, locale=look.language
    )
    desk = Desk(context, address, house)
    for person in people.values():
        await speak(house, person, look.language)
    for stop in stops:
        if wanted in stop.name:
            await desk.sit(people.get(stop.who))
            page = await desk.open(stop.first.rpartition("/")[0] or stop.path)
            if stop.first:
                await watch(page)
            await page.wait_for_timeout(250)
            await _keep(page, folder / f"{stop.name}-{look.size}-{look.scheme}-{look.language}.png")
            await page.close()
    for complaint in desk.complaints:
        print("complaint:", complaint)
    await context.close()


async def _keep(page: Page, path: Path) -> None:
    await page.screenshot(path=path, full_page=True)


async def watch(page: Page) -> None:
    """State why, then play the recording to its end."""
    await page.fill("[name=why]", "Contrôle qualité mensuel")
    await page.click(".decide .button.primary")
    await page.wait_for_selector(".ap-player")
    await page.click(".ap-player")
    await page.wait_for_timeout(1500)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
