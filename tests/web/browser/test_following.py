"""R-34: somebody of the hospital follows from a page, for as long as it is open. A real browser, a real look."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from bastion.domain.parties import Role, Staff
from bastion.domain.watch import LOOK
from bastion.proxy.followers import Followers
from tests.pace import seconds_until
from tests.proxy.carried import Carried
from tests.services.house import House, as_only
from tests.services.watched import watched_session
from tests.web.browser.conftest import Seat


class Node:
    """Carries one session, as a node of the proxy would, and looks who follows it."""

    def __init__(self, house: House, opened, spool: Path) -> None:
        self.live = Carried(spool, opened.grant, opened.record).live
        self._watching = house.services.watching
        self._followers = Followers(self._watching, lambda work, _: asyncio.ensure_future(work))
        self.looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            await self._followers.look([self.live])
            await asyncio.sleep(LOOK)

    async def held(self, *, held: bool = True) -> float:
        """Wait for it; return how many seconds it took."""
        return await seconds_until(lambda: self.live.unwatched is held)

    async def beats(self) -> int:
        """How many signs of life have been counted."""
        watches = await self._watching.standing({self.live.grant.id})
        return sum(watch.beats for watch in watches)


@pytest.fixture
async def node(house: House, tmp_path: Path) -> AsyncIterator[Node]:
    made = Node(house, await watched_session(house), tmp_path / "spool")
    yield made
    made.looking.cancel()
    await asyncio.gather(made.looking, return_exceptions=True)


@pytest.mark.timed
async def test_R34_T10_a_page_follows_while_it_is_open_and_everybody_sees_who(
    house: House, people: dict[str, Staff], seat: Seat, node: Node
):
    other = await (await seat(people["security"])).open("/sessions")
    desk = await seat(people["approver"])
    page = await desk.open(f"/sessions/{node.live.id}")
    await expect(page.get_by_text("Nobody follows this session: the technician is held")).to_be_visible()
    await page.get_by_role("button", name="Follow this session").click()
    await node.held(held=False)
    assert node.live.watchers == ("Approver",)
    await expect(page.get_by_text("Followed by Approver.")).to_be_visible()
    await expect(other.get_by_text("At work", exact=True)).to_be_visible()
    heard = await node.beats()
    async with asyncio.timeout(30):
        while await node.beats() < heard + 5:
            await asyncio.sleep(0.1)
    await node.held(held=False)  # an open page goes on being heard
    await page.close()
    assert await node.held() < 1.0
    await expect(other.get_by_text("Waits for somebody to follow")).to_be_visible()
    page = await desk.open(f"/sessions/{node.live.id}")
    await node.held(held=False)
    await page.get_by_role("button", name="Stop following").click()
    assert await node.held() < 1.0
    await expect(page.get_by_role("button", name="Follow this session")).to_be_visible()
    for back in (page.go_back, page.reload):
        await back()
        await expect(page.get_by_role("button", name="Follow this session")).to_be_visible()
    assert node.live.unwatched, "who has stopped follows no more by coming back"
    assert await house.tags("watch") == ["watch:taken", "watch:left"]


@pytest.mark.parametrize("how", ["network", "signed out", "duty lost"])
@pytest.mark.timed
async def test_T10_whatever_ends_it_the_technician_is_held_within_a_second(
    house: House, people: dict[str, Staff], seat: Seat, node: Node, how: str
):
    desk = await seat(people["approver"])
    page = await desk.open(f"/sessions/{node.live.id}")
    await page.get_by_role("button", name="Follow this session").click()
    await node.held(held=False)
    if how == "network":
        await desk.context.set_offline(True)
        assert await node.held() < 1.0
        await expect(page.get_by_text("The bastion does not hear this page")).to_be_visible()
        await desk.context.set_offline(False)
        await node.held(held=False)
        await expect(page.get_by_text("The bastion does not hear this page")).to_be_hidden()
        desk.complaints.clear()  # the browser says that it was offline
    elif how == "signed out":
        second = await desk.open("/account")
        await second.get_by_role("button", name="Sign out").first.click()
        assert await node.held() < 1.0
    else:
        async with house.database.write() as uow:
            await uow.staff.save(as_only(people["approver"], {Role.AUDITOR}))
        assert await node.held() < 1.0
        await expect(page.get_by_role("button", name="Follow this session")).to_have_count(0)
        desk.complaints.clear()  # the browser says that a request was refused


async def test_T11_a_page_of_another_browser_needs_its_own_code(
    house: House, people: dict[str, Staff], seat: Seat, node: Node
):
    first = await (await seat(people["approver"])).open(f"/sessions/{node.live.id}")
    await first.get_by_role("button", name="Follow this session").click()
    await node.held(held=False)
    await first.close()
    await node.held()
    second = await (await seat(people["approver"], fresh=False)).open(f"/sessions/{node.live.id}")
    await asyncio.sleep(0.6)
    assert node.live.unwatched
    panel = second.locator("#watch")
    await expect(panel.get_by_label("Code from your authenticator")).to_have_attribute("required", "")
