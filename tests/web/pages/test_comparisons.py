"""What was declared beside what was observed, on the pages of those who countersign and of who did the work (R-60)."""

import pytest

from bastion.domain.access_request import InterventionKind
from bastion.domain.held_file import Direction
from policies.model import Sas
from tests.services.test_comparisons import ended, passed
from tests.services.test_files import brought
from tests.web.visitor import speak

ACTS = ("reboot\t1\t0\t12", "fullscreen\t1\t0\t40")
NASTY = "<img src=x onerror=alert(1)>{{ 7*7 }}"


@pytest.fixture
async def over(house):
    """A diagnosis that restarted the device and brought a file nobody had announced."""
    opened = await house.opened(kind=InterventionKind.TELEDIAGNOSTIC)
    await house.services.sessions.note(opened.record, [passed(path=f"/tmp/{NASTY}")])
    return await ended(house, opened, acts=ACTS)


async def test_R60_the_difference_is_on_every_page_of_the_work(visitor, people, over):
    browser = await visitor().enter(people["approver"])
    for path in (
        f"/sessions/{over.id}", f"/requests/{over.request_id}", f"/requests/{over.request_id}/report",
    ):  # fmt: skip
        page = (await browser.see(path)).text
        for words in (
            "Declared and observed", "It differs from what was declared: Changes to the device, Files.",
            "changes nothing", "<b>1 restart or halt</b>", "<b>1 file brought</b>", "1 file seen and not announced",
            "A program took the whole screen", "&lt;img src=x",
        ):  # fmt: skip
            assert words in page, (path, words)
        assert "<img src=x" not in page


async def test_R60_lists_find_what_differs_and_the_trail_says_it(house, visitor, people, over):
    other = await house.opened(reason="as it was said")
    await ended(house, other)
    browser = await visitor().enter(people["security"])
    page = (await browser.see("/recordings?differs=yes")).text
    assert f"/recordings/{over.id}" in page
    assert f"/recordings/{other.record.id}" not in page
    assert "differs from what was declared" in page
    trail = (await (await visitor().enter(people["auditor"])).see("/audit?tag=session:differed")).text
    for words in ("Differs from what was declared", "Changes to the device, Files", "restart or halt"):
        assert words in trail


async def test_R60_whoever_may_watch_is_led_to_the_first_of_a_kind(visitor, people, over):
    place = f'href="/recordings/{over.id}?spot=0.12"'
    for who, led in (("security", True), ("approver", False)):
        page = (await (await visitor().enter(people[who])).see(f"/sessions/{over.id}")).text
        assert (place in page) is led
        assert "from 12 s" in page


async def test_the_player_begins_where_one_was_led_once_the_reason_is_given(house, visitor, people, scenery):
    record = await scenery.recorded(house.alice, "ct-01", "tube")
    browser = await visitor().enter(people["security"])
    assert 'name="spot" value="1.7"' in (await browser.see(f"/recordings/{record.id}?spot=1.7")).text
    assert 'name="spot"' not in (await browser.see(f'/recordings/{record.id}?spot=1.7"><b>')).text
    plain = await browser.send(f"/recordings/{record.id}/open", why="incident 12", spot="../x")
    assert plain.headers["location"] == f"/recordings/{record.id}/watch"
    led = await browser.send(f"/recordings/{record.id}/open", why="incident 12", spot="1.7")
    assert led.headers["location"] == f"/recordings/{record.id}/watch?spot=1.7"
    page = (await browser.see(led.headers["location"])).text
    assert f'data-source="/recordings/{record.id}/tracks/1"' in page.partition('role="tablist"')[0]
    assert 'data-start="6"' in page or 'data-start="7"' in page
    assert 'aria-selected="true" tabindex="0" data-number="1"' in page
    for path in ("watch", "watch?spot=99.7", "watch?spot=x"):
        page = (await browser.see(f"/recordings/{record.id}/{path}")).text
        assert f'data-source="/recordings/{record.id}/tracks/0"' in page.partition('role="tablist"')[0]


async def test_in_french(house, visitor, people, over):
    browser = await visitor().enter(await speak(house, people["approver"], "fr"))
    page = (await browser.see(f"/sessions/{over.id}")).text
    for words in ("Déclaré et observé", "Écart avec la déclaration", "1 redémarrage ou arrêt", "aucun fichier annoncé"):
        assert words in page


async def test_R60_a_file_that_never_left_is_not_called_fetched(house, visitor, people):
    opened = await house.opened()
    await brought(house, opened, b"ct-01", direction=Direction.OUT, path="/etc/hostname", downloads=Sas.PERSON)
    for language, kept, fetched in (("en", "held or turned away", "fetched"), ("fr", "retenu ou refusé", "récupéré")):
        await speak(house, people["approver"], language)
        browser = await visitor().enter(people["approver"])
        page = (await browser.see(f"/sessions/{opened.record.id}")).text
        compared = page.partition('id="compared"')[2].partition("</section>")[0]
        assert "hostname" in compared
        assert compared.count(f">{kept}<") == 1, "once, beside its name"
        assert fetched not in compared
