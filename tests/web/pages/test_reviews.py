"""R-19: a review of rights in the console: begun, confirmed a company at once, withdrawn, handed out."""

import csv
import html
import io
import re
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.parties import Role
from bastion.services.people import StaffForm, TechnicianForm
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
    assert (await browser.send(f"{path}/decide", verdict="confirmed")).status_code == 422
    assert (await browser.send(f"{path}/decide", lines=lines[0], verdict="maybe")).status_code == 422
    assert (await browser.send(f"{path}/lines/{lines[0]}/withdraw")).status_code == 422
    said = await browser.send(f"{path}/lines/{lines[0]}/withdraw", note="left <i>")
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


async def test_what_is_ticked_is_never_withdrawn_and_a_page_of_before_neither(house, visitor, people, campaign):
    browser = await visitor().enter(people["security"])
    page = (await browser.see(f"/reviews/{campaign.id}")).text
    assert 'name="lines"' in page
    assert re.findall(r'<button[^>]*value="(\w+)"', page) == ["confirmed"] * page.count('name="group"')
    old = await browser.send(f"/reviews/{campaign.id}/decide", lines=ticked(page), verdict="withdrawn", note="Zoe left")
    assert old.status_code == 422
    assert "A right is withdrawn line by line, once one has read what that takes away." in plain(old.text)
    shown = (await house.services.reviews.of(OPERATOR, campaign.id)).standing.counts
    assert (shown["withdrawn"], shown["confirmed"]) == (0, 0)


def checked(page: str) -> list[str]:
    return re.findall(r'name="lines" value="(\w+)" checked', page)


async def test_R19_no_line_comes_ticked_and_a_group_is_ticked_by_its_own_link(house, visitor, people, campaign):
    browser = await visitor().enter(people["security"])
    page = (await browser.see(f"/reviews/{campaign.id}?judge=me")).text
    groups = re.findall(r'name="group" value="(\w+)"', page)
    assert (len(groups), checked(page), page.count(">Tick all<")) == (2, [], 2)
    link = f"/reviews/{campaign.id}?judge=me&ticked={groups[1]}"
    assert f'href="{link}#g2">Tick all<' in html.unescape(page)
    page = (await browser.see(link)).text
    of_the_group = page.partition(f'name="group" value="{groups[1]}"')[2].partition("</form>")[0]
    assert checked(page) == ticked(of_the_group)
    assert f'href="/reviews/{campaign.id}?judge=me#g2">Untick all<' in html.unescape(page)
    auditor = await visitor().enter(people["auditor"])
    assert "Tick all" not in (await auditor.see(f"/reviews/{campaign.id}")).text


async def line_of(house, campaign, name: str, right: str = "") -> str:
    """The address of the step before one right is withdrawn."""
    lines = [one.line for one in (await house.services.reviews.of(OPERATOR, campaign.id)).lines]
    (found,) = [line.id for line in lines if line.name == name and line.right == right]
    return f"/reviews/{campaign.id}/lines/{found}/withdraw"


async def test_before_a_right_goes_one_reads_whose_it_is_and_which_sessions_end(house, visitor, people, campaign):
    path = await line_of(house, campaign, "Alice Martin")
    stale, browser = await visitor().enter(people["approver"], fresh=False), await visitor().enter(people["approver"])
    assert f'href="{path}"' in (await browser.see(f"/reviews/{campaign.id}")).text
    page = plain((await browser.see(path)).text)
    assert "Alice Martin can no longer connect to any device here:" in page
    assert "CHU Demo" in page
    assert "No session of this person is under way" in page
    await house.opened(device_code="ct-01")
    assert "Sessions of this person under way now, which end: 1" in plain((await browser.see(path)).text)
    refused = await stale.send(path, note="left <i>")
    assert (refused.status_code, "left &lt;i&gt;" in refused.text) == (403, True)
    assert (await browser.send(path, note=" ")).status_code == 422
    assert (await (await visitor().enter(people["admin"])).see(path)).status_code == 404, "not his to decide on"
    assert (await browser.see(f"/reviews/{campaign.id}/lines/{'0' * 32}/withdraw")).status_code == 404
    assert (await house.services.reviews.of(OPERATOR, campaign.id)).standing.counts["withdrawn"] == 0
    assert (await browser.send(path, note="left")).headers["location"] == f"/reviews/{campaign.id}"
    assert path not in (await browser.see(f"/reviews/{campaign.id}")).text


