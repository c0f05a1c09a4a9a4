"""R-67: papers of a supplier in the console, what they block, and since when they are required."""

import re
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.paper import PaperKind
from bastion.services.papers import PaperForm
from tests.services.house import OPERATOR
from tests.services.test_supplier_files import endless
from tests.web.saying import SAID

DAY = timedelta(days=1)


@pytest.fixture
def path(house) -> str:
    return f"/directory/suppliers/{house.alice.supplier_id}/papers"


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


async def test_a_paper_is_registered_shown_and_withdrawn(house, visitor, people, path):
    browser = await visitor().enter(people["admin"])
    dates = {"valid_from": "2026-01-01", "valid_to": f"{clock.now().year + 4}-12-31"}
    form = {"kind": "charter", "reference": "CH-7", "note": "x<y", **dates}
    assert (await browser.send(path, **form)).headers["location"] == path
    page = (await browser.see(path)).text
    assert "Registered. What it opens is open now." in page
    assert re.search(f"1 Jan (2026 )?to 31 Dec {clock.now().year + 4}", plain(page))
    assert "x&lt;y" in page
    (paper,) = (await house.services.papers.of(OPERATOR, house.alice.supplier_id)).papers
    other = f"/directory/suppliers/{house.bob.supplier_id}/papers/{paper.id}/withdraw"
    assert (await browser.send(other)).status_code == 404
    assert (await browser.send(f"{path}/{paper.id}/withdraw")).status_code == 303
    assert "Withdrawn" in plain((await browser.see(path)).text)


async def test_what_is_required_from_a_day_blocks_and_says_so_everywhere(house, visitor, people, path):
    browser = await visitor().enter(people["admin"])
    assert (await browser.send("/directory/papers", kind="security_plan", since="2026-01-01")).status_code == 303
    rules = plain((await browser.see("/directory/papers")).text)
    assert "required since 1 Jan" in rules
    assert "Acme Imaging" in rules
    assert "blocked security plan (PAS)" in plain((await browser.see("/directory/suppliers")).text)
    assert "No new request and no new session for this supplier: security plan (PAS)." in (await browser.see(path)).text
    reader = await visitor().enter(people["approver"])
    refused = await reader.send(
        "/requests/new", technician="alice", device="ct-01", kind="telemaintenance", reason="replace the tube",
        minutes="60", **SAID,
    )  # fmt: skip
    assert "security plan (PAS)" in refused.text
    assert (await browser.send("/directory/papers", kind="security_plan", since="")).status_code == 303
    assert "In order" in (await browser.see("/directory/suppliers")).text


async def test_what_ends_soon_is_pointed_out(house, visitor, people, path):
    papers, now = house.services.papers, clock.now()
    await papers.add(OPERATOR, house.alice.supplier_id, PaperForm(PaperKind.CHARTER, "C", None, now + 5 * DAY))
    await papers.require(OPERATOR, PaperKind.CHARTER, now)
    browser = await visitor().enter(people["security"])
    assert "soon blocked telemaintenance charter" in plain((await browser.see("/directory/suppliers")).text)
    page = (await browser.see(path)).text
    assert "unless this comes: telemaintenance charter." in page
    assert "Register a paper" not in page


async def test_mistakes_come_back_beside_their_field_and_without_a_code_nothing_is_kept(house, visitor, people, path):
    browser = await visitor().enter(people["admin"], fresh=False)
    good = {"kind": "charter", "reference": "CH-7"}
    for wrong, status in (
        ({"kind": "poem"}, 422), ({"reference": " "}, 422), ({"valid_to": "2020-01-01"}, 422), ({}, 403),
    ):  # fmt: skip
        answer = await browser.send(path, **(good | wrong))
        assert answer.status_code == status, wrong
    assert 'value="CH-7"' in answer.text
    assert (await browser.send("/directory/papers", kind="charter", since="2026-13-01")).status_code == 422
    assert (await browser.send("/directory/papers", kind="charter", since="2026-01-01")).status_code == 403
    assert (await house.services.papers.of(OPERATOR, house.alice.supplier_id)).papers == ()
    assert await house.services.papers.rules(OPERATOR) == {}


async def test_R6_a_yearly_paper_without_its_last_day_is_refused_and_an_old_one_is_to_be_completed(
    house, visitor, people, path
):
    browser = await visitor().enter(people["admin"])
    refused = await browser.send(path, kind="attestation", reference="ATT-1", valid_to="")
    assert (refused.status_code, "A paper of this kind is renewed: give its last day." in refused.text) == (422, True)
    await endless(house, PaperKind.ATTESTATION)
    assert "no end: to be completed" in (await browser.see(path)).text
    file = plain((await browser.see(path.replace("/papers", "/file"))).text)
    assert "No end, to be completed: yearly security attestation." in file
    assert "The contract has no number: enter it." in file
