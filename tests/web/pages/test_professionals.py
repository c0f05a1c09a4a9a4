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
    step = page.partition(f'action="{retire}"')
    assert step[0].rstrip().endswith('</summary><form method="post"'), "one tap retires nobody"
    assert "From now on no request can name Dr Anne Roy" in plain(step[2])
    assert (await browser.send(retire)).status_code == 303
    assert "Dr Anne Roy" not in (await browser.see(LIST)).text
    assert "Dr Anne Roy" in (await browser.see(f"{LIST}?retired=yes")).text


async def test_the_days_stand_under_their_name_and_whoever_is_off_the_list_is_retired(house, visitor, people):
    one, browser = await a_professional(house), await visitor().enter(people["admin"])
    assert (await browser.send("/account/language", language="fr")).status_code == 303
    page = (await browser.see(LIST)).text
    assert "<th>Validité</th>" in page
    assert "Heure" not in page
    assert (await browser.send(f"{LIST}/{one.id}/retire")).status_code == 303
    again = await browser.send(f"{LIST}/{one.id}/retire")
    assert again.status_code == 409
    assert "Ce n’est plus possible : l’état est déjà « retiré de la liste »." in " ".join(plain(again.text).split())


async def test_who_was_retired_by_mistake_is_entered_again_from_what_the_entry_said(house, visitor, people):
    one, browser = await a_professional(house), await visitor().enter(people["admin"])
    assert (await browser.send(f"{LIST}/{one.id}/retire")).status_code == 303
    assert "Under “Also those of before” you enter him again." in plain((await browser.see(LIST)).text)
    assert "Enter again…" not in (await browser.see(LIST)).text
    again = f"{LIST}?again={one.id}"
    assert f'href="{again}#enter"' in (await browser.see(f"{LIST}?retired=yes")).text
    page = (await browser.see(again)).text
    assert 'id="enter" open>' in page
    typed = dict(re.findall(r'name="(name|title|rpps|since|until)" value="([^"]*)"', page))
    assert typed == {"name": one.name, "title": one.title, "rpps": one.rpps, "since": "", "until": ""}
    assert (await browser.send(LIST, facility="chu", **typed)).status_code == 303
    assert one.name in (await browser.see(LIST)).text
    assert 'id="enter">' in (await browser.see(f"{LIST}?again={'0' * 32}")).text
    auditor = await visitor().enter(people["auditor"])
    assert "Enter again" not in (await auditor.see(f"{LIST}?retired=yes")).text


async def test_a_form_offers_them_by_name_as_each_hospital_knows_the_person(house, visitor, people):
    await a_professional(house)
    browser = await visitor().enter(people["approver"])
    page = (await browser.see("/requests/new?technician=alice&device=ct-01")).text
    assert f'<option value="{LABEL}"' in page
