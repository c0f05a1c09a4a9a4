"""The page behind a mail's link: all that is needed to decide on one request, and nothing else of the console."""

import html
import re
from datetime import timedelta

import pyotp
import pytest

from bastion import clock
from bastion.domain.emergency import Call
from bastion.domain.parties import Role
from bastion.domain.telling import Delivery, RecipientKind, Topic
from bastion.services.decision_links import mint
from bastion.services.people import StaffForm
from tests.services.house import OPERATOR, enrol
from tests.services.professionals import LABEL, a_professional, needing
from tests.web.visitor import speak
from web.views import Clockface

LENGTH = timedelta(minutes=30)


@pytest.fixture
async def eve(house, monkeypatch):
    """Eve's password, and her codes from the next one on."""
    password, totp = await enrol(house, house.eve)
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=60))
    return password, lambda offset=0: pyotp.TOTP(totp).at(clock.now(), counter_offset=offset)


async def link_to(house, request, person=None) -> str:
    """The secret of the link that a mail about this request would carry."""
    who, now = person or house.eve, clock.now()
    facts = {"request": request.id}
    told = Delivery("d", "k", Topic.REQUEST_WAITING, RecipientKind.STAFF, who.id, "", facts, "/", now, now)
    async with house.database.write() as uow:
        return await mint(uow, house.services.decisions, told, who, LENGTH, now)


def version(answer) -> str:
    return re.search(r'name="version" value="(\d+)"', answer.text)[1]


async def test_T34_a_link_is_opened_by_a_form_and_looking_changes_nothing(house, visitor):
    request = await house.asked()
    secret = await link_to(house, request)
    browser = visitor()
    for _ in range(3):  # a scanner that follows the link gets the same empty form, as does HEAD
        page = await browser.see("/decide")
        assert page.status_code == 200
        assert "data-from-address" in page.text
        assert request.reason not in page.text
        assert (await browser.ask("HEAD", "/decide")).status_code in {200, 405}
    shown = await browser.send("/decide", secret=f"https://bastion.test/decide#{secret}")
    assert shown.status_code == 200
    assert (await browser.send("/decide", secret=secret)).status_code == 200, "looking again is looking"
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["referrer-policy"] == "same-origin", "no other site hears of it, and # is never sent"
    assert not [name for name in shown.cookies if "bastion" in name], "it is no session"


async def test_the_page_shows_what_the_decision_page_shows_and_leads_nowhere_else(house, visitor):
    await house.services.threads.ask(house.staff(house.max), (request := await house.asked()).id, "Which tube?")
    browser = visitor()
    there = (await browser.send("/decide", secret=await link_to(house, request))).text
    console = (await (await visitor().enter(house.eve)).see(f"/requests/{request.id}")).text
    for fact in ("replace the tube", "Alice Martin", "Acme Imaging", "Scanner 1", "WO-1", "127.0.0.1", "Which tube?"):
        assert fact in there
        assert fact in console
    facts = [set(re.findall(r'<div class="fact"><dt>.*?</dt>', page, re.DOTALL)) for page in (there, console)]
    assert facts[0] == facts[1] != set()
    body = re.sub(r"<(?:link|script)[^>]*>", "", there)
    ways = set(re.findall(r'(?:href|action|formaction|hx-[a-z]+)="(/[^"]*)"', body))
    assert ways == {"/sign-in", "/decide/agree", "/decide/ask", "/decide/refuse"}
    for other in (f"/requests/{request.id}", "/", "/live", "/api/v1/requests", "/directory/devices"):
        assert (await browser.see(other)).status_code in {303, 401}, other


async def test_whoever_is_signed_in_at_this_browser_lends_the_page_nothing(house, visitor):
    """A shared desk: another's session neither adds a link nor stands for password and code."""
    request = await house.asked()
    secret = await link_to(house, request)
    browser = await visitor().enter(house.max)
    shown = await browser.send("/decide", secret=secret)
    assert "For Eve alone" in html.unescape(shown.text)
    assert 'href="/directory' not in shown.text
    form = {"secret": secret, "version": version(shown), "minutes": "60"}
    refused = await browser.send("/decide/agree", **form)
    assert refused.status_code == 401
    async with house.database.read() as uow:
        assert (await uow.requests.get(request.id)).approvals == ()


