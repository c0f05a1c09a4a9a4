"""The report after an intervention, at the suppliers' entrance and on the hospital's side (R-59, R-40)."""

import pytest

from bastion.domain.session_events import EndReason
from bastion.services.sessions import Ending
from tests.services.house import CONNECTION, undertake
from tests.services.test_comparisons import ended, passed
from tests.web.portal.test_work import plain
from tests.web.scenery import HOSTILE

DONE = {"done": "Tube replaced", "after": "limited", "taken": "", "erased_by": ""}


@pytest.fixture
async def over(house, carl):
    """An intervention of Alice's that has ended."""
    await undertake(house.services, carl)
    opened = await house.opened()
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    return opened.record.request_id


async def test_he_sees_what_he_owes_writes_it_and_the_hospital_reads_it(comer, visitor, house, over, people):
    browser, path = await comer(house.alice), f"/supplier/reports/{over}"
    for page in ("/supplier/", "/supplier/board"):
        assert f'href="{path}"' in (await browser.see(page)).text
    assert "due by" in plain((await browser.see(path)).text)
    wrong = await browser.send(path, **DONE | {"taken": HOSTILE})
    assert wrong.status_code == 422
    assert "say by when it is erased" in plain(wrong.text)
    assert "Tube replaced" in wrong.text, "what was typed is not lost"
    assert (await browser.send(path, **DONE | {"after": "fine"})).status_code == 422
    sent = await browser.send(path, **DONE | {"taken": HOSTILE, "erased_by": "2091-01-31"})
    assert sent.headers["location"] == path
    assert 'id="due"' not in (await browser.see("/supplier/board")).text
    officer = await visitor().enter(people["auditor"])
    for reader, address in ((browser, path), (officer, f"/requests/{over}/report")):
        page = (await reader.see(address)).text
        assert "<script>window" not in page
        assert "&lt;script&gt;" in page
        assert "in service, with limits" in page
        assert "erased by 31 Jan 2091" in page.replace("Jan 31, 2091", "31 Jan 2091")
    assert "Write it down for the supplier" not in (await officer.see(f"/requests/{over}/report")).text


async def test_what_an_empty_report_lacks_is_all_said_at_once_each_beside_its_field(comer, house, over):
    browser = await comer(house.alice)
    page = (await browser.send(f"/supplier/reports/{over}", done="", after="", erased_by="x")).text
    for field, said in (
        ("done", "Write what was done."), ("after", "Choose one of the list."), ("erased_by", "Give a date"),
    ):  # fmt: skip
        assert f'href="#{field}-wrong">{said}' in page
        assert said in page.partition(f'id="{field}-wrong"')[2].partition("</span>")[0]
    assert page.count('aria-invalid="true"') == 3


async def test_an_approver_writes_it_down_for_a_supplier_who_called(visitor, house, over):
    browser, path = await visitor().enter(house.eve), f"/requests/{over}/report"
    assert (await browser.send(path, **DONE | {"done": ""})).status_code == 422
    assert (await browser.send(path, **DONE)).headers["location"] == path
    page = plain((await browser.see(path)).text)
    assert "for the supplier" in page
    assert f"/requests/{over}/report" in (await browser.see(f"/requests/{over}")).text


async def test_the_correspondent_sees_what_his_company_owes_and_may_write_it(comer, house, carl):
    await undertake(house.services, carl)
    request = await house.services.access.request(house.technician(carl), house.draft())
    agreed = await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60, "ok")
    mine = house.technician(carl)
    await house.services.sessions.acknowledge(mine, agreed.grant_id, "terminal")
    opened = await house.services.sessions.open(mine, agreed.grant_id, CONNECTION)
    speaker, path = await comer(house.alice), f"/supplier/reports/{request.id}"
    assert (await speaker.send(path, **DONE)).status_code == 409, "the work goes on"
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    company = (await speaker.see("/supplier/company")).text
    assert f'href="{path}"' in company
    assert "Carl Weber" in company
    assert (await speaker.send(path, **DONE)).status_code == 303
    assert f'href="{path}"' not in (await speaker.see("/supplier/company")).text


async def test_T33_another_company_finds_no_report(comer, house, over, carl):
    unknown = "0" * 32
    for person in (house.bob, carl):
        browser = await comer(person)
        for ident in (over, unknown):
            assert (await browser.see(f"/supplier/reports/{ident}")).status_code == 404
            assert (await browser.send(f"/supplier/reports/{ident}", **DONE)).status_code == 404
        assert over not in (await browser.see("/supplier/")).text
    assert over not in (await (await comer(house.bob)).see("/supplier/company")).text


async def test_R60_he_reads_where_it_differs_before_he_writes(comer, house):
    opened = await house.opened()
    await house.services.sessions.note(opened.record, [passed()])
    await ended(house, opened)
    page = plain((await (await comer(house.alice)).see(f"/supplier/reports/{opened.record.request_id}")).text)
    assert "It differs from what was declared: Files." in page
    assert page.index("1 file seen and not announced") < page.index("What was done, and what was found")
