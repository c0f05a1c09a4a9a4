"""Where a hospital's GMAO answers, and what it said, on the pages."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion.domain.work_order import Finding, OrderLook, OrderRule
from bastion.services.work_orders import GmaoForm
from tests.web.saying import SAID
from tests.web.visitor import speak

URL = "https://gmao.chu.example/api"


async def test_a_gmao_is_saved_its_secret_shown_once_and_removed(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    assert "No GMAO yet" in (await browser.see("/messages/gmao")).text
    assert 'href="/messages/gmao"' in (await browser.see("/messages")).text
    made = await browser.send("/messages/gmao", facility="chu", url=URL, rule="require")
    (secret,) = re.findall(r'class="secret mono" id="token"[^>]*>([^<]+)<', made.text)
    assert len(secret) > 40
    again = await browser.send("/messages/gmao", facility="chu", url=URL + "/v2", rule="warn")
    assert again.headers["location"] == "/messages/gmao"
    page = (await browser.see("/messages/gmao")).text
    assert secret not in page
    assert URL + "/v2" in page
    assert "the approver reads what the GMAO says" in page
    (ident,) = re.findall(r"/messages/gmao/([0-9a-f]{32})/remove", page)
    assert (await browser.send(f"/messages/gmao/{ident}/remove")).status_code == 303
    assert await house.tags("gmao") == ["gmao:saved", "gmao:saved", "gmao:removed"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "http://gmao.chu"}, "Give an address that begins with https://"),
        ({"url": "https://127.0.0.1"}, "Nothing may be sent to this address."),
        ({"rule": "never"}, "Choose"),
    ],
)
async def test_a_wrong_form_comes_back_with_what_is_wrong(visitor, people, changes, said):
    browser = await visitor().enter(people["admin"])
    answer = await browser.send("/messages/gmao", **({"facility": "chu", "url": URL, "rule": "warn"} | changes))
    assert answer.status_code == 422
    assert said in answer.text


async def test_a_stale_code_saves_nothing(house, visitor, people):
    browser = await visitor().enter(people["admin"], fresh=False)
    assert (await browser.send("/messages/gmao", facility="chu", url=URL, rule="warn")).status_code == 403
    assert await house.services.work_orders.all(house.staff(house.ruth)) == []


async def found(house, finding, **texts):
    request = await house.asked()
    check = OrderLook("look-1", request.id, request.facility_id, "WO-1", finding, request.created_at, **texts)
    async with house.database.write() as uow:
        await uow.order_looks.add(check)
    return request


async def test_the_approver_reads_what_the_gmao_says_and_its_texts_do_nothing(house, visitor, people):
    nasty = "<script>alert(1)</script>\"'>{{ 7*7 }}"
    request = await found(house, Finding.OTHER_DEVICE, title=nasty, state=nasty, asked_by=nasty)
    browser = await visitor().enter(people["approver"])
    page = (await browser.see(f"/requests/{request.id}")).text
    assert "of another device" in page
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3
    assert "49" not in re.findall(r"asked by ([^<]*)", page)


async def test_the_newest_look_is_read_first_and_each_one_before_it_below(house, visitor, people):
    request = await found(house, Finding.FITS, state="open")
    browser = await visitor().enter(people["approver"])
    assert "looks at it" not in (await browser.see(f"/requests/{request.id}")).text
    async with house.database.write() as uow:
        (first,) = await uow.order_looks.of(request.id)
        later = first.checked_at + timedelta(minutes=5)
        again = replace(first, id="look-2", finding=Finding.CLOSED, state="<b>", checked_at=later, looked_by="<i>Eve")
        await uow.order_looks.add(again)
    page = (await browser.see(f"/requests/{request.id}")).text
    newest, history = page.index("closed in the GMAO"), page.index("2 looks at it")
    assert newest < history < page.index("open in the GMAO")
    assert "when &lt;i&gt;Eve asked or agreed" in page
    assert "<b>" not in page[history : page.index("</details>", history)]


FRENCH = {
    Finding.FITS: "ouvert dans la GMAO",
    Finding.NONE_GIVEN: "aucun bon de travail",
    Finding.UNKNOWN: "inconnu de",
    Finding.CLOSED: "clos dans la GMAO",
    Finding.OTHER_DEVICE: "d’un autre dispositif",
    Finding.OTHER_SUPPLIER: "d’une autre société",
    Finding.UNREACHABLE: "n’a pas répondu",
    Finding.ODD: "inattendue",
}


@pytest.mark.parametrize("finding", Finding)
async def test_every_finding_has_its_words_in_french(house, visitor, people, finding):
    request = await found(house, finding)
    browser = await visitor().enter(await speak(house, people["approver"], "fr"))
    page = (await browser.see(f"/requests/{request.id}")).text
    assert FRENCH[finding] in page


async def test_where_it_is_required_the_form_says_what_is_wanted(house, visitor, people):
    await house.services.work_orders.save(house.staff(house.ruth), GmaoForm("chu", URL, OrderRule.REQUIRE))
    browser = await visitor().enter(people["approver"])
    answer = await browser.send(
        "/requests/new", device="ct-01", technician="alice", kind="telemaintenance",
        reason="replace the tube", minutes="60", **SAID,
    )  # fmt: skip
    assert answer.status_code == 422
    assert "This hospital wants the number of an open work order" in answer.text
