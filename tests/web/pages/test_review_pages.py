"""R-19: a long review is read in pages, what waits first; a decision takes what was ticked, a signature all."""

import re
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.parties import Technician
from bastion.domain.review import LineState, Sought, Verdict
from bastion.services.reviews import CampaignForm
from tests.services.house import OPERATOR
from tests.web.pages.test_papers import plain
from tests.web.pages.test_reviews import ticked
from web.paging import PAGE

MORE = 70
STAFF = ["Approver", "Approver Of Another Ward", "Eve"]
ALL = MORE + 1 + len(STAFF)
"""The scanner's company has Alice and so many more."""


@pytest.fixture
async def path(house, people):
    """The address of a review of one hospital, with more lines than a page holds."""
    people = [
        Technician(f"t{number:03}", f"t{number:03}", f"Person {number:03}", "", house.alice.supplier_id)
        for number in range(MORE)
    ]
    async with house.database.write() as uow:
        await uow.technicians.add_all(people)
    form = CampaignForm("long", clock.now() + timedelta(days=20), ("chu",))
    return f"/reviews/{(await house.services.reviews.start(OPERATOR, form)).id}"


async def counts(house, path: str):
    review = await house.services.reviews.of(OPERATOR, path.rpartition("/")[2])
    return {state: count for state, count in review.standing.counts.items() if count}


def names(page: str) -> list[str]:
    return re.findall(r'<span translate="no">((?:Person|Alice|Eve|Approver)[\w ]*)</span>', page)


async def test_each_line_is_on_one_page_and_what_waits_is_on_the_first(house, visitor, people, path):
    browser = await visitor().enter(people["approver"])
    first, second = [(await browser.see(f"{path}?at={at}")).text for at in (0, 1)]
    assert (len(names(first)), len(names(second))) == (PAGE, ALL - PAGE)
    assert len({*names(first), *names(second)}) == ALL
    assert f"Lines 1 to {PAGE} of {ALL}, what waits first." in plain(first)
    assert f"Lines {PAGE + 1} to {ALL} of {ALL}, what waits first." in plain(second)
    assert f'rel="next" href="{path}?at=1"' in first
    assert ('rel="next"' in second, 'rel="prev"' in second) == (False, True)
    assert "No line fits" in (await browser.see(f"{path}?at=9")).text
    chosen = ticked(first)[:3]
    await house.services.reviews.decide(OPERATOR, path.rpartition("/")[2], chosen, Verdict.CONFIRMED)
    assert {*chosen} <= {*ticked((await browser.see(f"{path}?at=1")).text)}


async def test_a_verdict_takes_what_was_ticked_here_and_says_what_is_left_on_other_pages(
    house, visitor, people, path
):  # fmt: skip
    browser = await visitor().enter(people["approver"])
    page = (await browser.see(f"{path}?judge=me")).text
    assert f"Waiting for you: {ALL - 3}, of which on this page: {PAGE}." in plain(page)
    assert f'action="{path}/decide?judge=me"' in page
    done = await browser.send(f"{path}/decide?judge=me", lines=ticked(page), verdict="confirmed")
    assert done.headers["location"] == f"{path}?judge=me"
    assert await counts(house, path) == {LineState.OPEN: ALL - PAGE, LineState.CONFIRMED: PAGE}
    page = plain((await browser.see(path)).text)
    assert f"Waiting for you: {ALL - PAGE - 3}, of which on this page: {ALL - PAGE - 3}." in page
    again = await browser.send(f"{path}/decide?judge=me&at=1", lines=[], verdict="confirmed")
    assert again.status_code == 422
    assert f"Lines {PAGE + 1} to {ALL - 3} of {ALL - 3}" in plain(again.text)
    assert 'name="text" value="&#34;&gt;&lt;b' in (await browser.see(f'{path}?text="><b')).text


async def test_after_a_wrong_code_what_was_unticked_stays_unticked(house, visitor, people, path):
    ident = path.rpartition("/")[2]
    browser = await visitor().enter(people["approver"], fresh=False)
    first = ticked((await browser.see(path)).text)[:1]
    await house.services.reviews.decide(OPERATOR, ident, first, Verdict.CONFIRMED)
    page = (await browser.see(f"{path}?at=1&judge=me")).text
    lines, groups = ticked(page), re.findall(r'name="group" value="(\w+)"', page)
    assert (len(groups), len(lines)) == (2, ALL - len(STAFF) - PAGE)
    said = {"lines": lines[2:4], "group": groups[0], "verdict": "confirmed", "note": "gone <i>"}
    refused = await browser.send(f"{path}/decide?at=1&judge=me", **said)
    assert refused.status_code == 403
    assert re.findall(r'name="lines" value="(\w+)" checked', refused.text) == lines[2:4]
    assert refused.text.count("gone &lt;i&gt;") == 1
    assert refused.text.count('aria-invalid="true"') == 1
    assert await counts(house, path) == {LineState.OPEN: ALL - 1, LineState.CONFIRMED: 1}
    long = await (await visitor().enter(people["approver"])).send(f"{path}/decide?at=1", **said | {"note": "x" * 9999})
    assert (long.status_code, long.text.count('id="note-wrong"')) == (422, 1)


