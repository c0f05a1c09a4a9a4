"""R-19: a review of rights in the console: begun, confirmed a company at once, withdrawn, handed out."""

import csv
import io
import re
from datetime import timedelta

import pytest

from bastion import clock
from bastion.services.people import TechnicianForm
from bastion.services.reviews import CampaignForm
from tests.services.house import OPERATOR
from tests.web.pages.test_papers import plain


@pytest.fixture
async def campaign(house):
    form = CampaignForm("H2 <b>2026", clock.now() + timedelta(days=20), ("chu",))
    return await house.services.reviews.start(OPERATOR, form)


def ticked(page: str) -> list[str]:
    return re.findall(r'name="lines" value="(\w+)"', page)


async def test_a_review_is_begun_and_shows_how_far_it_is(house, visitor, people):
    browser = await visitor().enter(people["security"])
    assert "No review yet" in (await browser.see("/reviews")).text
    due = f"{clock.now() + timedelta(days=30):%Y-%m-%d}"
    for wrong in ({"due": ""}, {"due": "2020-01-01"}, {"name": " "}, {"facilities": "nowhere"}):
        answer = await browser.send("/reviews", **({"name": "H2", "due": due} | wrong))
        assert answer.status_code in {404, 422}, wrong
    made = await browser.send("/reviews", name="H2", due=due, facilities="chu")
    assert made.status_code == 303
    page = plain((await browser.see(made.headers["location"])).text)
    assert "Begun. Each line waits for somebody who answers for it." in page
    assert "Acme Imaging 1" in page
    listed = plain((await browser.see("/reviews")).text)
    assert "0 / " in listed
    assert "under way" in listed


async def test_a_company_s_people_are_confirmed_at_once_and_one_is_withdrawn(house, visitor, people, campaign):
    for number in range(3):
        await house.services.people.save_technician(
            OPERATOR, TechnicianForm(f"t{number}", f"Person {number}", "", "acme")
        )
    again = await house.services.reviews.start(
        OPERATOR, CampaignForm("again", clock.now() + timedelta(days=20), ("chu",))
    )
    path = f"/reviews/{again.id}"
    browser = await visitor().enter(people["approver"])
    page = (await browser.see(path)).text
    lines = ticked(page)
    assert len(lines) == 4  # the technicians: an approver does not review staff
    assert (await browser.send(f"{path}/decide", lines=lines[0], verdict="withdrawn")).status_code == 422
    assert (await browser.send(f"{path}/decide", verdict="confirmed")).status_code == 422
    assert (await browser.send(f"{path}/decide", lines=lines[0], verdict="maybe")).status_code == 422
    said = await browser.send(f"{path}/decide", lines=lines[0], verdict="withdrawn", note="left <i>")
    assert said.headers["location"] == path
    assert (await browser.send(f"{path}/decide", lines=lines[1:], verdict="confirmed")).status_code == 303
    shown = (await browser.see(path)).text
    assert "left &lt;i&gt;" in shown
    assert shown.count("Right confirmed") >= 3
    only = plain((await browser.see(f"{path}?state=withdrawn")).text)
    assert "Alice Martin" in only
    assert "Person 1" not in only
    other = f"/reviews/{campaign.id}/decide"
    assert (await browser.send(other, lines=lines[1], verdict="confirmed")).status_code == 404


async def test_the_day_has_passed_and_everybody_reads_it(house, visitor, people, campaign, monkeypatch):
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=21))
    async with house.database.read() as uow:
        lines = await uow.review_lines.of(campaign.id)
    keep = [line.id for line in lines if line.kind == "staff"]
    await house.services.reviews.decide(OPERATOR, campaign.id, keep, "confirmed")
    browser = await visitor().enter(people["auditor"])
    page = plain((await browser.see(f"/reviews/{campaign.id}")).text)
    assert "The day has passed" in page
    assert "Suspended: not confirmed" in page
    assert "1 suspended" in plain((await browser.see("/reviews")).text)
    assert "Confirm what is ticked" not in page
    assert "H2 &lt;b&gt;2026" in (await browser.see("/reviews")).text


async def test_it_is_handed_out_as_csv_for_a_fresh_code(house, visitor, people, campaign):
    path = f"/reviews/{campaign.id}/export"
    stale = await visitor().enter(people["auditor"], fresh=False)
    assert (await stale.send(path)).status_code == 403
    answer = await (await visitor().enter(people["auditor"])).send(path)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert "Alice Martin,Acme Imaging" in answer.text


async def test_R70_a_role_that_is_held_in_every_hospital_is_marked(house, visitor, people):
    """On the page, in the file and by the API's service: Max approves everywhere, Eve in one hospital."""
    form = CampaignForm("H2", clock.now() + timedelta(days=20))
    campaign = await house.services.reviews.start(OPERATOR, form)
    seen = (await house.services.reviews.of(house.staff(people["auditor"]), campaign.id)).lines
    wide = {one.line.name: one.everywhere for one in seen if one.line.right == "approver"}
    assert (wide["Max"], wide["Eve"]) == (True, False)
    page = (await (await visitor().enter(people["auditor"])).see(f"/reviews/{campaign.id}")).text
    assert page.count("Every hospital of the group") == sum(one.everywhere for one in seen)
    answer = await (await visitor().enter(people["auditor"])).send(f"/reviews/{campaign.id}/export")
    rows = {row["name"]: row["everywhere"] for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))}
    assert (rows["Max"], rows["Eve"], rows["Alice Martin"]) == ("yes", "", "")


async def test_a_role_that_is_withdrawn_closes_the_console_at_the_next_click(house, visitor, people):
    form = CampaignForm("H2", clock.now() + timedelta(days=20))
    campaign = await house.services.reviews.start(OPERATOR, form)
    browser = await visitor().enter(people["auditor"])
    assert (await browser.see("/recordings")).status_code == 200
    async with house.database.read() as uow:
        lines = await uow.review_lines.of(campaign.id)
    (mine,) = [line.id for line in lines if line.subject_id == people["auditor"].id]
    await house.services.reviews.decide(OPERATOR, campaign.id, [mine], "withdrawn", "other duty")
    assert (await browser.see("/recordings")).status_code == 403
