"""R-47: the undertaking in the console: read by staff, published by administrators, shown on the technician's page."""

from bastion.domain.undertaking import SHIPPED
from tests.services.house import OPERATOR
from tests.web.pages.test_papers import plain

PATH = "/directory/undertaking"


async def test_a_new_version_is_published_and_shows_who_has_not_accepted_it(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    first = plain((await browser.see(PATH)).text)
    assert "In force: version 1" in first
    assert "Everybody has accepted it" in first
    assert (await browser.send(PATH, text_fr="Secret & <b>", text_en="Secret")).headers["location"] == PATH
    page = (await browser.see(PATH)).text
    assert "Secret &amp; &lt;b&gt;" in page
    seen = plain(page)
    assert "Published. Everybody accepts it before his next session." in seen
    assert "In force: version 2" in seen
    assert "Alice Martin alice" in seen
    assert SHIPPED.text_fr.split("\n", maxsplit=1)[0] in page
    assert "Not accepted yet" in (await browser.see(f"/directory/technicians/{house.alice.id}")).text


async def test_the_technician_s_page_says_which_version_and_when(house, visitor, people):
    browser = await visitor().enter(people["approver"])
    page = plain((await browser.see(f"/directory/technicians/{house.alice.id}")).text)
    assert "Accepted in force: version 1" in page
    assert "at enrolment" in page
    assert "Publish a new version" not in (await browser.see(PATH)).text
    assert (await browser.send(PATH, text_fr="a", text_en="b")).status_code == 403


async def test_a_mistake_comes_back_with_what_was_typed_and_a_code_is_needed(house, visitor, people):
    browser = await visitor().enter(people["admin"], fresh=False)
    answer = await browser.send(PATH, text_fr="Nouveau", text_en=" ")
    assert answer.status_code == 422
    assert "Nouveau" in answer.text
    assert (await browser.send(PATH, text_fr="a", text_en="b")).status_code == 403
    assert len(await house.services.undertakings.versions(OPERATOR)) == 1
