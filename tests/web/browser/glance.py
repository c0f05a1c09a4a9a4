"""One look at a page as it stands in the middle of a story; the whole of it is looked at in `test_looks`."""

from playwright.async_api import Page

from tests.web.browser.test_looks import AXE, LOOKS, RULES


async def glance(page: Page) -> list[str]:
    """What axe finds, and what runs out of the page, with everything unfolded."""
    for source in (AXE, LOOKS):
        await page.evaluate(source.read_text())
    return await page.evaluate(
        """async (rules) => {
            looks.unfold(); looks.settle(); await looks.drawn();
            return [...looks.outside(), ...await looks.axe(rules)];
        }""",
        RULES,
    )
