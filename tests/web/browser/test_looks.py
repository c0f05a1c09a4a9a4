"""Every page, by day and by night, wide and narrow: accessible, silent, and inside its frame."""

from pathlib import Path

import pytest

from tests.services.house import House
from tests.web import tour
from tests.web.browser.conftest import Seat
from tests.web.scenery import HOSTILE, furnish

AXE = Path(__file__).parents[3] / "node_modules/axe-core/axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
CHECK = """async (rules) => (await axe.run(document, rules)).violations.map(
    (found) => `${found.id}: ${found.nodes.map((node) => `${node.target} ${node.failureSummary}`).join(' | ')}`)"""
STILL = """const still = new CSSStyleSheet(); still.replaceSync('.jump, .thumb { position: static !important }');
document.adoptedStyleSheets = [still]"""
"""What the button to the decision and the bar of a phone cover is a matter of scrolling, not of the page. A sheet of
its own, for the page may re-read a part of itself at any moment."""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
OUTSIDE = """[...document.querySelectorAll('main *')].filter((thing) => thing.getClientRects().length
    && !thing.closest('.tabs, .out-of-sight, svg')
    && thing.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map((thing) => thing.outerHTML.slice(0, 90)).slice(0, 3)"""


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1360, "dark"), (320, "light")])
async def test_no_page_shuts_anybody_out(house: House, seat: Seat, tmp_path: Path, width: int, scheme: str):
    """axe-core finds nothing, nothing runs out of the page, and the browser complains of nothing."""
    await furnish(house, tmp_path)
    people = await tour.people(house)
    desk = await seat(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    found = {}
    for stop in await tour.stops(house):
        await desk.sit(people.get(stop.who))
        page = await desk.open(stop.path)
        await page.evaluate("for (const more of document.querySelectorAll('main details')) more.open = true")
        await page.evaluate(STILL)
        await page.evaluate(AXE.read_text())
        wrong = await page.evaluate(CHECK, RULES)
        if await page.evaluate(WIDER) > 0:
            wrong.append(f"wider than the screen: {await page.evaluate(OUTSIDE)}")
        if wrong:
            found[stop.name] = wrong
        await page.close()
    desk.complaints[:] = [said for said in desk.complaints if "404" not in said]  # the tour ends at a page that is not
    assert found == {}


@pytest.mark.slow
async def test_T39_nothing_typed_runs_and_text_twice_as_large_stays_inside(house: House, seat: Seat, tmp_path: Path):
    """In French, with a supplier who types hostile text, at 200 % of the text size (WCAG 1.4.4)."""
    scene = await furnish(house, tmp_path)
    await scene.ask(await scene.technician("mallory", "Mallory"), "mri-02", HOSTILE, 15, work_order=HOSTILE[:90])
    people = await tour.people(house)
    desk = await seat(viewport={"width": 640, "height": 900}, locale="fr-FR")
    for stop in await tour.stops(house):
        await desk.sit(people.get(stop.who))
        page = await desk.open(stop.path)
        assert await page.get_attribute("html", "lang") == "fr", stop.name
        assert await page.evaluate("window.hacked") is None, stop.name
        assert await page.locator("main img, main script").count() == 0, stop.name
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert await page.evaluate(WIDER) <= 0, (stop.name, await page.evaluate(OUTSIDE))
        await page.close()
    desk.complaints[:] = [said for said in desk.complaints if "404" not in said]
