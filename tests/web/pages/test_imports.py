"""The import of a register in the console: look, then apply with a fresh code, and only what was looked at."""

import html
import re
from dataclasses import replace

import httpx2

from bastion.domain.parties import Role, assigned
from bastion.services.inventory import DeviceForm
from tests.services.house import OPERATOR
from tests.services.professionals import a_professional
from tests.web.visitor import HOST, Visitor
from web.shield import MAX_BODY

HEAD = "code;nom;etablissement;fournisseurs;criticite;Prix\r\n"
GOOD = HEAD + 'ct-01;Scanner 1;chu;acme;4;\r\nus-11;=HYPERLINK("x");chu;acme;2;9\r\n'


async def hand_in(browser: Visitor, text: str | bytes, register: str = "devices", name: str = "gmao.csv"):
    data = text.encode() if isinstance(text, str) else text
    headers = {"sec-fetch-site": "same-origin", "origin": f"https://{HOST}", "accept-language": "en"}
    return await browser.client.post(
        "/directory/import", data={"register": register}, files={"file": (name, data, "text/csv")}, headers=headers
    )


async def shown(browser: Visitor, answer: httpx2.Response) -> tuple[str, str, str]:
    """Address, page and mark of what was handed in."""
    assert answer.status_code == 303, answer.text
    page = (await browser.see(answer.headers["location"])).text
    return answer.headers["location"], page, (re.findall(r'name="mark" value="(\w+)"', page) or [""])[0]


async def devices(house):
    return {v.device.code: v.device for v in await house.services.inventory.devices(OPERATOR)}


