"""R-38: the list of professionals in the console, and as a request's form offers it."""

import re
from datetime import timedelta

from bastion import clock
from tests.services.professionals import LABEL, a_professional

LIST = "/directory/professionals"


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


async def test_somebody_is_entered_until_a_day_shown_with_it_and_retired(house, visitor, people):
    browser, last = await visitor().enter(people["admin"]), f"{clock.now() + timedelta(days=400):%Y}-12-31"
    form = {"facility": "chu", "name": "Dr Anne Roy", "title": "radiologue", "since": "2026-01-01", "until": last}
    assert (await browser.send(LIST, **form)).headers["location"] == LIST
    page = (await browser.see(LIST)).text
    assert re.search(rf"from 1 Jan (2026 )?until 31 Dec {last[:4]}", plain(page))
    retire = re.search(r'action="(/directory/professionals/\w+/retire)"', page)[1]
    assert (await browser.send(retire)).status_code == 303
    assert "Dr Anne Roy" not in (await browser.see(LIST)).text
    assert "Dr Anne Roy" in (await browser.see(f"{LIST}?retired=yes")).text


async def test_a_form_offers_them_by_name_as_each_hospital_knows_the_person(house, visitor, people):
    await a_professional(house)
    browser = await visitor().enter(people["approver"])
    page = (await browser.see("/requests/new?technician=alice&device=ct-01")).text
    assert f'<option value="{LABEL}"' in page