async def test_the_last_of_a_hospital_with_a_role_is_told_apart_before_it_is_taken(house, visitor, people):
    form = CampaignForm("group", clock.now() + timedelta(days=20))
    group = await house.services.reviews.start(OPERATOR, form)
    browser = await visitor().enter(people["security"])
    last = await line_of(house, group, "Auditor", "auditor")
    page = plain((await browser.see(last)).text)
    assert "Auditor loses the role “Auditor” here:" in page
    told = "Nobody else holds the role “Auditor” in CHU Demo: after this it is empty there."
    assert told in page
    assert "in CH Deux: after" in page, "a role of the group goes in each of its hospitals"
    form = StaffForm("second", "Second", "", frozenset({Role.AUDITOR}), ("chu",))
    await house.services.people.save_staff(OPERATOR, form)
    page = plain((await browser.see(last)).text)
    assert told not in page
    assert "after this it is empty there" in page, "elsewhere nobody else has it"
    eve = await line_of(house, group, "Eve", "approver")
    assert "after this it is empty there" not in plain((await browser.see(eve)).text)
    assert (await browser.send("/account/language", language="fr")).status_code == 303
    assert "personne d’autre n’y a le rôle" in (await browser.see(last)).text


async def test_R19_who_begins_reviews_reads_on_his_first_page_that_none_was_begun(house, visitor, people, monkeypatch):
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=184))
    browser = await visitor().enter(people["security"])
    told = "CHU Demo: no review of access rights was ever begun, and rights are reviewed every six months."
    assert told in plain((await browser.see("/")).text)
    for who in ("approver", "auditor"):
        assert "ever begun" not in (await (await visitor().enter(people[who])).see("/")).text
    form = CampaignForm("H2", clock.now() + timedelta(days=20), ("chu",))
    await house.services.reviews.start(OPERATOR, form)
    assert told not in plain((await browser.see("/")).text)
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=380))
    browser = await visitor().enter(people["security"])
    assert "CHU Demo: no review of access rights was begun since" in plain((await browser.see("/")).text)


async def test_the_day_has_passed_and_everybody_reads_it(house, visitor, people, campaign, monkeypatch):
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=21))
    lines = [one.line for one in (await house.services.reviews.of(OPERATOR, campaign.id)).lines]
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
    lines = [one.line for one in (await house.services.reviews.of(OPERATOR, campaign.id)).lines]
    (mine,) = [line.id for line in lines if line.subject_id == people["auditor"].id]
    await house.services.reviews.decide(OPERATOR, campaign.id, [mine], "withdrawn", "other duty")
    refused = await browser.see("/recordings")
    assert refused.status_code == 403
    told = "Your role “Auditor” (Every hospital of the group) was withdrawn on"
    assert told in plain(refused.text)
    assert "by the review of rights “H2”. Ask a security officer" in plain(refused.text)
    assert "other duty" not in refused.text, "why stands in the review"
    assert told in plain((await browser.see("/")).text), "without any role he reads it wherever he goes"
    fragment = await browser.see("/recordings", **{"hx-request": "true"})
    assert told in plain(fragment.text), "where a part of a page is refused too"
    other = await (await visitor().enter(people["approver"])).see("/recordings")
    assert (other.status_code, "review of rights" in other.text) == (403, False)
    await browser.ask("POST", "/sign-out")
    assert "review of rights" not in (await visitor().see("/recordings")).text


async def test_a_role_that_nobody_confirmed_in_time_is_named_where_its_page_is_refused(
    house, visitor, people, monkeypatch
):  # fmt: skip
    await house.services.reviews.start(OPERATOR, CampaignForm("H2 <b>", clock.now() + timedelta(days=20), ("chu",)))
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=21))
    page = (await (await visitor().enter(people["approver"])).see("/requests/new")).text
    assert "Your role “Approver” (CHU Demo) is suspended since" in plain(page)
    assert "H2 &lt;b&gt;" in page


async def confirmed(house, campaign) -> int:
    """Confirm every line, and return how many there are."""
    lines = [one.line.id for one in (await house.services.reviews.of(OPERATOR, campaign.id)).lines]
    await house.services.reviews.decide(OPERATOR, campaign.id, lines, "confirmed")
    return len(lines)


async def test_a_review_is_signed_as_a_whole_and_everybody_reads_by_whom(house, visitor, people, campaign):
    path = f"/reviews/{campaign.id}"
    security, auditor = await visitor().enter(people["security"]), await visitor().enter(people["auditor"])
    assert "under way" in plain((await security.see("/reviews")).text)
    assert "Sign the review" not in (await security.see(path)).text
    refused = await security.send(f"{path}/sign", remark="too <early>")
    assert refused.status_code == 409
    count = await confirmed(house, campaign)
    assert f"Lines that still wait: {count}." in plain(refused.text)
    assert "to be signed" in plain((await security.see("/reviews")).text)
    page = plain((await security.see(path)).text)
    assert f"You sign for the whole: confirmed: {count}, withdrawn: 0, suspended: 0" in page
    assert "Sign the review" in page
    page = plain((await auditor.see(path)).text)
    assert "Whoever leads reviews in every hospital of this one signs for the whole." in page
    assert "Sign the review" not in page
    done = await security.send(f"{path}/sign", remark="seen <b>with</b> the wards")
    assert (done.status_code, done.headers["location"]) == (303, path)
    signature = (await house.services.reviews.of(OPERATOR, campaign.id)).standing.signature
    assert "Signed, in your name." in (await security.see(path)).text
    page = (await auditor.see(path)).text
    assert "seen &lt;b&gt;with&lt;/b&gt; the wards" in page
    for said in ("Signed as a whole", signature.digest, signature.signed_by, f"confirmed: {count}, withdrawn: 0"):
        assert said in plain(page), said
    assert "decided since" not in page
    listed = plain((await auditor.see("/reviews")).text)
    assert "signed" in listed
    assert signature.signed_by in listed
    again = await security.send(f"{path}/sign")
    assert again.status_code == 409
    assert f"{signature.signed_by} has signed this review already." in plain(again.text)
    table = (await auditor.send(f"{path}/export")).text
    assert f"signature,H2 <b>2026,,{signature.digest},signed," in table


