"""R-38: the list of professionals in the console, and as a request's form offers it."""

import re
from datetime import timedelta

from bastion import clock
from tests.services.professionals import LABEL, a_professional, needing

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


async def test_whom_a_waiting_request_names_is_entered_just_so_with_one_press(house, visitor, people):
    one = await a_professional(house)
    asked = await house.asked(plan=needing(LABEL))
    admin, approver = await visitor().enter(people["admin"]), await visitor().enter(people["approver"])
    page = f"/requests/{asked.id}"
    assert "does not answer" not in (await admin.see(page)).text
    assert (await admin.send(f"{LIST}/{one.id}/retire")).status_code == 303
    told = plain((await approver.see(page)).text)
    assert f"{LABEL} does not answer for patient data at that time: nobody can agree to this request." in told
    assert "An administrator or the security officer of the hospital enters this person" in told
    assert "Enter this person on" not in told
    seen = (await admin.see(page)).text
    way = re.search(r'<a href="(/directory/professionals\?request=\w+)#enter">Enter this person</a>', seen)[1]
    form = (await admin.see(way)).text
    assert 'id="enter" open>' in form
    typed = dict(re.findall(r'name="(request|name|title|rpps|since|until)" value="([^"]*)"', form))
    names = {"name": one.name, "title": one.title, "rpps": "", "since": "", "until": ""}
    assert typed == names | {"request": asked.id}
    assert re.search(r'<option value="chu" selected', form)
    assert (await admin.send(LIST, facility="chu", **typed)).headers["location"] == page
    back = plain((await admin.see(page)).text)
    assert "Entered. Requests can name this person now." in back
    assert "does not answer" not in back
    eve = house.staff(house.eve)
    assert (await house.services.approvals.approve(eve, asked.id, asked.version, 60)).grant_id


async def test_a_request_that_is_not_there_fills_nothing_and_leads_to_the_list(house, visitor, people):
    admin = await visitor().enter(people["admin"])
    assert 'id="enter">' in (await admin.see(f"{LIST}?request={'0' * 32}")).text
    form = {"facility": "chu", "name": "Dr Anne Roy", "title": "radiologue", "request": "../locks"}
    assert (await admin.send(LIST, **form)).headers["location"] == LIST


async def test_what_was_agreed_to_in_the_name_of_who_is_retired_says_so_on_its_page_and_on_its_sessions(
    house, visitor, people
):
    one = await a_professional(house)
    live = await house.opened(plan=needing(LABEL))
    admin, approver = await visitor().enter(people["admin"]), await visitor().enter(people["approver"])
    assert (await admin.send(f"{LIST}/{one.id}/retire")).status_code == 303
    said = f"{LABEL} does not answer for patient data any more: no new session opens under this authorisation"
    for page in (f"/requests/{live.record.request_id}", f"/sessions/{live.record.id}"):
        assert said in plain((await approver.see(page)).text)
        assert f"request={live.record.request_id}#enter" in (await admin.see(page)).text
