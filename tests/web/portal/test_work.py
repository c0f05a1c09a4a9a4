"""A technician's own work on the web: the same services as the terminal's, and only what is his."""

import re
from dataclasses import fields
from urllib.parse import quote

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.conditions import Condition, Terms
from bastion.domain.emergency import Call
from bastion.domain.undertaking import Way
from bastion.domain.work_plan import PLAIN
from bastion.services.drafts import RequestDraft
from bastion.services.inventory import DeviceForm
from tests.services.batches import more_devices
from tests.services.house import OPERATOR, public_line
from tests.services.professionals import LABEL, a_professional, needing
from tests.services.templates import a_template
from tests.services.test_review_reach import say
from tests.services.test_reviews import WITHDRAWN, begun
from tests.services.test_works import colleague, in_three_parts
from tests.web.saying import pressed_by_enter
from tests.web.scenery import HOSTILE
from web import condition_words

ASK = {
    "device": "ct-01",
    "kind": "telemaintenance",
    "minutes": "60",
    "usable": "everything",
    "patient_data": "none",
    "software_change": "no",
}


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


async def test_R25_the_form_says_who_would_have_to_agree_in_their_role_and_asks_nobody(comer, house):
    browser = await comer(house.alice)
    form = {"device": "ct-01", "kind": "telemaintenance", "minutes": "60", "reason": "replace the <tube"}
    page = (await browser.send("/supplier/requests/forecast", **form)).text
    assert "1 approver of the hospital has to agree." in page
    assert "replace the &lt;tube" in page, "what was typed stays"
    assert re.findall(r"\b(Eve|Max|Ruth)\b", page) == []
    refused = await browser.send("/supplier/requests/forecast", **form | {"minutes": "1440"})
    assert "The rules refuse this." in refused.text
    late = form | {"start": "2001-01-01T08:00", "patient_data": "needed", "professional": "Dr Nemo"}
    page = (await browser.send("/supplier/requests/forecast", **late)).text
    assert "The start lies in the past." in page
    assert "Nobody of CHU Demo is authorised to answer for patient data" in page
    unclear = await browser.send("/supplier/requests/forecast", **form | {"device": "nothing"})
    assert "Choose a device from the list." in unclear.text
    assert await house.services.asked.pending(house.staff(house.eve)) == []


async def test_who_waits_for_nobody_is_told_so(comer, house):
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, form)
    request = await house.asked(emergency=Call("Max"))
    page = (await (await comer(house.alice)).see(f"/supplier/requests/{request.id}")).text
    assert "Nobody is left at the moment who can give the missing agreement." in page
    assert "Asked: Eve" in page


async def test_Enter_asks_and_who_answers_for_patient_data_stays_chosen(comer, house):
    await a_professional(house)
    browser = await comer(house.alice)
    for path in ("/supplier/requests/new", f"/supplier/requests/new?device=ct-01&professional={quote(LABEL)}"):
        page = (await browser.see(path)).text
        pressed = pressed_by_enter(page, "/supplier/requests/new")
        assert ("formaction" in pressed, "type=" in pressed) == (False, False), pressed
    assert f'value="{LABEL}" selected' in page
    (asked,) = re.findall(r'hx-include="([^"]*)"[^>]*hx-select-oob="#professionals"', page)
    assert "[name=professional]" in asked


async def test_who_does_not_answer_for_patient_data_any_more_is_said_with_what_to_do(comer, house):
    one = await a_professional(house)
    agreed, waiting = await house.approved(plan=needing()), await house.asked(plan=needing())
    await house.services.professionals.retire(OPERATOR, one.id)
    browser = await comer(house.alice)
    page = plain((await browser.see(f"/supplier/requests/{agreed.id}")).text)
    assert f"{LABEL} does not answer for patient data any more: nothing opens under this authorisation." in page
    page = plain((await browser.see(f"/supplier/requests/{waiting.id}")).text)
    assert "nobody can agree to this request. Call the hospital, or take it back and ask anew" in page
    assert page.count("take it back and ask anew") == 1


async def test_what_he_may_open_is_not_said_of_what_nobody_answers_for(comer, house):
    one = await a_professional(house)
    agreed = await house.approved(plan=needing())
    browser = await comer(house.alice)
    board, page = "/supplier/board", f"/supplier/requests/{agreed.id}"
    command = "ssh -p 2222 alice+ct-01@127.0.0.1"
    said = plain((await browser.see(board)).text)
    assert "What I may open 1" in said
    assert (command in said, "Opens nothing" in said) == (True, False)
    await house.services.professionals.retire(OPERATOR, one.id)
    said = plain((await browser.see(board)).text)
    assert "What I may open 0" in said
    assert "Opens nothing" in said
    assert f"{LABEL} does not answer for patient data any more: nothing opens under this authorisation." in said
    for path in (board, page):
        assert command not in plain((await browser.see(path)).text)
    await a_professional(house, rpps="")
    for path in (board, page):
        assert command in plain((await browser.see(path)).text)