async def test_a_signature_takes_a_fresh_code_and_what_was_typed_stays(house, visitor, people, campaign):
    await confirmed(house, campaign)
    stale = await visitor().enter(people["security"], fresh=False)
    answer = await stale.send(f"/reviews/{campaign.id}/sign", remark="seen with the wards")
    assert answer.status_code == 403
    assert 'value="seen with the wards"' in answer.text
    assert (await house.services.reviews.of(OPERATOR, campaign.id)).standing.signature is None


async def test_what_is_decided_after_the_signature_is_pointed_out(house, visitor, people, campaign):
    count = await confirmed(house, campaign)
    await house.services.reviews.sign(OPERATOR, campaign.id)
    line = (await house.services.reviews.of(OPERATOR, campaign.id)).lines[0].line.id
    await house.services.reviews.decide(OPERATOR, campaign.id, [line], "withdrawn", "left")
    page = plain((await (await visitor().enter(people["auditor"])).see(f"/reviews/{campaign.id}")).text)
    assert "Lines decided since, which the signature does not cover: 1" in page
    assert f"confirmed: {count}, withdrawn: 0" in page


async def test_what_is_signed_is_read_and_only_what_is_suspended_is_confirmed(
    house, visitor, people, campaign, monkeypatch
):  # fmt: skip
    browser, path = await visitor().enter(people["security"]), f"/reviews/{campaign.id}"
    lines = ticked((await browser.see(path)).text)
    await house.services.reviews.decide(OPERATOR, campaign.id, lines[1:], "confirmed")
    later = campaign.due_at + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    await house.services.reviews.sign(OPERATOR, campaign.id)
    browser = await visitor().enter(people["security"])
    page = (await browser.see(path)).text
    assert ticked(page) == lines[:1]
    assert page.count("Confirm what is ticked") == 1
    assert "It does not change what was signed." in page
    assert page.count("/withdraw") == len(lines)
    done = await browser.send(f"{path}/decide", lines=lines[:1], verdict="confirmed")
    assert done.status_code == 303
    page = (await browser.see(path)).text
    assert (ticked(page), page.count("Confirm what is ticked")) == ([], 0)
    assert page.count("/withdraw") == len(lines)


async def test_the_first_page_reminds_whoever_may_sign(house, visitor, people, campaign):
    security, approver = await visitor().enter(people["security"]), await visitor().enter(people["approver"])
    reminder = "Reviews of access rights to sign"
    assert reminder not in (await security.see("/")).text
    await confirmed(house, campaign)
    page = (await security.see("/")).text
    assert reminder in page
    assert f'<a href="/reviews/{campaign.id}">H2 &lt;b&gt;2026</a>' in page
    assert reminder not in (await approver.see("/")).text
    await house.services.reviews.sign(OPERATOR, campaign.id)
    assert reminder not in (await security.see("/")).text


async def test_the_first_page_reminds_whoever_has_lines_to_decide(house, visitor, people, campaign):
    approver, auditor = await visitor().enter(people["approver"]), await visitor().enter(people["auditor"])
    page = plain((await approver.see("/")).text)
    assert "Access rights to review" in page
    assert "lines that wait: 1" in page
    assert "Access rights to review" not in (await auditor.see("/")).text
    await confirmed(house, campaign)
    assert "Access rights to review" not in (await approver.see("/")).text


async def test_every_line_says_what_right_it_is_about(house, visitor, people):
    form = CampaignForm("H2", clock.now() + timedelta(days=20), ("chu",))
    review = await house.services.reviews.start(OPERATOR, form)
    page = (await (await visitor().enter(people["auditor"])).see(f"/reviews/{review.id}")).text
    rights = [plain(one).strip() for one in re.findall(r'<td data-name="Right">(.*?)</td>', page, re.DOTALL)]
    assert "Technician: may ask for access" in rights
    assert not {"", "–"} & set(rights)
