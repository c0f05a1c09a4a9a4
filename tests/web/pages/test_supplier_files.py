"""R-18, R-45, R-46: the file of a supplier in the console, and the part of it an approver sees."""

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion.services.directory import SupplierForm
from bastion.services.people import TechnicianForm
from bastion.services.subcontractors import SubcontractorForm
from tests.services.house import OPERATOR
from tests.web.pages.test_papers import plain
from tests.web.saying import LISTED
from web.paging import PAGE


@pytest.fixture
def path(house) -> str:
    return f"/directory/suppliers/{house.alice.supplier_id}"


async def test_a_subcontractor_is_declared_objected_to_and_its_people_named(house, visitor, people, path):
    browser = await visitor().enter(people["admin"])
    form = {"name": "Sub <i>& Co", "registration": "123", "country": "MA"}
    answer = await browser.send(f"{path}/subcontractors", **form)
    assert answer.headers["location"] == f"{path}/file"
    page = (await browser.see(f"{path}/file")).text
    assert "Sub &lt;i&gt;&amp; Co" in page
    assert "Objection still possible" in page
    assert "outside the EEA" in page
    (sub,) = await house.services.subcontractors.of(OPERATOR, house.alice.supplier_id)
    form = {"login": "alice", "name": "Alice Martin", "supplier_code": "acme", "employer_id": sub.id, "country": "FR"}
    edit = f"/directory/technicians/{house.alice.id}/edit"
    assert (await browser.send(edit, **form, active="yes")).status_code == 303
    assert f'value="{sub.id}" selected' in (await browser.see(edit)).text
    assert "Not working, because of their employer: Alice Martin." in plain((await browser.see(f"{path}/file")).text)
    other = f"/directory/suppliers/{house.bob.supplier_id}/subcontractors/{sub.id}/object"
    assert (await browser.send(other, reason="because")).status_code == 404
    assert (await browser.send(f"{path}/subcontractors/{sub.id}/object", reason=" ")).status_code == 422
    guard = await visitor().enter(people["security"])
    assert (await guard.send(f"{path}/subcontractors/{sub.id}/object", reason="no papers")).status_code == 303
    shown = plain((await guard.see(f"{path}/file")).text)
    assert "Objected. Nobody employed there works any longer." in shown
    assert "no papers" in shown
    assert (await browser.send(f"{path}/subcontractors/{sub.id}/end")).status_code == 409


async def test_an_approver_sees_employer_and_country_before_she_agrees(house, visitor, people):
    sub = await house.services.subcontractors.declare(OPERATOR, house.alice.supplier_id, SubcontractorForm("Sub"))
    request = await house.asked()
    form = TechnicianForm.of(house.alice, "acme")
    await house.services.people.save_technician(OPERATOR, replace(form, employer_id=sub.id, country="MA"))
    page = plain((await (await visitor().enter(people["approver"])).see(f"/requests/{request.id}")).text)
    assert "Sub subcontractor of Acme Imaging" in page
    assert "Morocco outside the EEA" in page
    refused = await (await visitor().enter(people["approver"])).send(
        f"/requests/{request.id}/approve", version=str(request.version), minutes="60"
    )
    assert refused.status_code == 403
    assert "This person cannot work here at the moment: the employer Sub is a subcontractor" in refused.text


async def test_the_list_of_people_is_confirmed_and_somebody_leaves(house, visitor, people, path):
    browser = await visitor().enter(people["admin"])
    assert (await browser.send(f"{path}/roster", people=house.alice.id, reference=" ")).status_code == 422
    assert (await browser.send(f"{path}/roster", people=house.bob.id, reference="L")).status_code == 404
    assert (await browser.send(f"{path}/roster", people=house.alice.id, reference="L-7")).status_code == 303
    shown = plain((await browser.see(f"{path}/file")).text)
    assert "Recorded. Whoever is named may go on working." in shown
    assert "1 confirmed, 0 left out L-7" in shown
    leave = f"/directory/technicians/{house.alice.id}/leave"
    assert (await browser.send(leave, why=" ")).status_code == 422
    assert (await browser.send(leave, why="resigned")).headers["location"] == f"/directory/technicians/{house.alice.id}"
    page = plain((await browser.see(f"/directory/technicians/{house.alice.id}")).text)
    assert "Out of use" in page
    assert "No key yet" in page
    assert "Alice Martin" not in plain((await browser.see(f"{path}/file")).text)


