"""Maintenance windows in the console: proposed by one, agreed to by another, ended by anybody who may stop."""

import re
from dataclasses import replace
from datetime import timedelta

from bastion import clock
from bastion.services.directory import SupplierForm
from tests.services.house import OPERATOR
from tests.web.visitor import speak
from web import choices
from web.views import local_day

REASON = "weekly <b>look</b>"


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def form(**changes: str) -> dict[str, str]:
    usual = {
        "device": "ct-01", "supplier": "acme", "kind": "telediagnostic", "week": "-1", "weekday": "1",
        "begins": "22:30", "minutes": "120", "ends": local_day(clock.now() + timedelta(days=100)), "reason": REASON,
    }  # fmt: skip
    return usual | changes


async def test_with_thousands_of_devices_one_is_typed(house, visitor, monkeypatch):
    monkeypatch.setattr(choices, "READABLE", 0)
    eve = await visitor().enter(house.eve)
    page = (await eve.see("/windows/new?device=ct-01")).text
    assert 'list="device-offered"' in page
    assert '<option value="ct-01">' in page
    assert (await eve.send("/windows/new", **form(device="CT-01"))).status_code == 303
    for device in ("", "nothing"):
        assert "Choose a device from the list." in (await eve.send("/windows/new", **form(device=device))).text


async def test_a_window_is_proposed_agreed_to_and_ended(house, visitor, people):
    eve = await visitor().enter(house.eve)
    assert "Acme Imaging" in (await eve.see("/windows/new?device=ct-01")).text
    made = await eve.send("/windows/new", **form())
    path = made.headers["location"]
    page = (await eve.see(path)).text
    assert "every last Tuesday of the month, 22:30 to 00:30" in plain(page)
    assert "weekly &lt;b&gt;look" in page
    assert "Your decision" not in page
    assert "Next times" in page
    other = await visitor().enter(people["approver"])
    assert f'href="{path}"' in (await other.see("/")).text
    for who in (house.eve, people["security"], people["approver of another hospital"]):
        assert f'href="{path}"' not in (await (await visitor().enter(who)).see("/")).text
    page = (await other.see(path)).text
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    assert (await other.send(f"{path}/agree", version="7")).status_code == 409
    assert (await other.send(f"{path}/agree", version=version)).headers["location"] == path
    assert "Agreed" in plain((await other.see("/windows")).text)
    assert f'href="{path}"' not in (await other.see("/")).text
    security = await visitor().enter(people["security"])
    assert (await security.send(f"{path}/end", reason="")).status_code == 422
    assert (await security.send(f"{path}/end", reason="the device is replaced")).status_code == 303
    assert "Ended by Security: the device is replaced" in plain((await eve.see(path)).text)
    elsewhere = await visitor().enter(people["approver of another hospital"])
    assert (await elsewhere.see(path)).status_code == 404
    assert "22:30" not in (await elsewhere.see("/windows")).text


async def test_a_refused_form_comes_back_as_it_was(house, visitor):
    eve = await visitor().enter(house.eve)
    for wrong, sentence in (
        ({"begins": "25:00"}, "Give a time such as 22:30."),
        ({"device": "nope"}, "Choose a device from the list."),
        ({"ends": ""}, "Give a date such as 2026-11-22."),
        ({"ends": local_day(clock.now() + timedelta(days=400))}, "ends within a year"),
        ({"supplier": "other"}, "This company does not maintain this device."),
        ({"weekday": "9"}, "Choose one of the list."),
        ({"kind": "telepathy"}, "Choose one of the list."),
    ):
        answer = await eve.send("/windows/new", **form(**wrong))
        assert (answer.status_code, sentence in answer.text) == (422, True), wrong
        assert "weekly &lt;b&gt;look" in answer.text
    stale = await visitor().enter(house.eve, fresh=False)
    assert "enter a new code" in (await stale.send("/windows/new", **form())).text


async def test_in_french_the_days_have_their_names(house, visitor):
    from tests.web.visitor import speak

    reader = await speak(house, house.eve, "fr")
    browser = await visitor().enter(reader)
    path = (await browser.send("/windows/new", **form(week="0"))).headers["location"]
    assert "chaque mardi, de 22:30 à 00:30" in plain((await browser.see(path)).text)


async def _contract(house, end) -> None:
    async with house.database.read() as uow:
        known = SupplierForm.of(await uow.suppliers.get(house.alice.supplier_id))
    await house.services.directory.save_supplier(OPERATOR, replace(known, contract_end=end))


async def test_R18_pages_say_how_long_a_contract_carries_a_window(house, visitor, people, monkeypatch):
    eve = await visitor().enter(house.eve)
    path = (await eve.send("/windows/new", **form(week="0"))).headers["location"]
    assert path in (await eve.see(f"/directory/devices/{house.device.id}")).text
    assert "no time after it is promised" not in (await eve.see(path)).text
    real = clock.now
    await _contract(house, real() + timedelta(days=3))
    assert "no time after it is promised" in (await eve.see(path)).text
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: real() + timedelta(days=4))
        eve = await visitor().enter(house.eve)
        page = plain((await eve.see(path)).text)
        assert "Nobody who would come is under contract" in page
        assert "None in the next weeks." in page
        assert "Proposed no contract" in plain((await eve.see("/windows")).text)
        for where in ("/calendar", f"/directory/devices/{house.device.id}"):
            assert path not in (await eve.see(where)).text, where
    await _contract(house, real() - timedelta(days=1))
    reader = await visitor().enter(await speak(house, people["security"], "fr"))
    for where in (path, "/audit?tag=window:ended"):
        page = plain((await reader.see(where)).text)
        assert "Le contrat du fournisseur est terminé." in page, where
        assert "contract is over" not in page, where
