"""Errors become one clear sentence, whatever asked and whoever."""

import pytest

from bastion.errors import Unavailable


async def test_what_does_not_exist_has_a_page_that_says_so(visitor, people):
    browser = await visitor().enter(people["approver"])
    answer = await browser.see("/no/such/page")
    assert answer.status_code == 404
    assert "There is nothing here under that name" in answer.text


async def test_what_is_not_for_one_says_who_can_help(visitor, people):
    answer = await (await visitor().enter(people["approver"])).see("/audit")
    assert answer.status_code == 403
    assert "Ask an administrator" in answer.text


async def test_an_error_is_in_the_readers_language(visitor):
    assert "Rien ici" in (await visitor().client.get("/x", headers={"accept-language": "fr"})).text


async def test_a_fragment_that_fails_is_a_sentence_and_not_a_page(visitor, people):
    browser = await visitor().enter(people["approver"])
    answer = await browser.see("/requests/none", **{"hx-request": "true"})
    assert answer.status_code == 404
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text


async def test_records_that_are_away_are_said_to_be(visitor, people, house, monkeypatch):
    browser = await visitor().enter(people["approver"])

    async def away(*_args):
        raise Unavailable("database is gone")

    monkeypatch.setattr(type(house.services.locks), "view", away)
    answer = await browser.see("/")
    assert answer.status_code == 503
    assert "Try again in a minute" in answer.text
    assert "database is gone" not in answer.text


async def test_our_own_fault_tells_a_stranger_nothing(visitor, people, house, monkeypatch):
    browser = await visitor().enter(people["approver"])

    async def broken(*_args, **_more):
        raise RuntimeError("canary detail")

    monkeypatch.setattr(type(house.services.supervision), "live", broken)
    answer = await browser.see("/")
    assert answer.status_code == 500
    assert "canary detail" not in answer.text
    assert "Traceback" not in answer.text
    assert "is in the log" in answer.text
    assert answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/redoc"])
async def test_the_pages_describe_themselves_to_nobody(visitor, path):
    assert (await visitor().see(path)).status_code == 404


async def test_static_files_do_not_leave_their_folder(visitor):
    browser = visitor()
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd", "/static"):
        answer = await browser.client.get(f"https://bastion.test{path}")
        assert answer.status_code in {404, 405}, path
        assert "create" not in answer.text
