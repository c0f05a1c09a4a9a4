"""The week, the file for one's own calendar, and what a device's page says of coming and past work."""

import html
import re
from datetime import timedelta
from zoneinfo import ZoneInfo

from bastion import clock
from bastion.domain.session_events import EndReason
from bastion.services.sessions import Ending
from tests.web.visitor import speak
from web.pages import devices


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


async def test_the_week_shows_what_is_agreed(house, visitor, people):
    await house.approved()
    eve = await visitor().enter(house.eve)
    page = (await eve.see("/calendar")).text
    assert "Alice Martin" in page
    assert "today" in page
    assert page.count('<li class="day') == 7
    past = (await eve.see("/calendar?day=2020-01-01")).text
    assert ("Alice Martin" in past, plain(past).count("nothing planned")) == (False, 7)
    for nonsense in ("tomorrow", "9999-99-99", "0001-01-01", "9999-12-31"):
        assert (await eve.see(f"/calendar?day={nonsense}")).status_code == 200
    elsewhere = await visitor().enter(people["approver of another hospital"])
    assert "Alice Martin" not in (await elsewhere.see("/calendar")).text
    assert "ct-01" not in (await elsewhere.see("/calendar.ics")).text


async def test_what_is_planned_waits_for_a_decision(house, visitor):
    start = clock.now() + timedelta(days=8)
    await house.asked(start=start)
    day = start.astimezone(ZoneInfo("Europe/Paris")).date()
    page = plain((await (await visitor().enter(house.eve)).see(f"/calendar?day={day.isoformat()}")).text)
    assert "Waits for a decision" in page


async def test_the_file_has_codes_and_no_names(house, visitor):
    await house.approved(reason="secret of the patient")
    answer = await (await visitor().enter(house.eve)).see("/calendar.ics?device=ct-01")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert "SUMMARY:ct-01 acme telemaintenance" in answer.text
    for word in ("Alice", "secret"):
        assert word not in answer.text


async def test_in_french_the_days_have_their_names(house, visitor):
    await speak(house, house.eve, "fr")
    page = plain((await (await visitor().enter(house.eve)).see("/calendar?day=2026-11-25")).text)
    assert "Semaine du 23 nov" in page
    assert "mercredi" in page


async def test_a_device_page_tells_coming_and_past_work_a_page_at_a_time(house, visitor, monkeypatch):
    monkeypatch.setattr(devices, "PAST", 2)
    for number in range(3):
        opened = await house.opened(reason=f"look number {number}")
        await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
        await house.services.approvals.revoke(house.staff(house.eve), opened.grant.id, "this one is done")
    await house.approved(reason="replace the tube")
    eve = await visitor().enter(house.eve)
    path = f"/directory/devices/{house.device.id}"
    page = (await eve.see(path)).text
    assert "look number 2" in page
    assert "look number 0" not in page
    (further,) = re.findall(r'href="([^"]*#past)" ?', page)
    assert "Acme Imaging · Alice Martin" in plain(page)
    older = (await eve.see(html.unescape(further))).text
    assert "look number 0" in older
    assert "look number 2" not in older