async def test_agreeing_takes_password_and_code_and_ends_on_a_page_that_says_so(house, visitor, eve):
    password, code = eve
    request = await house.asked()
    secret, browser = await link_to(house, request), visitor()
    shown = await browser.send("/decide", secret=secret)
    form = {"secret": secret, "version": version(shown), "minutes": "45", "note": "ring me before"}
    wrong = await browser.send("/decide/agree", **form, password="nonsense-canary", code=code())
    assert wrong.status_code == 401
    assert "ring me before" in wrong.text, "what was typed stays"
    beside = wrong.text.partition('id="code-wrong"')[2].partition("</label>")[0]
    assert "The password or the code is wrong. Wait for the next code" in beside
    assert "nonsense-canary" not in wrong.text
    done = await browser.send("/decide/agree", **form, password=password, code=code())
    assert (done.status_code, done.headers["location"]) == (303, "/decide/done")
    said = html.unescape((await browser.see("/decide/done")).text)
    assert "Agreed. The technician may connect." in said
    assert 'href="/sign-in"' in said
    assert (await browser.see(f"/requests/{request.id}")).status_code == 303, "still nobody is signed in"
    async with house.database.read() as uow:
        kept = await uow.requests.get(request.id)
    assert (kept.approvals[0].staff_name, kept.approvals[0].duration) == ("Eve", timedelta(minutes=45))


async def test_refusing_needs_a_reason_and_says_so_beside_the_field(house, visitor, eve):
    password, code = eve
    request = await house.asked()
    secret, browser = await link_to(house, request), visitor()
    form = {"secret": secret, "version": str(request.version), "password": password}
    silent = await browser.send("/decide/refuse", **form, code=code())
    assert silent.status_code == 422
    assert 'id="note-wrong"' in silent.text
    done = await browser.send("/decide/refuse", **form, code=code(), note="not on a Monday")
    assert done.headers["location"] == "/decide/done"
    assert (await house.event("request:denied")).fields["note"] == "not on a Monday"


async def test_conditions_and_a_later_start_are_taken_as_in_the_console(house, visitor, eve):
    password, code = eve
    request = await house.asked()
    secret, browser = await link_to(house, request), visitor()
    form = {"secret": secret, "version": str(request.version), "minutes": "30", "conditions": ["no_upload", "watcher"]}
    nonsense = await browser.send("/decide/agree", **form, password=password, code=code(), start="soon")
    assert nonsense.status_code == 422
    assert (await browser.send("/decide/agree", **form, password=password, code=code())).status_code == 303
    assert (await house.event("request:approved")).fields["conditions"] == "no_upload watcher"
    assert "somebody of the hospital must then follow the session" in (await browser.see("/decide/done")).text


async def test_whichever_button_is_refused_all_that_was_typed_beside_it_stays(house, visitor, people, eve):
    asked = house.draft(start=clock.now() + timedelta(hours=20))
    request = await house.services.access.request(house.technician(), asked)
    typed = {"version": "1", "minutes": "15", "conditions": "no_upload", "start": "2199-01-02T03:04", "note": "typed!"}
    link, console = visitor(), await visitor().enter(people["approver"])
    kept = ('value="15" checked', 'value="no_upload" checked', 'value="2199-01-02T03:04"', "typed!")
    secret = await link_to(house, request)
    for deed in ("agree", "refuse", "ask"):
        wrong = await link.send(
            f"/decide/{deed}", **typed, secret=secret, password="no", code="000000", question="Why?"
        )
        assert wrong.status_code in {401, 422}
        assert [one for one in (*kept, "Why?") if one not in wrong.text] == [], deed
    for deed in ("approve", "refuse", "approve-all", "refuse-all"):
        wrong = await console.send(f"/requests/{request.id}/{deed}", **typed, code="000000")
        assert wrong.status_code in {401, 422}
        assert [one for one in kept if one not in wrong.text] == [], deed


async def test_R27_that_he_did_not_call_stays_said_after_a_mistake(house, visitor):
    form = StaffForm("dweil", "Dora Weil", "d@chu", frozenset({Role.APPROVER}), ("chu",), "en")
    dora = await house.services.people.save_staff(OPERATOR, form)
    request = await house.asked(emergency=Call("Dora, biomed"))
    secret, browser = await link_to(house, request, dora), visitor()
    form = {"secret": secret, "version": str(request.version), "minutes": "30", "note": "not now", "code": "000000"}
    for deed, said in (("agree", ""), ("agree", "yes"), ("refuse", "yes")):
        wrong = await browser.send(f"/decide/{deed}", **form, password="nonsense", not_caller=said)
        assert wrong.status_code == 401
        assert ('name="not_caller" value="yes" required checked' in wrong.text) == bool(said), deed


