"""Where nothing stands on a page: it tells nobody to do what he cannot, and says when a filter is why."""

import pytest

from tests.web.pages.test_papers import plain


@pytest.mark.parametrize(
    ("path", "order", "able", "unable"),
    [
        ("/rota?week=2091-W01", "Enter who is, below", "approver", "auditor"),
        ("/windows", "Propose one where a supplier comes again", "approver", "auditor"),
        ("/directory/templates", "Write one for a model", "approver", "auditor"),
        ("/sessions", "Ended sessions are under Recordings", "security", "admin"),
    ],
)
async def test_only_who_may_is_told_to(visitor, people, path, order, able, unable):
    assert order in plain((await (await visitor().enter(people[able])).see(path)).text)
    page = await (await visitor().enter(people[unable])).see(path)
    assert page.status_code == 200
    assert order not in plain(page.text)


@pytest.mark.parametrize(
    "path", ["/directory/devices", "/directory/technicians", "/directory/templates", "/desk", "/desk?state=refused"]
)
async def test_a_search_without_a_hit_says_so(house, visitor, people, path):
    browser = await visitor().enter(people["approver"])
    page = plain((await browser.see(f"{path}{'&' if '?' in path else '?'}text=zzzz")).text)
    assert "Nothing fits Take a filter away." in page
    for untrue in ("No device here", "No technician yet", "No usual request here", "Nothing waits here"):
        assert untrue not in page


async def test_the_desk_without_a_filter_says_that_nothing_waits(visitor, people):
    assert "Nothing waits here" in (await (await visitor().enter(people["approver"])).see("/desk")).text