async def test_after_a_mistake_the_list_keeps_its_ticks_as_they_were_set(house, visitor, people, path):
    for login in ("leaver", "stays"):
        form = TechnicianForm(login, login.title(), "", "acme")
        await house.services.people.save_technician(house.staff(house.ruth), form)
    browser = await visitor().enter(people["admin"], fresh=False)
    every = LISTED.findall((await browser.see(f"{path}/file")).text)
    assert [ticked for _, ticked in every] == [" checked"] * 3
    kept = [ident for ident, _ in every[1:]]
    for people_ticked in (kept, []):
        refused = await browser.send(f"{path}/roster", people=people_ticked, reference="L-7")
        assert refused.status_code == 403
        assert [ident for ident, ticked in LISTED.findall(refused.text) if ticked] == people_ticked
    other = await browser.send(f"{path}/subcontractors", name="x")
    assert LISTED.findall(other.text) == every, "another form was sent"


async def test_the_supplier_s_form_keeps_contract_countries_and_security_contact(house, visitor, people, path):
    browser = await visitor().enter(people["admin"])
    form = {
        "code": "acme", "name": "Acme", "networks": "127.0.0.0/8", "contract_number": "M-7",
        "contract_start": "2026-01-01", "contract_end": "2040-01-01", "security_contact": "rssi@acme",
        "countries": "fr, de", "active": "yes",
    }  # fmt: skip
    assert (await browser.send(path, **form)).status_code == 303
    page = (await browser.see(path)).text
    for value in ("M-7", "2026-01-01", "2040-01-01", "rssi@acme", "DE FR"):
        assert f'value="{value}"' in page
    file = plain((await browser.see(f"{path}/file")).text)
    assert "Germany, France" in file
    assert "In order" in file
    assert (await browser.send(path, **(form | {"countries": "XX"}))).status_code == 422
    assert (await browser.send(path, **(form | {"contract_end": "2025-01-01"}))).status_code == 422


async def test_the_report_of_work_from_far_away(house, visitor, people):
    browser = await visitor().enter(people["auditor"])
    assert "Nobody" in plain((await browser.see("/directory/abroad")).text)
    (acme,) = [s for s in await house.services.directory.suppliers(OPERATOR) if s.code == "acme"]
    await house.services.directory.save_supplier(OPERATOR, replace(SupplierForm.of(acme), countries=("FR", "MA")))
    form = TechnicianForm.of(house.alice, "acme")
    await house.services.people.save_technician(OPERATOR, replace(form, country="MA"))
    record = (await house.opened()).record
    page = plain((await browser.see("/directory/abroad")).text)
    assert "Alice Martin Acme Imaging Morocco" in page
    async with house.database.write() as uow:
        for number in range(PAGE):
            at = record.started_at + timedelta(minutes=number + 1)
            await uow.sessions.add(replace(record, id=f"s{number}", started_at=at))
    first = (await browser.see("/directory/abroad")).text
    assert first.count('href="/sessions/') == PAGE
    assert f"/sessions/{record.id}" not in first
    (older,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = (await browser.see(html.unescape(older))).text
    assert f"/sessions/{record.id}" in second
    assert "Who may work from there" not in second
    assert 'rel="prev"' in second


async def test_readers_read_and_change_nothing(house, visitor, people, path):
    browser = await visitor().enter(people["approver"])
    page = (await browser.see(f"{path}/file")).text
    for words in ("Register a declaration", "Record its confirmation", "Object…"):
        assert words not in page
    for where in ("subcontractors", "roster"):
        assert (await browser.send(f"{path}/{where}", name="x")).status_code == 403
    assert (await browser.see(f"/directory/suppliers/{'0' * 32}/file")).status_code == 404