async def test_every_change_is_shown_before_it_is_applied(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    address, page, mark = await shown(browser, await hand_in(browser, GOOD))
    text = re.sub(r"<[^>]+>|\s+", " ", page)
    assert re.search(r"New entries\s+1\s", text)
    assert re.search(r"criticality\s+2\s+→\s+4", text)
    assert "=HYPERLINK(&#34;x&#34;)" in page
    assert "Prix" in page
    assert (await devices(house))["ct-01"].criticality == 2
    done = await browser.send(address, mark=mark)
    assert done.headers["location"] == "/directory/devices"
    assert "Applied. Each change is in the audit trail." in (await browser.see("/directory/devices")).text
    assert (await devices(house))["ct-01"].criticality == 4
    assert (await devices(house))["us-11"].name == '=HYPERLINK("x")'
    assert (await house.event("directory:imported")).fields["file"] == "gmao.csv"
    assert (await browser.see(address)).status_code == 404, "what is applied is no longer kept"


async def test_without_a_fresh_code_nothing_is_applied(house, visitor, people):
    browser = await visitor().enter(people["admin"], fresh=False)
    address, _, mark = await shown(browser, await hand_in(browser, GOOD))
    refused = await browser.send(address, mark=mark)
    assert refused.status_code == 403
    assert "enter a new code" in refused.text
    assert "us-11" not in await devices(house)


async def test_bad_lines_are_listed_and_left_out_only_when_asked(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    address, page, mark = await shown(browser, await hand_in(browser, GOOD + "us-12;X;nowhere;acme;1;\r\n"))
    assert "There is no facility “nowhere”" in page
    refused = await browser.send(address, mark=mark)
    assert refused.status_code == 422
    assert "Nothing was applied: 1 line(s)" in refused.text
    assert "us-11" not in await devices(house)
    assert (await browser.send(address, mark=mark, skip="yes")).status_code == 303
    assert "us-11" in await devices(house)


async def test_what_changed_meanwhile_is_shown_anew(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    address, _, mark = await shown(browser, await hand_in(browser, GOOD))
    form = DeviceForm("ct-01", "Renamed", "chu", ("acme",), id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, form)
    for stale in (mark, "", "x"):
        refused = await browser.send(address, mark=stale)
        assert refused.status_code == 409, stale
    assert "has changed since you looked" in refused.text
    assert "Renamed" in refused.text
    again = re.findall(r'name="mark" value="(\w+)"', refused.text)[0]
    assert (await browser.send(address, mark=again)).status_code == 303


async def test_what_is_no_table_is_said_beside_the_file(visitor, people):
    browser = await visitor().enter(people["admin"])
    for data, words in ((b"\x00" * 40, "no table of text"), (b"", "empty"), (b"a;b\n1;2\n", "names no column")):
        answer = await hand_in(browser, data)
        assert answer.status_code == 422
        assert words in answer.text
    assert (await hand_in(browser, GOOD, register="facilities")).status_code == 422
    assert (await hand_in(browser, GOOD, name="")).status_code == 422


async def test_a_file_is_of_its_owner_alone(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    address, _, mark = await shown(browser, await hand_in(browser, GOOD))
    other = await visitor().enter(house.ruth)
    assert (await other.see(address)).status_code == 404
    assert (await other.send(address, mark=mark)).status_code == 404


async def test_large_files_are_taken_there_and_nowhere_else_and_not_from_strangers(visitor, people):
    browser = await visitor().enter(people["admin"])
    lines = "".join(f"us-{n};Échographe {n};chu;acme;2;\r\n" for n in range(12_000))
    assert len(lines) > MAX_BODY
    _, page, _ = await shown(browser, await hand_in(browser, HEAD + lines))
    assert "The first 200 are shown." in page
    assert page.count("<tr>") == 201
    assert (await hand_in(await visitor().enter(people["approver"]), lines)).status_code == 403
    elsewhere = await browser.send("/directory/suppliers/new", name="x" * MAX_BODY)
    assert elsewhere.status_code == 413


async def test_R23_the_hospitals_people_come_from_a_file_but_nobody_changes_himself_by_it(house, visitor, people):
    admin = people["admin"]
    browser = await visitor().enter(admin)
    assert "/directory/import?register=staff" in (await browser.see("/directory/staff")).text
    lines = f"login;nom;roles;etablissements;services\nzoe;Zoé;approbateur;chu;Bloc\n{admin.login};;approver;*;\n"
    address, page, mark = await shown(browser, await hand_in(browser, lines, register="staff"))
    text = re.sub(r"<[^>]+>|\s+", " ", page)
    assert re.search(r"roles\s+approver@chu:Bloc", text)
    assert re.search(r"3\s+login\s+Nobody edits his own rights", text)
    assert (await browser.send(address, mark=mark)).status_code == 422
    assert (await browser.send(address, mark=mark, skip="yes")).headers["location"] == "/directory/staff"
    now = {one.login: one for one in await house.services.people.staff(OPERATOR)}
    assert now["zoe"].assignments[0].wards == ("Bloc",)
    assert now[admin.login].assignments == admin.assignments


async def test_who_keeps_the_list_of_professionals_fills_it_from_a_file_and_no_other_register(house, visitor, people):
    """A security officer of one hospital: a line of another is refused as it is looked at (R-38, T33)."""
    here = replace(people["security"], assignments=assigned({Role.SECURITY}, {house.device.facility_id}))
    async with house.database.write() as uow:
        await uow.staff.save(here)
    browser = await visitor().enter(here)
    assert "/directory/import?register=professionals" in (await browser.see("/directory/professionals")).text
    assert "/directory/import" not in (await browser.see("/directory/devices")).text
    page = (await browser.see("/directory/import")).text
    assert re.findall(r'name="register" value="(\w+)"', page) == ["professionals"]
    assert "Roles: approver" not in page
    assert (await hand_in(browser, b"code;name\n", register="devices")).status_code == 403
    lines = b"name;title;facility\nA;radiologist;chu\nB;radiologist;ch2\n"
    address, page, mark = await shown(browser, await hand_in(browser, lines, register="professionals"))
    assert "There is no facility “ch2”. Register it first, or name one there is: chu." in html.unescape(page)
    done = await browser.send(address, mark=mark, skip="yes")
    assert done.headers["location"] == "/directory/professionals"
    assert [view.one.name for view in await house.services.professionals.listed(OPERATOR)] == ["A"]


async def test_R38_who_answers_for_patient_data_comes_from_a_file(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    link = "/directory/import?register=professionals"
    assert link in (await browser.see("/directory/professionals")).text
    assert link not in (await (await visitor().enter(people["approver"])).see("/directory/professionals")).text
    assert 'value="professionals" checked' in (await browser.see(link)).text
    await a_professional(house)
    lines = (
        "nom;fonction;etablissement;numero rpps;dernier jour\r\n=HYPERLINK(1);médecin;chu;;31/12/2090\r\n"
        "Dr Hélène Roux;radiologist;chu;;31/12/2090\r\nX;Y;nowhere;;\r\n"
    ).encode("cp1252")
    address, page, mark = await shown(browser, await hand_in(browser, lines, register="professionals"))
    text = re.sub(r"<[^>]+>|\s+", " ", page)
    assert re.search(r"last day\s+2090-12-31", text)
    assert re.search(r"3\s+name\s+This person is on the list already: retire that entry first\.", text)
    assert re.search(r"4\s+facility\s+There is no facility “nowhere”", text)
    assert (await browser.send(address, mark=mark)).status_code == 422
    done = await browser.send(address, mark=mark, skip="yes")
    assert done.headers["location"] == "/directory/professionals"
    page = (await browser.see("/directory/professionals")).text
    assert "=HYPERLINK(1)" in page
    assert page.count("Dr Hélène Roux</b>") == 1