async def test_lines_are_looked_for_by_kind_verdict_name_and_who_decides(house, visitor, people, path):
    browser = await visitor().enter(people["approver"])

    async def found(query: str) -> list[str]:
        return names((await browser.see(f"{path}?{query}")).text)

    assert await found("kind=staff") == STAFF
    assert await found("judge=others") == STAFF
    assert await found("text=PERSON+007") == ["Person 007"]
    assert len(await found("text=acme")) == PAGE
    assert await found("text=%25") == []
    assert await found("state=confirmed") == []
    assert await found("kind=nonsense&state=nonsense&judge=nonsense&text=alice") == ["Alice Martin"]
    assert await found("kind=staff&text=person") == []


async def test_who_signs_reads_how_many_lines_stand_on_other_pages_and_signs_for_all(house, visitor, people, path):
    ident = path.rpartition("/")[2]
    lines = [one.line.id for one in (await house.services.reviews.of(OPERATOR, ident)).lines]
    await house.services.reviews.decide(OPERATOR, ident, lines[1:], Verdict.CONFIRMED)
    security = await visitor().enter(people["security"])
    assert (await security.send(f"{path}/sign")).status_code == 409
    await house.services.reviews.decide(OPERATOR, ident, lines[:1], Verdict.WITHDRAWN, "left")
    told = "You sign for all {all} lines. This page shows {here} of them; {rest} stand on other pages."
    for query, here in (("", PAGE), ("?at=1", ALL - PAGE), ("?text=Alice", 1)):
        page = plain((await security.see(path + query)).text)
        assert told.format(all=ALL, here=here, rest=ALL - here) in page
    assert (await security.send(f"{path}/sign")).status_code == 303
    signature = (await house.services.reviews.of(OPERATOR, ident)).standing.signature
    assert (signature.confirmed, signature.withdrawn) == (ALL - 1, 1)
    async with house.database.read() as uow:
        kept = await uow.review_signatures.statement(ident)
    assert len(kept.splitlines()) == ALL + 2, "headings, each line, and of which review"


async def test_a_short_review_is_signed_as_it_is_seen(house, visitor, people):
    form = CampaignForm("short", clock.now() + timedelta(days=20), ("chu",))
    ident = (await house.services.reviews.start(OPERATOR, form)).id
    lines = [one.line.id for one in (await house.services.reviews.of(OPERATOR, ident)).lines]
    await house.services.reviews.decide(OPERATOR, ident, lines, Verdict.CONFIRMED)
    page = plain((await (await visitor().enter(people["security"])).see(f"/reviews/{ident}")).text)
    assert "Sign the review" in page
    assert "on other pages" not in page


async def test_the_list_of_reviews_has_pages_too(house, visitor, people):
    for number in range(PAGE + 1):
        form = CampaignForm(f"number {number:02}", clock.now() + timedelta(days=20 + number), ("chu",))
        await house.services.reviews.start(OPERATOR, form)
    browser = await visitor().enter(people["auditor"])
    first, second = [(await browser.see(f"/reviews?at={at}")).text for at in (0, 1)]
    assert (first.count("number "), second.count("number ")) == (PAGE, 1)
    assert 'href="/reviews?at=1"' in first


async def test_a_hospital_s_review_names_whom_the_group_reviews_and_who_speaks_for_a_supplier(
    house, visitor, people, path
):  # fmt: skip
    browser = await visitor().enter(people["approver"])
    page = plain((await browser.see(path)).text)
    assert "Reviewed by the group: 6" in page, "Max, Ruth twice, and three of those who came here"
    assert "No review of the group has decided yet" in page
    assert "Correspondent" not in page
    await house.services.company.name_correspondent(house.staff(house.ruth), house.alice.id, named=True)
    page = plain((await browser.see(f"{path}?text=alice")).text)
    assert "Correspondent: may create accounts" in page
    form = CampaignForm("group", clock.now() + timedelta(days=20))
    group = await house.services.reviews.start(OPERATOR, form)
    found = (await house.services.reviews.of(OPERATOR, group.id, Sought(text="Max"))).lines
    await house.services.reviews.decide(OPERATOR, group.id, [one.line.id for one in found], Verdict.CONFIRMED)
    assert "Max Approver Right confirmed" in plain((await browser.see(path)).text)
    assert "Reviewed by the group:" not in (await browser.see(f"/reviews/{group.id}")).text


async def test_a_review_says_of_which_hospitals_it_is(house, visitor, people, path):
    form = CampaignForm("group", clock.now() + timedelta(days=20))
    group = await house.services.reviews.start(OPERATOR, form)
    browser = await visitor().enter(people["auditor"])
    listed, local, whole = [plain((await browser.see(p)).text) for p in ("/reviews", path, f"/reviews/{group.id}")]
    assert "long CHU Demo begun by" in listed
    assert "group The whole group begun by" in listed
    assert "CHU Demo &nbsp;· due on" in local
    assert "The whole group&nbsp;· due on" in whole
