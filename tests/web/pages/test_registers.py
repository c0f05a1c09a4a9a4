import re
from datetime import UTC, datetime

import pytest

from bastion.services.directory import SupplierForm
from tests.services.house import OPERATOR


async def test_a_supplier_is_kept_with_its_networks_and_its_contract(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    form = {"code": "gems", "name": "GE Services", "networks": "203.0.113.0/24\n198.51.100.7", "active": "yes"}
    made = await browser.send("/directory/suppliers/new", **form, contract_end="2090-06-30", contact="+33 1")
    assert made.headers["location"] == "/directory/suppliers"
    page = (await browser.see("/directory/suppliers")).text
    assert "203.0.113.0/24, 198.51.100.7/32" in page
    assert "until 30 Jun 2090" in page
    supplier = next(s for s in await house.services.directory.suppliers(house.staff(house.ruth)) if s.code == "gems")
    edit = (await browser.see(f"/directory/suppliers/{supplier.id}")).text
    assert 'value="2090-06-30"' in edit
    wrong = await browser.send(f"/directory/suppliers/{supplier.id}", **form | {"networks": "everywhere"})
    assert wrong.status_code == 422
    assert "“everywhere” is not a network" in wrong.text
    await browser.send(f"/directory/suppliers/{supplier.id}", **form, contract_end="2020-01-01")
    assert "ended 1 Jan 2020" in (await browser.see("/directory/suppliers")).text


async def test_R18_a_contract_runs_to_the_end_of_its_last_day_and_no_longer_for_having_been_sent_again(
    house, visitor, people
):
    browser = await visitor().enter(people["admin"])
    path = f"/directory/suppliers/{house.alice.supplier_id}"
    form = {"code": "acme", "name": "Acme Imaging", "networks": "127.0.0.0/8", "countries": "FR", "active": "yes"}

    async def kept() -> datetime:
        async with house.database.read() as uow:
            return (await uow.suppliers.get(house.alice.supplier_id)).contract_end

    await browser.send(path, **form, contract_end="2090-12-31")
    assert await kept() == datetime(2090, 12, 31, 23, tzinfo=UTC)
    for stored, last in (
        (datetime(2090, 12, 30, 23, tzinfo=UTC), "30"), (datetime(2090, 12, 31, 17, tzinfo=UTC), "31"),
    ):  # fmt: skip
        await house.services.directory.save_supplier(
            OPERATOR, SupplierForm("acme", "Acme Imaging", contract_end=stored, id=house.alice.supplier_id)
        )
        assert f'value="2090-12-{last}"' in (await browser.see(path)).text
        assert f"until {last} Dec 2090" in (await browser.see("/directory/suppliers")).text
        await browser.send(path, **form, contract_end=f"2090-12-{last}")
        assert await kept() == stored


async def test_a_supplier_without_networks_is_pointed_out(visitor, people):
    browser = await visitor().enter(people["admin"])
    await browser.send("/directory/suppliers/new", code="new", name="New", networks="", active="yes")
    assert "it cannot connect" in (await browser.see("/directory/suppliers")).text


async def test_a_facility_is_kept_with_its_time_zone(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    form = {"code": "chr", "name": "CHU Réunion", "finess": "970000001", "timezone": "Indian/Reunion"}
    assert (await browser.send("/directory/facilities/new", **form)).status_code == 303
    assert "Indian/Reunion" in (await browser.see("/directory/facilities")).text
    facility = next(f for f in await house.services.directory.facilities(house.staff(house.ruth)) if f.code == "chr")
    wrong = await browser.send(f"/directory/facilities/{facility.id}", **form | {"timezone": "Mars/Base"})
    assert wrong.status_code == 422
    assert "Choose a time zone" in wrong.text
    nothing = (await browser.send("/directory/facilities/new", code="Ç", name=" ", timezone="Paris")).text
    for field, said in (("code", "A code is made"), ("name", "Give a name"), ("timezone", "Choose a time zone")):
        assert said in nothing.partition(f'id="{field}-wrong"')[2].partition("</span>")[0]
    assert 'value="CHU Réunion"' in (await browser.see(f"/directory/facilities/{facility.id}")).text


@pytest.mark.parametrize(
    ("path", "form", "wrong"),
    [
        ("devices", {"code": "Ç", "name": " ", "criticality": "9"}, {"code", "name", "criticality"}),
        ("technicians", {"login": "Ç", "name": " ", "country": "XX"}, {"login", "name", "country"}),
        ("staff", {"login": "Ç", "name": " ", "language": "fr"}, {"login", "name"}),
        ("suppliers", {"code": "Ç", "name": " "}, {"code", "name"}),
    ],
)
async def test_all_that_is_wrong_with_an_entry_is_said_at_once(visitor, people, path, form, wrong):
    browser = await visitor().enter(people["admin"])
    answer = await browser.send(f"/directory/{path}/new", **form)
    assert answer.status_code == 422
    assert {*re.findall(r'class="wrong" id="(\w+)-wrong"', answer.text)} == wrong
    assert {*re.findall(r'href="#(\w+)-wrong"', answer.text)} == wrong


async def test_what_is_not_there_says_so(visitor, people):
    browser = await visitor().enter(people["admin"])
    for noun in ("suppliers", "facilities", "staff", "devices", "technicians"):
        assert (await browser.see(f"/directory/{noun}/{'0' * 32}")).status_code == 404, noun
