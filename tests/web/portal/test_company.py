"""T33: a correspondent's pages hold his own company and nothing of anybody else's; what he does there, he may."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bastion import clock
from bastion.domain.paper import PaperKind
from bastion.domain.subcontractor import TIME_TO_OBJECT
from bastion.services.papers import PaperForm
from tests.services.house import OPERATOR
from tests.services.test_subcontractors import FORM
from tests.web.portal.test_standing import registered_ago
from tests.web.saying import LISTED

COMPANY = "/supplier/company"


def timeless(page: str) -> str:
    return re.sub(r'data-now="[^"]+"', "", page)


def authenticator(page: str) -> str:
    """What the page of a colleague says of it."""
    said = re.search(r"Authenticator</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL)[1]
    return re.sub(r"<[^>]+>", "", said).strip()


@pytest.fixture
async def both(house, carl):
    """A request and a paper at each company."""
    for supplier, reference in ((house.alice.supplier_id, "MAR-ACME"), (house.bob.supplier_id, "MAR-OTHER")):
        form = PaperForm(PaperKind.CHARTER, reference, note="internal remark")
        await house.services.papers.add(OPERATOR, supplier, form)
    return await house.services.access.request(house.technician(carl), house.draft(reason="ACME-REASON"))


async def test_T33_pages_lists_search_and_counts_tell_nothing_of_another_company(comer, house, both):
    other = await comer(house.bob)
    paths = [COMPANY, f"{COMPANY}/requests", f"{COMPANY}/requests?text=ACME", f"{COMPANY}/requests?state=pending"]
    for path in paths:
        page = (await other.see(path)).text
        for word in ("Acme", "Alice", "Carl", "MAR-ACME", "ACME-REASON", "ct-01"):
            assert word not in page.replace('value="ACME"', ""), (path, word)
    own = await comer(house.alice)
    assert "Carl Weber" in (await own.see(COMPANY)).text
    assert "MAR-ACME" in (await own.see(COMPANY)).text
    assert "internal remark" not in (await own.see(COMPANY)).text
    assert "ACME-REASON" in (await own.see(f"{COMPANY}/requests?text=ACME")).text
    assert "ACME-REASON" in (await own.see(f"{COMPANY}/requests/{both.id}")).text


async def test_T33_anothers_and_none_answer_with_the_same_page(comer, house, both, carl):
    other = await comer(house.bob)
    for theirs, none in ((f"requests/{both.id}", "requests/" + "0" * 32), (f"people/{carl.id}", "people/" + "0" * 32)):
        seen, nothing = await other.see(f"{COMPANY}/{theirs}"), await other.see(f"{COMPANY}/{none}")
        assert (seen.status_code, timeless(seen.text)) == (404, timeless(nothing.text))
    for deed in ("invite", "part"):
        answers = [await other.send(f"{COMPANY}/people/{i}/{deed}", why="has left") for i in (carl.id, "0" * 32)]
        assert answers[0].status_code == 404
        assert timeless(answers[0].text) == timeless(answers[1].text)


async def test_he_registers_invites_and_off_boards_a_colleague(comer, house, carl):
    browser = await comer(house.alice)
    form = {"name": "Anna <b>Roy", "login": "anna", "email": "a@acme", "language": "fr", "country": "FR"}
    made = await browser.send(f"{COMPANY}/people/new", **form)
    path = made.headers["location"]
    assert path.startswith(f"{COMPANY}/people/")
    page = (await browser.see(path)).text
    assert "acme.anna" in page
    assert "Anna &lt;b&gt;Roy" in page
    link = re.search(r'id="link"[^>]*>([^<]+)<', (await browser.send(f"{path}/invite")).text)[1]
    assert "/supplier/welcome#" in link
    assert (await browser.send(f"{path}/part", why="")).status_code == 422
    assert (await browser.send(f"{path}/part", why="has left us")).headers["location"] == COMPANY
    assert "Out of use" in (await browser.see(path)).text
    spent = await (await comer()).send("/supplier/welcome", secret=link)
    assert "This link opens nothing" in spent.text


async def test_an_authenticator_whose_codes_nobody_tried_is_not_called_enrolled(comer, house, carl):
    browser, path = await comer(house.alice), f"{COMPANY}/people/{carl.id}"
    assert authenticator((await browser.see(path)).text) == "missing"
    await house.services.enrolment.technician_totp(house.staff(house.ruth), carl.id)
    assert authenticator((await browser.see(path)).text) == "shown; no code was checked yet"
    async with house.database.write() as uow:
        kept = await uow.credentials.get(carl.id)
        await uow.credentials.put(replace(kept, totp_proved_at=clock.now()))
    assert authenticator((await browser.see(path)).text) == "enrolled"


async def test_a_country_that_was_not_declared_is_refused(comer, house, carl):
    browser = await comer(house.alice)
    form = {"name": "Anna Roy", "login": "anna", "language": "fr", "country": "KP"}
    assert (await browser.send(f"{COMPANY}/people/new", **form)).status_code == 422


async def test_R18_he_confirms_his_own_list_with_a_fresh_code(comer, house, carl):
    stale = await comer(house.alice, fresh=False)
    assert (await stale.send(f"{COMPANY}/roster", people=carl.id)).status_code == 403
    browser = await comer(house.alice)
    assert (await browser.send(f"{COMPANY}/roster", people=house.bob.id)).status_code == 404
    assert (await browser.send(f"{COMPANY}/roster", people=carl.id)).headers["location"] == COMPANY
    (said,) = (await house.services.rosters.of(OPERATOR, house.alice.supplier_id)).said
    assert (said.by, said.people, said.left_out) == ("Alice Martin", (carl.id,), 1)
    assert (await house.services.rosters.of(OPERATOR, house.bob.supplier_id)).said == ()


async def test_after_a_mistake_the_list_stays_open_with_its_ticks_as_they_were_set(comer, house, carl):
    browser = await comer(house.alice, fresh=False)
    page = (await browser.see(COMPANY)).text
    assert LISTED.findall(page) == [(house.alice.id, " checked"), (carl.id, " checked")]
    assert 'id="roster">' in page
    for ticked in ([house.alice.id], []):
        refused = await browser.send(f"{COMPANY}/roster", people=ticked)
        assert refused.status_code == 403
        assert [ident for ident, on in LISTED.findall(refused.text) if on] == ticked
        assert 'id="roster" open>' in refused.text


async def test_T32_whoever_speaks_for_nobody_finds_no_such_page_nor_a_link_to_one(comer, carl):
    browser = await comer(carl)
    assert (await browser.see(COMPANY)).status_code == 404
    assert COMPANY not in (await browser.see("/supplier/")).text


async def test_who_is_dismissed_sees_nothing_more_at_once(comer, house, carl):
    browser = await comer(house.alice)
    assert (await browser.see(COMPANY)).status_code == 200
    await house.services.company.name_correspondent(OPERATOR, house.alice.id, named=False)
    assert (await browser.see(COMPANY)).status_code == 404


async def test_he_corrects_a_colleague_and_what_he_typed_stays_after_a_mistake(comer, house, carl):
    path = f"{COMPANY}/people/{carl.id}"
    browser = await comer(house.alice)
    form = {"name": "Carl <b>Roy", "email": "roy@acme", "language": "fr", "country": "FR", "valid_until": "2090-01-31"}
    assert (await browser.send(f"{path}/change", **form)).headers["location"] == path
    page = (await browser.see(path)).text
    assert "Carl &lt;b&gt;Roy" in page
    assert 'value="2090-01-31"' in page
    kept = (await house.services.people.technician(house.staff(house.ruth), carl.id)).technician
    assert kept.valid_until == datetime(2090, 1, 31, 23, tzinfo=UTC), "the whole of that day"
    later = await browser.send(f"{path}/change", **form | {"valid_until": "2090-02-01", "name": "Half written"})
    assert later.status_code == 422
    assert "Only the hospital can put this day off." in later.text
    assert 'value="Half written"' in later.text
    assert (await browser.send(f"{path}/change", **form | {"email": "new@acme"})).status_code == 303
    stale = await comer(house.alice, fresh=False)
    assert (await stale.send(f"{path}/change", **form)).status_code == 403


async def test_R46_employers_are_offered_once_the_hospital_can_no_longer_object(comer, house, carl, monkeypatch):
    sub = await house.services.subcontractors.declare(OPERATOR, house.alice.supplier_id, FORM)
    form = {"name": "Anna Roy", "login": "anna", "language": "fr", "country": "FR", "employer_id": sub.id}
    browser = await comer(house.alice)
    assert "Sub &amp; Co" not in (await browser.see(f"{COMPANY}/people/new")).text
    assert (await browser.send(f"{COMPANY}/people/new", **form)).status_code == 422
    registered_ago(monkeypatch, TIME_TO_OBJECT)
    browser = await comer(house.alice)
    assert f'<option value="{sub.id}">Sub &amp; Co</option>' in (await browser.see(f"{COMPANY}/people/new")).text
    made = await browser.send(f"{COMPANY}/people/new", **form)
    async with house.database.read() as uow:
        assert (await uow.technicians.get(made.headers["location"].rpartition("/")[2])).employer_id == sub.id
