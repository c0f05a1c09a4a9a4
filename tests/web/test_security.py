"""Signing in, staying in, getting out; and no way round by a path (T25–T28)."""

import pyotp
import pytest

from bastion.domain.parties import Role
from bastion.services.people import StaffForm
from tests.services.house import OPERATOR, enrol
from tests.web.visitor import HOST
from web.security import COOKIE, local_path


@pytest.mark.parametrize("address", [
    "//evil.test", "https://evil.test", "javascript:alert(1)", "\\\\evil.test", "/\\evil.test", "/\t/evil.test",
    "/\n/evil.test", "", "evil.test", " //evil.test", "/\x00", "http:/evil.test", "///evil.test",
])  # fmt: skip
def test_T26_only_paths_of_this_console_are_returned_to(address):
    assert local_path(address) == "/"


@pytest.mark.parametrize("address", ["/", "/requests/1?at=2", "/audit?text=%2F%2Fevil"])
def test_T26_own_paths_are_kept(address):
    assert local_path(address) == address


async def test_T26_signing_in_with_a_hostile_next_leads_home(house, visitor, people):
    browser = await visitor().enter(people["approver"])
    answer = await browser.see("/sign-in?next=//evil.test")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_T27_the_cookie_is_bound_to_this_host_and_out_of_reach(house, visitor):
    browser = visitor()
    password, totp = await enrol(house, house.eve, at=None)
    async with house.database.write() as uow:
        await uow.totp_uses.forget(2**40)
    answer = await browser.send("/sign-in", login="eve", password=password, code=pyotp.TOTP(totp).now(), next="/audit")
    assert (answer.status_code, answer.headers["location"]) == (303, "/audit")
    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith(COOKIE))
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert COOKIE.startswith("__Host-")
    assert parts == {"path=/", "secure", "httponly", "samesite=strict"}


async def test_a_failed_sign_in_says_one_sentence_for_every_cause(house, visitor):
    browser = visitor()
    tries = [
        {"login": "eve", "password": "x"},
        {"login": "nobody", "password": "x"},
        {"login": "\x00", "code": "1"},
        {},
    ]
    answers = [await browser.send("/sign-in", **form) for form in tries]
    assert {answer.status_code for answer in answers} == {401}
    said = {answer.text.partition('role="alert"')[2].partition("</div>")[0] for answer in answers}
    assert len(said) == 1
    assert "The login, the password or the code is wrong. Wait for the next code" in said.pop()


async def test_T25_signing_out_ends_the_session_at_once(visitor, people):
    browser = await visitor().enter(people["approver"])
    cookie = browser.client.cookies[COOKIE]
    assert (await browser.send("/sign-out")).headers["location"] == "/sign-in"
    browser.client.cookies.set(COOKIE, cookie, domain="bastion.test")
    assert (await browser.see("/")).headers["location"] == "/sign-in"


async def test_T25_a_changed_role_ends_the_session(house, visitor, people):
    browser = await visitor().enter(people["approver"])
    person = people["approver"]
    form = StaffForm(person.login, person.name, person.email, frozenset({Role.AUDITOR}), (), "en", id=person.id)
    await house.services.people.save_staff(OPERATOR, form)
    assert (await browser.see("/")).status_code == 303


async def test_T25_a_disabled_person_is_out(house, visitor, people):
    browser = await visitor().enter(people["approver"])
    person = people["approver"]
    form = StaffForm(person.login, person.name, person.email, person.roles, (), "en", active=False, id=person.id)
    await house.services.people.save_staff(OPERATOR, form)
    assert (await browser.see("/requests")).headers["location"] == "/sign-in?next=%2Frequests"


async def test_a_fragment_asked_for_without_a_session_leads_the_page_to_the_door(visitor):
    answer = await visitor().see("/board", **{"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in?next=%2Fboard")
    assert answer.text == ""


async def test_T28_no_spelling_of_a_path_gets_round_the_guard(visitor, people):
    nobody, approver = visitor(), await visitor().enter(people["approver"])
    for path in (
        "//audit",
        "/%61udit",
        "/audit;x",
        "/AUDIT",
        "/audit/",
        "/./audit",
        "/x/../audit",
        "/audit%00",
        "/audit%2f",
    ):
        for browser in (nobody, approver):
            answer = await browser.see(f"https://{HOST}{path}")
            assert answer.status_code in {303, 403, 404}, path
            assert "seq" not in answer.text
            assert "Verify the chain" not in answer.text


async def test_T28_other_methods_are_refused(visitor, people):
    admin = await visitor().enter(people["admin"])
    for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"):
        answer = await admin.ask(method, "/audit", **{"sec-fetch-site": "same-origin"})
        assert answer.status_code == 405, method


async def test_a_cookie_of_somebody_else_or_of_nonsense_is_nobody(visitor):
    for value in ("x", "", "a" * 5000, "%00"):
        browser = visitor()
        browser.client.cookies.set(COOKIE, value, domain="bastion.test")
        assert (await browser.see("/")).headers["location"] == "/sign-in"