async def test_he_asks_reads_the_answer_and_gets_the_commands(comer, house):
    browser = await comer(house.alice)
    asked = await browser.send("/supplier/requests/new", **ASK, reason="replace the tube", work_order="WO-7")
    path = asked.headers["location"]
    assert path.startswith("/supplier/requests/")
    assert "replace the tube" in (await browser.see("/supplier/board")).text
    assert (await browser.see("/supplier/count")).text == "1"
    (view,) = await house.services.asked.search(house.technician())
    assert view.request.created_by.id == house.alice.id
    await house.services.approvals.approve(house.staff(house.eve), view.request.id, 1, 30, "Only the tube, please")
    page = plain((await browser.see(path)).text)
    assert "Only the tube, please" in page
    assert "ssh -p 2222 alice+ct-01@127.0.0.1" in page
    assert "ssh -p 2222 alice+ct-01@127.0.0.1" in plain((await browser.see("/supplier/")).text)
    assert (await browser.see("/supplier/count")).text == "0"


async def test_the_conditions_of_an_agreement_are_read(comer, house):
    request = await house.asked()
    terms = Terms(frozenset({Condition.NO_UPLOAD}))
    await house.services.approvals.approve(house.staff(house.eve), request.id, 1, 30, "", terms)
    page = (await (await comer(house.alice)).see(f"/supplier/requests/{request.id}")).text
    assert condition_words.CONDITIONS[Condition.NO_UPLOAD].capitalize() in page


async def test_a_refusal_is_read_with_its_reason(comer, house):
    request = await house.asked()
    await house.services.approvals.deny(house.staff(house.eve), request.id, 1, "A patient is on the table")
    browser = await comer(house.alice)
    for path in ("/supplier/", f"/supplier/requests/{request.id}"):
        assert "A patient is on the table" in (await browser.see(path)).text


async def test_what_nobody_wrote_a_reason_for_is_read_in_french_on_both_sides(comer, visitor, house):
    """More time whose authorisation ended: the bastion's own words, in the reader's language."""
    request = await house.approved()
    more = await house.services.access.extend(house.technician(), request.grant_id, 15, "the tube is late")
    await house.services.approvals.revoke(house.staff(house.eve), request.grant_id, "the ward needs it")
    his, hers = await comer(house.alice), await visitor().enter(house.eve)
    await his.send("/supplier/account/language", language="fr", back="/supplier/")
    await hers.send("/account/language", language="fr", back="/")
    for page in ((await his.see(f"/supplier/requests/{more.id}")).text, (await hers.see(f"/requests/{more.id}")).text):
        assert "L’autorisation dont il s’agissait a pris fin." in plain(page)
        assert "was about has ended" not in page


async def test_what_the_work_touches_is_asked_as_in_the_hospitals_own_form(comer, house):
    browser = await comer(house.alice)
    refused = await browser.send("/supplier/requests/new", **ASK | {"software_change": "yes"}, reason="new software")
    assert refused.status_code == 422
    assert 'name="rollback"' in refused.text
    assert await house.services.asked.search(house.technician()) == []
    for said in ({"emergency": "yes"}, {"callee": "himself"}):
        refused = await browser.send("/supplier/requests/new", **ASK, reason="it is down", **said)
        assert (refused.status_code, 'id="caller-wrong"' in refused.text) == (422, True), said
    assert await house.services.asked.search(house.technician()) == []
    said = {"emergency": "yes", "caller": "Dr Roux"}
    urgent = await browser.send("/supplier/requests/new", **ASK, reason="it is down", **said)
    assert urgent.status_code == 303
    (view,) = await house.services.asked.search(house.technician())
    assert view.emergency is not None


async def test_he_takes_it_back_and_nobody_elses(comer, house, carl):
    request = await house.asked()
    other = await comer(carl)
    assert (await other.send(f"/supplier/requests/{request.id}/withdraw")).status_code == 404
    browser = await comer(house.alice)
    assert (await browser.send(f"/supplier/requests/{request.id}/withdraw")).status_code == 303
    assert "Taken back" in (await browser.see(f"/supplier/requests/{request.id}")).text


