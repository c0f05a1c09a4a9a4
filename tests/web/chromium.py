"""A real Chromium looking at a console that really listens, in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page, Response, async_playwright, expect

from bastion.domain.parties import Staff, Technician
from tests.services.house import House
from tests.web.visitor import seated

expect.set_options(timeout=30_000)  # milliseconds; what is there is seen at once, but a machine may be busy

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-gpu",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """Serve on a free port of the loopback; yields the address."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1)
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    app.state.closing.set()
    server.should_exit = True
    await task


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        await browser.close()


BUSY = ".htmx-request, .htmx-swapping, .htmx-settling"


@asynccontextmanager
async def read_again(page: Page, path: str) -> AsyncIterator[None]:
    """What is done inside makes the page, or a part of it, read `path` again; afterwards that stands on the page.

    A page that is opened does so by itself, with the first word of its stream: whoever stops its clock or asks for
    nothing more than what he did waits for that first.
    """

    def is_it(answer: Response) -> bool:
        return answer.request.resource_type == "fetch" and urlsplit(answer.url).path == path

    async with page.expect_response(is_it):
        yield
    # Not by `wait_for_function`: its second look would be an `eval`, which the page refuses.
    await expect(page.locator(BUSY)).to_have_count(0)


NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)


@asynccontextmanager
async def standing_still(page: Page, path: str) -> AsyncIterator[None]:
    """What is done inside opens a page that reads `path` again; from then on its timers go off when the test says so.

    Inside, time passes as ever.
    """
    await page.clock.install(time=NOON)
    async with read_again(page, path):
        yield
    await page.clock.pause_at(NOON + timedelta(minutes=10))  # a page is there long before


class Desk:
    """A browser profile at the console of one address, and everything its pages complained about."""

    def __init__(self, context: BrowserContext, address: str, house: House) -> None:
        self.context = context
        self.address = address
        self.complaints: list[str] = []
        self._house = house
        context.on("console", lambda said: self._complain(said.type, said.text))
        context.on("weberror", lambda error: self._complain("error", str(error.error)))

    def _complain(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)

    async def sit(self, person: Staff | Technician | None, *, fresh: bool = True) -> None:
        """Be signed in as `person`, or as nobody."""
        await self.context.clear_cookies()
        if person is None:
            return
        cookie, token = await seated(self._house, person, fresh=fresh)
        await self.context.add_cookies(
            [{"name": cookie, "value": token, "url": self.address.replace("http:", "https:"), "secure": True}]
        )

    async def open(self, path: str) -> Page:
        page = await self.context.new_page()
        await page.goto(self.address + path)
        return page
