"""Before anybody is signed in."""

import html
import re

import pyotp
import pytest

from bastion import clock
from bastion.config import Settings
from tests.services.house import OPERATOR
from tests.web.visitor import Visitor
from web.app import create
from web.render import secret_of


async def test_the_language_of_the_door_is_chosen_there_and_remembered(visitor):
    browser = visitor()
    french = await browser.see("/sign-in?lang=fr")
    assert "Se connecter" in french.text
    assert '<html lang="fr">' in french.text
    assert "Se connecter" in (await browser.see("/sign-in")).text
    assert "Sign in" in (await browser.see("/sign-in?lang=en")).text


@pytest.mark.parametrize("path", ["/sign-in", "/setup", "/supplier/sign-in", "/supplier/welcome"])
async def test_the_first_pages_are_in_the_browser_s_language_until_another_is_chosen(visitor, path):
    for header, language in (("fr-CA,en;q=0.5", "fr"), ("fr;q=0.1,en-GB;q=0.9", "en")):
        page = (await visitor().see(path, **{"accept-language": header})).text
        assert f'<html lang="{language}">' in page
        assert f'href="{path}?lang={"en" if language == "fr" else "fr"}"' in page


async def test_who_sets_himself_up_changes_the_language_and_keeps_what_his_link_opens(house, visitor):
    """The secret is in no address, so a link would lose it."""
    secret = await house.services.enrolment.invite(OPERATOR, house.eve.id)
    link = await house.services.invitations.invite(OPERATOR, house.alice.id)
    for path, said in (("/setup", secret), ("/supplier/welcome", link)):
        browser = visitor()
        shown = (await browser.send(path, secret=said)).text
        assert f'form="finish" formaction="{path}?lang=fr"' in shown
        assert f'href="{path}?lang=' not in shown
        french = (await browser.send(f"{path}?lang=fr", secret=said)).text
        assert '<html lang="fr">' in french
        assert f'name="secret" value="{said}"' in french
        assert '<html lang="fr">' in (await browser.see(path)).text, "and it stays"


async def test_each_door_shows_the_way_to_the_other_and_none_to_one_that_is_closed(house, tmp_path, visitor):
    browser = visitor()
    assert '<a href="/supplier/sign-in">' in (await browser.see("/sign-in")).text
    assert '<a href="/sign-in">' in (await browser.see("/supplier/sign-in")).text
    closed = Visitor(create(house.services, Settings(home=tmp_path, portal=False)), house)
    assert "/supplier/sign-in" not in (await closed.see("/sign-in")).text
    elsewhere = Settings(home=tmp_path, portal=False, portal_url="https://acces.chu.example/")
    away = Visitor(create(house.services, elsewhere), house)
    assert '<a href="https://acces.chu.example/supplier/sign-in">' in (await away.see("/sign-in")).text


async def test_T51_an_invitation_leads_to_a_password_and_an_authenticator(house, visitor):
    secret = await house.services.enrolment.invite(OPERATOR, house.eve.id)
    browser = visitor()
    assert "I have a one-time secret" in (await browser.see("/sign-in")).text
    spent = await browser.send("/setup", secret="guess")
    assert spent.status_code == 401
    assert "This one-time secret opens nothing" in spent.text
    shown = await browser.send("/setup", secret=f" {secret} ")
    assert "Welcome, Eve" in shown.text
    assert "<svg" in shown.text.partition('class="qr"')[2]
    totp = re.search(r'id="totp"[^>]*>([A-Z2-7 ]+)<', shown.text)[1].replace(" ", "")
    password = "seven lazy gulls over port"
    form = {"secret": secret, "password": password, "again": password}
    differing = await browser.send("/setup/finish", **form | {"again": "other"}, code="000000")
    assert differing.status_code == 422
    assert "Welcome, Eve" in differing.text, "the form comes back with the same secret to scan"
    assert totp in differing.text.replace(" ", "")
    wrong = await browser.send("/setup/finish", **form, code="000000")
    assert wrong.status_code == 401
    assert "The code does not match." in wrong.text
    assert "Sign-in failed" not in wrong.text
    code = pyotp.TOTP(totp).at(clock.now())
    assert (await browser.send("/setup/finish", **form, code=code)).headers["location"] == "/sign-in"
    assert (await browser.send("/setup", secret=secret)).status_code == 401, "once"
    following = pyotp.TOTP(totp).at(clock.now(), counter_offset=1)
    entered = await browser.send("/sign-in", login=" Eve", password=password, code=following)
    assert entered.status_code == 303


async def test_nothing_secret_is_given_back_after_a_mistake(house, visitor):
    browser = visitor()
    answer = await browser.send("/sign-in", login="eve", password="my secret sentence", code="123456")
    assert "my secret sentence" not in answer.text
    assert "123456" not in answer.text
    assert 'value="eve"' in answer.text


async def test_T28_too_many_attempts_are_told_to_wait_and_another_address_is_not(house, visitor):
    browser = visitor()
    for _ in range(5):
        await browser.send("/sign-in", login="eve", password="x", code="1")
    answer = await browser.send("/sign-in", login="eve", password="x", code="1")
    assert answer.status_code in {401, 429}
    assert "Wait 15 minutes" in html.unescape((await browser.send("/sign-in", login="eve", password="x")).text)


async def test_the_sign_of_life(visitor):
    answer = await visitor().see("/health")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_a_secret_is_written_in_groups():
    assert secret_of("otpauth://totp/Bastion:eve?secret=ABCDEFGHIJ&issuer=Bastion") == "ABCD EFGH IJ"
    assert secret_of("") == ""