@pytest.mark.parametrize("path", ["/decide", "/decide/agree", "/decide/refuse"])
async def test_T20_what_opens_nothing_says_one_sentence_and_where_to_sign_in(house, visitor, path):
    request = await house.asked()
    secret = await link_to(house, request)
    await house.services.approvals.deny(house.staff(house.max), request.id, request.version, "too late")
    for gone in (secret, "x" * 43, ""):
        answer = await visitor().send(path, secret=gone, version="1", minutes="30", note="why", password="x", code="1")
        assert answer.status_code == 401
        said = html.unescape(answer.text)
        assert said.count("This link opens nothing any more") == 1
        assert 'href="/sign-in"' in said
        assert request.reason not in said


async def test_T29_a_decision_from_another_site_is_refused(house, visitor):
    request = await house.asked()
    secret = await link_to(house, request)
    browser = visitor()
    answer = await browser.client.post(
        "/decide/agree", data={"secret": secret}, headers={"origin": "https://evil.test"}
    )
    assert answer.status_code == 403


async def test_the_reader_is_spoken_to_in_his_own_language(house, visitor):
    await speak(house, house.eve, "fr")
    request = await house.asked()
    shown = await visitor().send("/decide", secret=await link_to(house, request))
    assert '<html lang="fr">' in shown.text
    assert "Votre décision" in shown.text
    assert "Pour Eve seulement" in html.unescape(shown.text)


async def test_when_links_are_off_there_is_no_such_page(house, visitor):
    house.services.decision_links._length = timedelta()
    browser = visitor()
    assert [(await browser.see(path)).status_code for path in ("/decide", "/decide/done")] == [404, 404]
    for path in ("/decide", "/decide/agree", "/decide/refuse"):
        assert (await browser.send(path, secret="x", note="why", version="1", minutes="1")).status_code == 404


async def test_R25_a_question_is_asked_on_the_page_and_the_link_decides_afterwards(house, visitor, eve):
    password, code = eve
    request = await house.asked()
    secret, browser = await link_to(house, request), visitor()
    wrong = await browser.send("/decide/ask", secret=secret, question="Which tube?", password="no", code=code())
    assert wrong.status_code == 401
    assert "Which tube?" in wrong.text, "what was typed stays"
    sent = await browser.send("/decide/ask", secret=secret, question="Which tube?", password=password, code=code(1))
    assert sent.headers["location"] == "/decide/done?asked=1"
    assert "stays good" in (await browser.see("/decide/done?asked=1")).text
    (remark,) = await house.services.threads.of(house.technician(), request.id)
    assert remark.text == "Which tube?"
    assert "Which tube?" in (await browser.send("/decide", secret=secret)).text


async def test_R35_more_time_by_a_link_is_told_from_the_old_end(house, visitor, eve):
    password, code = eve
    grant = (await house.opened()).grant
    more = await house.services.access.extend(house.technician(), grant.id, 15, "not finished")
    old, new = (Clockface("en", clock.now()).time(one) for one in (grant.end, grant.end + timedelta(minutes=15)))
    secret, browser = await link_to(house, more), visitor()
    shown = await browser.send("/decide", secret=secret)
    page = html.unescape(shown.text)
    assert f"+15 min: {old} → {new}" in page
    assert "This prolongs an authorisation that runs already." in page
    assert "if you agree now" not in page
    assert "/sessions/" not in page, "a link leads nowhere else"
    form = {"secret": secret, "version": version(shown), "minutes": "15", "password": password, "code": code()}
    assert (await browser.send("/decide/agree", **form)).status_code == 303
    said = html.unescape((await browser.see("/decide/done")).text)
    assert f"Extended until {new}." in said
    assert "may connect" not in said


async def test_R38_behind_a_link_it_is_said_who_answers_no_longer_and_nothing_leads_into_the_console(house, visitor):
    one = await a_professional(house)
    request = await house.asked(plan=needing())
    await house.services.professionals.retire(OPERATOR, one.id)
    answer = await visitor().send("/decide", secret=await link_to(house, request))
    assert answer.status_code == 200
    assert f"{LABEL} does not answer for patient data at that time: nobody can agree to this request." in answer.text
    assert "/directory/" not in answer.text
