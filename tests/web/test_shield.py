"""What stands before every route."""

import asyncio

import pytest

from bastion.config import Settings
from tests.web.chromium import listening
from tests.web.visitor import HOST, Visitor
from web import live
from web.app import create, page_routes
from web.security import COOKIE
from web.shield import CSP, CSP_PLAYER, MAX_BODY

FORMS = sorted(path for method, path in page_routes() if method == "POST")


FOREIGN = (
    {}, {"origin": "https://evil.test"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "none"},
    {"origin": f"https://{HOST}", "sec-fetch-site": "cross-site"},
    {"origin": f"https://{HOST}.evil.test", "sec-fetch-site": "same-origin"},
    {"origin": "https://evil.test", "sec-fetch-site": "same-origin"},
)  # fmt: skip


async def test_T29_a_form_that_did_not_come_from_our_own_page_is_refused(visitor, people):
    browser = await visitor().enter(people["approver"])
    for headers in FOREIGN:
        assert (await browser.ask("POST", "/sign-out", **headers)).status_code == 403, headers
    assert (await browser.see("/")).status_code == 200, "and did nothing"


async def test_T29_every_form_there_is_refuses_a_foreign_origin(visitor):
    browser = visitor()
    for path in FORMS:
        answer = await browser.ask("POST", path.replace("{ident}", "x"), origin="https://evil.test")
        assert answer.status_code == 403, path


async def test_T29_every_unsafe_method_is_looked_at(visitor):
    browser = visitor()
    for method in ("PUT", "PATCH", "DELETE", "FROB"):
        assert (await browser.ask(method, "/sign-out", **{"sec-fetch-site": "cross-site"})).status_code == 403, method


@pytest.mark.parametrize("headers", [{"origin": f"https://{HOST}"}, {"sec-fetch-site": "same-origin"}])
async def test_our_own_form_passes_also_from_an_old_browser(visitor, people, headers):
    browser = await visitor().enter(people["approver"])
    assert (await browser.ask("POST", "/sign-out", **headers)).status_code == 303


async def test_T29_a_page_does_not_take_an_authorization_header_for_a_cookie(visitor, people):
    """A request with its own `Authorization` passes the origin check, so no page may know anybody by it."""
    answer = await visitor().ask("POST", "/sign-out", authorization="Bearer x", origin="https://evil.test")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


async def test_every_answer_is_headed(visitor):
    browser = visitor()
    for path in ("/sign-in", "/nothing", "/health", "/static/mark.svg", "/"):
        answer = await browser.see(path)
        assert answer.headers["content-security-policy"] == CSP, path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["x-frame-options"] == "DENY", path
        assert answer.headers["referrer-policy"] == "same-origin", path
        assert "max-age" in answer.headers["strict-transport-security"], path


async def test_pages_are_not_kept_and_built_assets_are(visitor, people):
    browser = await visitor().enter(people["approver"])
    page = await browser.see("/")
    assert page.headers["cache-control"] == "no-store"
    script = page.text.partition('src="/static/')[2].partition('"')[0]
    assert "immutable" in (await browser.see(f"/static/{script}")).headers["cache-control"]
    assert "immutable" not in (await browser.see("/static/mark.svg")).headers["cache-control"]


def test_T35_the_policy_lets_in_nothing_inline_and_nothing_from_elsewhere():
    assert "unsafe" not in CSP
    assert "default-src 'none'" in CSP
    assert "frame-ancestors 'none'" in CSP
    assert "http" not in CSP
    assert set(CSP_PLAYER.split()) - set(CSP.replace(";", " ; ").split()) >= {"'wasm-unsafe-eval';"}
    assert "'unsafe-inline'" not in CSP_PLAYER
    assert "'unsafe-eval'" not in CSP_PLAYER


async def test_a_stream_that_outlives_the_stop_is_cut_short_without_a_traceback(
    app, visitor, people, monkeypatch, caplog
):
    browser = await visitor().enter(people["approver"])
    held = asyncio.Event()

    async def deaf(_request):
        yield live.Word("resync")
        held.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(live, "words", deaf)
    async with listening(app) as address:
        host, port = address.removeprefix("http://").split(":")
        _reader, writer = await asyncio.open_connection(host, int(port))
        token = browser.client.cookies[COOKIE]
        writer.write(f"GET /live HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {COOKIE}={token}\r\n\r\n".encode())
        await asyncio.wait_for(held.wait(), 5)
    await asyncio.sleep(0.1)  # what was cancelled has its say
    writer.close()
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    assert "timeout graceful shutdown exceeded" in caplog.text, "the server did cut it"


async def test_a_body_beyond_the_limit_is_refused(visitor):
    headers = {"origin": f"https://{HOST}", "content-type": "application/x-www-form-urlencoded"}
    client = visitor().client
    answer = await client.post("/sign-in", content=b"login=" + b"a" * MAX_BODY, headers=headers)
    assert answer.status_code == 413

    async def endless():
        for _ in range(MAX_BODY // 1024 + 2):
            yield b"a" * 1024

    assert (await client.post("/sign-in", content=endless(), headers=headers)).status_code == 413


async def test_without_tls_nothing_is_promised_of_it(app, house):
    plain = Visitor(app, house)
    answer = await plain.client.get(f"http://{HOST}/sign-in")
    assert "strict-transport-security" not in answer.headers


async def test_behind_a_proxy_the_configured_address_is_our_own_too(house, people, tmp_path):
    app = create(house.services, Settings(home=tmp_path, web_url="https://bastion.chu.example"))
    browser = await Visitor(app, house).enter(people["approver"])
    foreign = await browser.ask("POST", "/sign-out", origin="https://chu.example")
    assert foreign.status_code == 403
    assert (await browser.ask("POST", "/sign-out", origin="https://bastion.chu.example")).status_code == 303


@pytest.mark.parametrize("path", ["/sign-in", "/supplier/sign-in"])
async def test_a_form_that_is_too_large_is_said_so_and_is_no_fault_of_ours(visitor, capsys, path):
    """A stranger fills no log with it, and no memory: nothing of it is read."""
    headers = {"origin": f"https://{HOST}", "content-type": "application/x-www-form-urlencoded"}
    answer = await visitor().client.post(path, content=b"login=" + b"x" * MAX_BODY, headers=headers)
    assert answer.status_code == 413
    assert answer.text == "What you sent is too large. Shorten it and try again.\n"
    assert "page failed" not in capsys.readouterr().out


async def test_a_form_that_is_too_large_is_said_so_in_the_readers_language(visitor):
    headers = {"origin": f"https://{HOST}", "accept-language": "fr-FR,fr;q=0.9"}
    answer = await visitor().client.post("/sign-in", content=b"login=" + b"x" * MAX_BODY, headers=headers)
    assert answer.status_code == 413
    assert " ".join(answer.text.split()) == "Votre envoi est trop volumineux. Raccourcissez-le et réessayez."
