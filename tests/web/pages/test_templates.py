"""Usual requests in the console: written, corrected, retired; and what they fill in."""

import re
from dataclasses import replace

from tests.services.templates import BACKUP, PLAN, a_model, a_template
from tests.web.saying import SAID

FORM = {
    "facility": "chu", "model": "MAKER · ct  9000", "name": "Yearly <b>update</b>", "kind": "telemaintenance",
    "reason": "update <i>it</i>", "minutes": "60", "patient_data": "none", "software_change": "yes",
    "rollback": "restore the image", "conditions": "watcher",
}  # fmt: skip
ASK = {
    "technician": "alice",
    "device": "ct-01",
    "kind": "telediagnostic",
    "minutes": "60",
    "reason": "",
    "people": "Bob",
}


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


async def test_one_is_written_corrected_and_retired(house, visitor, people):
    await a_model(house)
    eve = await visitor().enter(house.eve)
    assert 'value="MAKER · ct  9000"' in (await eve.see("/directory/templates/new")).text
    path = (await eve.send("/directory/templates/new", **FORM)).headers["location"]
    page = (await eve.see(path)).text
    assert "Yearly &lt;b&gt;update&lt;/b&gt;" in page
    assert "update &lt;i&gt;it&lt;/i&gt;" in page
    form = (await eve.see(f"{path}/edit")).text
    assert 'value="watcher" checked' in form
    assert ">restore the image</textarea>" in form
    after = (await eve.send(f"{path}/edit", **FORM | {"name": "Update"})).headers["location"]
    assert "edition 2" in plain((await eve.see(after)).text)
    assert (await eve.see(f"{path}/edit")).status_code == 404
    admin = await visitor().enter(people["admin"])
    assert (await admin.send(f"{after}/retire")).status_code == 303
    assert "No usual request here" in (await eve.see("/directory/templates")).text
    assert "Update" in (await eve.see("/directory/templates?retired=yes")).text


async def test_a_refused_form_comes_back_as_it_was(house, visitor):
    await a_model(house)
    eve = await visitor().enter(house.eve)
    for wrong, sentence in (
        ({"model": "Maker · nothing"}, "Choose a model from the list."),
        ({"rollback": ""}, "say how you go back"),
        ({"kind": "telediagnostic"}, "Remote diagnosis changes nothing."),
        ({"minutes": "soon"}, "Choose a duration"),
    ):
        answer = await eve.send("/directory/templates/new", **FORM | wrong)
        assert (answer.status_code, sentence in answer.text) == (422, True), wrong
        assert "update &lt;i&gt;it&lt;/i&gt;" in answer.text
    assert (await eve.send("/directory/templates/new", **FORM | {"facility": ""})).status_code == 404
    stale = await visitor().enter(house.eve, fresh=False)
    assert "enter a new code" in (await stale.send("/directory/templates/new", **FORM)).text


async def test_R25_it_fills_the_form_in_and_the_approver_reads_what_was_changed(house, visitor, people):
    made = await a_template(house, name="Yearly <update>")
    eve = await visitor().enter(house.eve)
    assert "Yearly &lt;update&gt;" in (await eve.see("/requests/new?device=ct-01&technician=alice")).text
    assert "Yearly" not in (await eve.see("/requests/new?device=nothing")).text
    filled = (await eve.send("/requests/fill", **ASK, fill=made.id)).text
    for said in ("update to the yearly version", f'name="template" value="{made.id}"', "restore the image", ">Bob<"):
        assert said in filled, said
    assert 'value="90" checked' in filled
    assert 'name="template" value=""' in (await eve.send("/requests/fill", **ASK, fill="0" * 32)).text
    request = await house.asked(template=made.id, reason="something else", minutes=90, plan=BACKUP)
    page = (await (await visitor().enter(people["approver"])).see(f"/requests/{request.id}")).text
    assert "Differs from the usual: what is to be done" in plain(page)
    assert 'value="watcher" checked' in page
    assert 'value="no_upload" checked' not in page


async def test_a_choice_of_what_stays_usable_is_not_written_into_the_words_for_it(house, visitor):
    made = await a_template(house, plan=replace(PLAN, keeps="everything"))
    eve = await visitor().enter(house.eve)
    for page in (
        await eve.send("/requests/fill", **ASK, fill=made.id),
        await eve.see(f"/directory/templates/{made.id}/edit"),
    ):
        assert re.search(r'name="usable" value="everything"[^>]* checked', page.text)
        assert re.search(r'<textarea name="keeps"[^>]*></textarea>', page.text)


async def test_a_template_that_went_away_meanwhile_is_told_and_nothing_typed_is_lost(house, visitor):
    made = await a_template(house)
    eve = await visitor().enter(house.eve)
    await house.services.templates.retire(house.staff(house.eve), made.id)
    said = ASK | SAID | {"reason": "look at it", "template": made.id}
    answer = await eve.send("/requests/new", **said)
    assert (answer.status_code, "no longer offered" in answer.text, "look at it" in answer.text) == (422, True, True)
