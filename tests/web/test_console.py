"""The three ways a page answers: itself, a redirect, the form again."""

from web.console import Typed, go
from web.labels import FLASHES
from web.render import SAID


def test_a_field_that_was_not_sent_is_empty():
    typed = Typed(login="eve")
    assert (typed.login, typed.nothing, typed["none"]) == ("eve", "", "")


def test_a_redirect_after_a_form_carries_a_word_once():
    answer = go("/requests/1", "approved")
    assert (answer.status_code, answer.headers["location"]) == (303, "/requests/1")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"{SAID.lower()}=approved;")
    assert {"secure", "httponly", "samesite=strict", "max-age=60"} <= {part.strip() for part in cookie.split(";")}
    assert "set-cookie" not in go("/").headers


async def test_only_our_own_words_are_spoken(visitor, people):
    browser = await visitor().enter(people["approver"])
    browser.client.cookies.set(SAID, "<b>owned</b>", domain="bastion.test")
    page = (await browser.see("/")).text
    assert "owned" not in page
    browser.client.cookies.set(SAID, "saved", domain="bastion.test")
    assert FLASHES["saved"] in (await browser.see("/")).text


async def test_what_the_next_page_says_is_not_taken_by_one_that_reads_itself_again(visitor, people):
    browser = await visitor().enter(people["approver"])
    browser.client.cookies.set(SAID, "saved", domain="bastion.test")
    part = await browser.see("/", **{"hx-request": "true"})
    assert "set-cookie" not in part.headers
    assert FLASHES["saved"] not in part.text
    assert FLASHES["saved"] in (await browser.see("/")).text
    assert FLASHES["saved"] not in (await browser.see("/")).text


async def test_an_error_gives_its_status_and_is_announced(visitor, people):
    browser = await visitor().enter(people["approver"])
    answer = await browser.send("/account/language", language="de")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "Choose French or English." in answer.text