async def test_he_asks_for_more_time_while_it_is_open(comer, house):
    request = await house.approved()
    browser = await comer(house.alice)
    path = f"/supplier/requests/{request.id}"
    more = await browser.send(f"{path}/extend", minutes="30", reason="one screw left")
    assert more.headers["location"].startswith("/supplier/requests/")
    newest = (await house.services.asked.search(house.technician()))[0].request
    assert (newest.extends_grant_id, newest.reason) == (request.grant_id, "one screw left")
    assert (await browser.send(f"{path}/extend", minutes="x", reason="")).status_code == 422


async def test_T33_a_device_of_another_company_is_no_more_there_than_none(comer, house):
    browser = await comer(house.bob)
    assert "ct-01" not in (await browser.see("/supplier/requests/new")).text
    answers = [
        await browser.send("/supplier/requests/new", **ASK | {"device": code}, reason="look at it")
        for code in ("ct-01", "nothing")
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert plain(answers[0].text) == plain(answers[1].text)


async def test_T33_the_page_of_a_request_tells_nothing_of_other_companies_work(comer, house):
    await house.services.inventory.save_device(OPERATOR, await _shared(house))
    other = house.technician(house.bob)
    await house.services.access.request(
        other, RequestDraft("ct-01", InterventionKind.TELEMAINTENANCE, "SECRET-OF-OTHER", 30, plan=PLAIN)
    )
    request = await house.asked()
    browser = await comer(house.alice)
    for path in ("/supplier/", "/supplier/board", f"/supplier/requests/{request.id}"):
        page = (await browser.see(path)).text
        assert "SECRET-OF-OTHER" not in page
        assert "Bob" not in page
        assert "Other Lab" not in page


async def _shared(house):
    (view,) = await house.services.inventory.devices(house.staff(house.max), "ct-01")
    known = {name.name: getattr(view.device, name.name, None) for name in fields(DeviceForm)}
    known |= {"facility_code": "chu", "supplier_codes": ("acme", "other")}
    return DeviceForm(**known)


async def test_R47_what_he_owes_he_reads_and_accepts(comer, house):
    text = (await house.services.undertakings.versions(OPERATOR))[0]
    changed = await house.services.undertakings.publish(
        OPERATOR, text.text_fr + "\nEncore une ligne.", text.text_en + "\nOne line more."
    )
    browser = await comer(house.alice)
    assert "You owe the hospital" in (await browser.see("/supplier/")).text
    assert "One line more." in (await browser.see("/supplier/undertaking")).text
    assert (await browser.send("/supplier/undertaking", version=changed.version)).status_code == 422
    stale = await browser.send("/supplier/undertaking", version=changed.version - 1, agreed="yes")
    assert stale.status_code == 409
    assert (await browser.send("/supplier/undertaking", version=changed.version, agreed="yes")).status_code == 303
    assert "You owe the hospital" not in (await browser.see("/supplier/")).text
    accepted = await house.services.undertakings.of(OPERATOR, house.alice.id)
    assert accepted.acceptances[0].way is Way.WEB


async def test_his_keys_need_a_fresh_code_and_his_text_is_inert(comer, house):
    stale = await comer(house.alice, fresh=False)
    line = public_line()
    refused = await stale.send("/supplier/account/keys", key=line, label="laptop")
    assert refused.status_code == 403
    assert line in refused.text
    browser = await comer(house.alice)
    assert (await browser.send("/supplier/account/keys", key=line, label=HOSTILE)).status_code == 303
    page = (await browser.see("/supplier/account")).text
    assert "<script>window" not in page
    assert "&lt;script&gt;" in page
    (key,) = [k for k in (await house.services.portal.account(house.technician())).keys if k.public in line]
    assert (await browser.send(f"/supplier/account/keys/{key.id}/remove")).status_code == 303
    assert key.fingerprint not in (await browser.see("/supplier/account")).text


async def test_the_language_is_his_and_comes_back_to_the_page(comer, house):
    browser = await comer(house.alice)
    answer = await browser.send("/supplier/account/language", language="fr", back="/supplier/undertaking")
    assert answer.headers["location"] == "/supplier/undertaking"
    assert "Mes interventions" in (await browser.see("/supplier/")).text
    away = await browser.send("/supplier/account/language", language="fr", back="//evil")
    assert away.headers["location"] == "/supplier/"


async def test_R25_what_is_usual_on_the_model_fills_the_form_in(comer, house):
    made = await a_template(house)
    browser = await comer(house.alice)
    assert "Yearly update" in (await browser.see("/supplier/requests/new?device=ct-01")).text
    filled = (await browser.send("/supplier/requests/fill", **ASK, fill=made.id, work_order="WO-9")).text
    for said in ("restore the image", "WO-9", f'name="template" value="{made.id}"'):
        assert said in filled, said
    asked = await browser.send("/supplier/requests/new", **ASK, reason="update", template=made.id)
    assert asked.status_code == 303
    (view,) = await house.services.asked.search(house.technician())
    assert view.request.template_id == made.id
    other = await comer(house.bob)
    assert "Yearly update" not in (await other.see("/supplier/requests/new?device=ct-01")).text
    assert "restore" not in (await other.send("/supplier/requests/fill", **ASK, fill=made.id)).text


async def test_he_asks_for_several_devices_at_once_and_takes_all_back(comer, house):
    await more_devices(house)
    browser = await comer(house.alice)
    assert 'name="others" value="ct-02"' in (await browser.see("/supplier/requests/new")).text
    refused = await browser.send("/supplier/requests/new", **ASK, reason="look at it", others=["ct-02", "nothing"])
    assert (refused.status_code, "Choose devices from the list." in refused.text) == (422, True)
    asked = await browser.send("/supplier/requests/new", **ASK, reason="look at it", others=["ct-02", "ct-03"])
    path = asked.headers["location"]
    page = (await browser.see(path)).text
    assert "Asked together" in page
    assert "Take all 3 back" in plain(page)
    (view, *_) = await house.services.asked.search(house.technician())
    assert plain((await browser.see("/supplier/board")).text).count(f"together {view.request.batch_ref}") == 3
    other = await comer(house.bob)
    assert (await other.send(f"{path}/withdraw-all")).status_code == 404
    assert (await browser.send(f"{path}/withdraw-all")).headers["location"] == path
    assert (await browser.send(f"{path}/withdraw-all")).status_code == 409


async def test_what_nobody_decided_on_in_time_says_so_on_both_sides(comer, visitor, house, monkeypatch):
    request = await house.asked()
    then = request.expires_at
    monkeypatch.setattr(clock, "now", lambda: then)
    theirs = await (await comer(house.alice)).see(f"/supplier/requests/{request.id}")
    ours = await (await visitor().enter(house.eve)).see(f"/requests/{request.id}")
    assert "or ask again" in theirs.text
    assert "Whoever asked was told" in ours.text


async def test_T33_the_parts_of_a_work_lead_to_each_other_as_far_as_each_sees_them(comer, house):
    carol = await colleague(house, "carol", "Carol Blanc")
    (first, passed, longer), _record = await in_three_parts(house, carol)
    hers = await comer(carol)
    for one, other in ((passed, longer), (longer, passed)):
        page = (await hers.see(f"/supplier/requests/{one.id}")).text
        assert f'href="/supplier/requests/{other.id}"' in page
        assert first.id not in page
    await house.services.company.name_correspondent(OPERATOR, house.alice.id, named=True)
    speaker = await comer(house.alice)
    assert passed.id not in (await speaker.see(f"/supplier/requests/{first.id}")).text
    for one, other in ((first, passed), (passed, first)):
        page = (await speaker.see(f"/supplier/company/requests/{one.id}")).text
        assert f'href="/supplier/company/requests/{other.id}"' in page


async def test_R27_an_emergency_is_marked_with_who_called_wherever_he_sees_it(comer, house):
    browser = await comer(house.alice)
    request = await house.asked(emergency=Call("<b>Dr Roux</b>", "", "4512"))
    called = "&lt;b&gt;Dr Roux&lt;/b&gt; called Alice Martin"
    for _ in ("it waits", "it is open"):
        board = (await browser.see("/supplier/board")).text
        assert (board.count(called), "Emergency" in plain(board)) == (1, True)
        page = (await browser.see(f"/supplier/requests/{request.id}")).text
        assert "&lt;b&gt;Dr Roux" in page
        assert "Emergency" in plain(page)
        if not request.grant_id:
            request = await house.services.approvals.approve(
                house.staff(house.eve), request.id, request.version, 60, "go"
            )
    await house.services.approvals.revoke(house.staff(house.eve), request.grant_id, "it works again")
    assert "Emergency" in plain((await browser.see("/supplier/board")).text)
    assert "Emergency" not in plain((await browser.see(f"/supplier/requests/{(await house.asked()).id}")).text)


async def test_devices_of_a_hospital_whose_review_keeps_him_out_are_not_offered_to_him(comer, house):
    await more_devices(house)
    await say(house, house.staff(house.eve), await begun(house, 10, "chu"), WITHDRAWN, "has changed job")
    page = (await (await comer(house.alice)).see("/supplier/requests/new")).text
    assert set(re.findall(r'<option value="(ct-0\d)"', page)) == {"ct-03"}
    assert "Nothing is offered of CHU Demo: a review of access rights has not confirmed you there." in page
