"""The suppliers' sign-in and what an invitation's link opens, as a browser meets them."""

import re

import pyotp
import pytest

from bastion import clock
from bastion.config import Settings
from bastion.domain.lock import LockScope
from bastion.services.invitations import Answers
from tests.services.house import OPERATOR, PASSWORD, SOURCE, public_line, set_up
from tests.web.visitor import HOST, Visitor
from web.app import create
from web.portal.app import alone
from web.portal.security import COOKIE
from web.security import COOKIE as CONSOLE

DOOR = "/supplier/sign-in"


def code_of(secret: str, step: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.now(), counter_offset=step)


@pytest.fixture
async def totp(house) -> str:
    return await set_up(house, house.alice)


async def test_T27_signing_in_sets_one_cookie_of_its_own(comer, totp):
    browser = await comer()
    assert (await browser.see("/supplier/")).headers["location"] == DOOR
    answer = await browser.send(DOOR, login="alice", password=PASSWORD, code=code_of(totp), next="/supplier/account")
    assert answer.headers["location"] == "/supplier/account"
    (cookie,) = [c for c in answer.headers.get_list("set-cookie") if c.startswith(COOKIE)]
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert "Alice Martin" in (await browser.see("/supplier/account")).text


async def test_R16_a_suppliers_cookie_opens_no_page_of_the_hospitals(comer, house):
    browser = await comer(house.alice)
    assert (await browser.see("/supplier/")).status_code == 200
    stolen = browser.client.cookies[COOKIE]
    browser.client.cookies.set(CONSOLE, stolen, domain=HOST)
    for path in ("/", "/directory/technicians", "/audit", "/requests"):
        answer = await browser.see(path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")
    api = await browser.ask("GET", "/api/v1/me", authorization=f"Bearer {stolen}")
    assert api.status_code == 401


async def test_R16_a_hospitals_cookie_opens_no_page_of_the_suppliers(visitor, people):
    browser = await visitor().enter(people["admin"])
    browser.client.cookies.set(COOKIE, browser.client.cookies[CONSOLE], domain=HOST)
    assert (await browser.see("/supplier/")).headers["location"] == DOOR
    assert (await browser.send("/supplier/account/language", language="fr")).status_code == 303


@pytest.mark.parametrize(
    "onward", ["//evil", "/\\evil", "javascript:x", "https://evil/supplier/", "/requests", "/supplierx", "", "\\evil"]
)
async def test_T26_no_way_leads_out_of_this_door(comer, totp, onward):
    browser = await comer()
    answer = await browser.send(DOOR, login="alice", password=PASSWORD, code=code_of(totp), next=onward)
    assert answer.headers["location"] == "/supplier/"


async def test_T29_another_site_can_send_no_form(comer, house):
    browser = await comer(house.alice)
    for headers in ({"origin": "https://evil"}, {"sec-fetch-site": "cross-site"}, {}):
        answer = await browser.client.post("/supplier/account/language", data={"language": "fr"}, headers=headers)
        assert answer.status_code == 403


async def test_who_is_refused_reads_one_sentence_and_after_both_factors_the_reason(comer, house, totp):
    browser = await comer()
    wrong = await browser.send(DOOR, login="alice", password="wrong horse battery", code="000000")
    assert wrong.status_code == 401
    assert "The login, the password or the code is wrong." in wrong.text
    await house.services.locks.impose(OPERATOR, LockScope.SUPPLIER, "acme", "intrusion at Acme")
    cut = await browser.send(DOOR, login="alice", password=PASSWORD, code=code_of(totp))
    assert cut.status_code == 423
    assert "intrusion at Acme" in cut.text


async def test_T33_a_used_code_is_told_to_wait_in_the_words_of_every_other_refusal(comer, totp):
    code = code_of(totp)
    assert (await (await comer()).send(DOOR, login="alice", password=PASSWORD, code=code)).status_code == 303
    said = set()
    for login, password, typed in (
        ("alice", PASSWORD, code), ("alice", PASSWORD, "000000"), ("alice", "wrong horse battery", code),
        ("nobody", PASSWORD, code),
    ):  # fmt: skip
        refused = await (await comer()).send(DOOR, login=login, password=password, code=typed)
        assert refused.status_code == 401
        said.add(re.sub(r'(value|data-now)="[^"]*"', "", refused.text))
    (page,) = said
    assert "Wait for the next code, then try again." in page
    assert " key " not in page.partition('role="alert"')[2].partition("</div>")[0]


async def test_a_cut_ends_the_session_of_an_open_page(comer, house):
    browser = await comer(house.alice)
    assert (await browser.see("/supplier/")).status_code == 200
    await house.services.locks.impose(OPERATOR, LockScope.TECHNICIAN, "alice", "telephone stolen")
    assert (await browser.see("/supplier/")).headers["location"] == DOOR


async def test_T25_signing_out_ends_the_session_itself(comer, house):
    browser = await comer(house.alice)
    token = browser.client.cookies[COOKIE]
    assert (await browser.send("/supplier/sign-out")).headers["location"] == DOOR
    browser.client.cookies.set(COOKIE, token, domain=HOST)
    assert (await browser.see("/supplier/")).status_code == 303


# -- the link ----------------------------------------------------------------------------------------------------------
async def test_T34_the_links_secret_is_in_no_address_that_a_server_sees(visitor, people, house):
    browser = await visitor().enter(people["admin"])
    page = (await browser.send(f"/directory/technicians/{house.alice.id}/invite")).text
    (link,) = re.findall(r'id="link"[^>]*>([^<]+)<', page)
    address, _, secret = link.partition("#")
    assert address == f"https://{HOST}/supplier/welcome"
    assert len(secret) == 43
    assert "link sent" in (await browser.see(f"/directory/technicians/{house.alice.id}")).text


async def test_a_link_is_pasted_or_followed_and_sets_everything_up(comer, house):
    link = await house.services.invitations.invite(OPERATOR, house.bob.id)
    browser = await comer()
    assert (await browser.see("/supplier/welcome")).status_code == 200
    page = await browser.send("/supplier/welcome", secret=f"https://{HOST}/supplier/welcome#{link}")
    assert "Welcome, Bob Petit" in page.text
    secret = re.search(r'id="totp"[^>]*>([^<]+)<', page.text)[1].replace(" ", "")
    form = {"secret": link, "password": PASSWORD, "again": PASSWORD, "code": code_of(secret), "label": "<b>"}
    bad = await browser.send("/supplier/welcome/finish", **form, key="command=x ssh-ed25519 AAAA")
    assert bad.status_code == 422
    assert "&lt;b&gt;" in bad.text
    assert (await browser.send("/supplier/welcome/finish", **form, key="")).status_code == 422
    done = await browser.send("/supplier/welcome/finish", **form, key=public_line())
    assert done.headers["location"] == DOOR
    entered = await browser.send(DOOR, login="bob", password=PASSWORD, code=code_of(secret, 1))
    assert entered.headers["location"] == "/supplier/"


async def test_T20_a_used_link_says_one_clear_sentence_also_half_way(comer, house):
    link = await house.services.invitations.invite(OPERATOR, house.alice.id)
    secret = pyotp.parse_uri((await house.services.invitations.look(link, SOURCE)).authenticator).secret
    given = Answers(PASSWORD, code_of(secret))
    await house.services.invitations.accept(link, given, SOURCE)
    browser = await comer()
    form = {"secret": link, "password": PASSWORD, "again": PASSWORD, "code": code_of(secret, 1), "key": public_line()}
    for path in ("/supplier/welcome", "/supplier/welcome/finish"):
        answer = await browser.send(path, **form)
        assert answer.status_code == 401
        assert "This link opens nothing" in answer.text
        assert "otpauth" not in answer.text
    assert (await house.event("auth:failed")).fields["why"] == "used"


# -- the application ---------------------------------------------------------------------------------------------------
async def test_the_door_may_be_switched_off(house, tmp_path):
    browser = Visitor(create(house.services, Settings(home=tmp_path, portal=False)), house)
    assert (await browser.see(DOOR)).status_code == 404
    assert (await browser.see("/sign-in")).status_code == 200


async def test_served_alone_there_is_nothing_of_the_hospitals(house, tmp_path):
    browser = Visitor(alone(house.services, Settings(home=tmp_path, language="en")), house)
    assert (await browser.see("/")).headers["location"] == "/supplier/"
    page = await browser.see(DOOR)
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "The hospital’s staff sign in elsewhere." in page.text
    assert (await browser.see("/health")).text == "ok\n"
    for path in ("/sign-in", "/api/v1/openapi.json", "/audit", "/setup"):
        assert (await browser.see(path)).status_code == 404
    refused = await browser.client.post(DOOR, data={"login": "x"}, headers={"origin": "https://evil"})
    assert refused.status_code == 403
