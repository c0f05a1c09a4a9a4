"""Whatever is sent, a person is told what was wrong, a program gets a problem document, and nothing falls over."""

import json
from collections import Counter
from urllib.parse import quote, quote_from_bytes

import httpx2
import pytest
from fastapi import APIRouter

from bastion import clock
from bastion.domain.parties import Role
from bastion.services.actors import staff_actor
from bastion.services.people import StaffForm
from tests.services.house import OPERATOR, SOURCE
from tests.web import bad_input, matrix
from tests.web.bad_input import TEXTS, VALUES
from web.api.bearer import PREFIX
from web.api.router import router as api_router
from web.app import PAGES

LEAVES = {"/sign-out", "/account/password"}
"""Forms that end the session they come from."""
STREAMS = {"/live"}


@pytest.fixture
async def everybody(house):
    """Somebody with every duty: no guard stands before what is tried."""
    form = StaffForm("all", "All Duties", "all@chu", frozenset(Role), (), "en")
    return await house.services.people.save_staff(OPERATOR, form)


def encoded(form: dict[str, str]) -> bytes:
    return b"&".join(quote(name).encode() + b"=" + quote_from_bytes(bad_input.encodable(value)).encode()
                     for name, value in form.items())  # fmt: skip


@pytest.mark.parametrize("kind", TEXTS)
async def test_T39_no_page_and_no_form_falls_over_bad_input(house, visitor, everybody, people, kind):
    known, browser = await matrix.idents(house, people), await visitor().enter(everybody)
    headers = {"sec-fetch-site": "same-origin", "origin": "https://bastion.test"}
    headers["content-type"] = "application/x-www-form-urlencoded"
    found, tried = {}, Counter()
    for route in (route for part in PAGES for route in bad_input.routes(part.router)):
        path = matrix.filled(route.path, known)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            if route.path in LEAVES | STREAMS:
                continue
            query = encoded(bad_input.sent(bad_input.names(route.dependant.query_params), TEXTS[kind])).decode()
            address = f"{path}?{query}" if query and len(query) < 60_000 else path
            body = encoded(bad_input.sent(bad_input.names(route.dependant.body_params), TEXTS[kind]))
            answer = await browser.client.request(method, address, content=body or None, headers=headers)
            tried[method] += 1
            if (answer.status_code >= 500 and answer.status_code != 503) or b"<script>alert(1)" in answer.content:
                found[method, route.path] = answer.status_code
    assert found == {}
    assert min(tried["GET"], tried["POST"]) > 30


@pytest.mark.parametrize("kind", VALUES)
async def test_no_call_of_the_api_falls_over_bad_input(house, app, everybody, people, kind):
    known = await matrix.idents(house, people)
    client = await program(app, house, everybody)
    found, tried = {}, 0
    for route in bad_input.routes(api_router):
        path = api_path(route.path, known)
        fields = bad_input.names(route.dependant.body_params)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            query = bad_input.sent(bad_input.names(route.dependant.query_params), VALUES[kind])
            body = json.dumps(bad_input.sent(fields, VALUES[kind])).encode() if fields else None
            asked = encoded({k: str(v) for k, v in query.items()}).decode()
            address = f"{path}?{asked}" if asked and len(asked) < 60_000 else path
            answer = await client.request(method, address, content=body, headers={"content-type": "application/json"})
            tried += 1
            if wrong := unusual(answer):
                found[method, route.path] = wrong
    assert found == {}
    assert tried > 50


@pytest.mark.parametrize("ident", ["a%00b", "%ff%fe", "9" * 40, "..%2f..%2fetc", "%F0%9F%92%A9", "x" * 5000, "'--"])
async def test_no_call_and_no_page_falls_over_a_name_of_nothing(house, app, visitor, everybody, ident):
    browser, client = await visitor().enter(everybody), await program(app, house, everybody)
    found = {}
    for route in (route for part in PAGES for route in bad_input.routes(part.router)):
        if "{" in route.path and "GET" in (route.methods or ()):
            answer = await browser.see(replaced(route.path, ident))
            if answer.status_code not in {200, 303, 404, 422}:
                found[route.path] = answer.status_code
    for route in bad_input.routes(api_router):
        if "{" in route.path and "rest:path" not in route.path:
            for method in sorted(route.methods or ()):
                answer = await client.request(method, replaced(route.path, ident), content=b"{}")
                if wrong := unusual(answer):
                    found[method, route.path] = wrong
    assert found == {}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"\xff\xfe", b"{", b'{"a":' * 5000, b'"x"', b"7", b'{"\\ud800":1}']
)
async def test_no_call_falls_over_a_body_that_is_none(house, app, everybody, body):
    client = await program(app, house, everybody)
    found = {}
    for route in bad_input.routes(api_router):
        for method in sorted((route.methods or set()) & {"POST", "PUT"}):
            path = replaced(route.path, "0" * 32)
            answer = await client.request(method, path, content=body, headers={"content-type": "application/json"})
            if wrong := unusual(answer):
                found[method, route.path] = wrong
    assert found == {}


async def program(app, house, person) -> httpx2.AsyncClient:
    actor = staff_actor(person, SOURCE, clock.now())
    _, token = await house.services.tokens.create(actor, "bad input", 1, person.roles)
    transport = httpx2.ASGITransport(app=app, client=(SOURCE, 4711), raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {token}"}
    return httpx2.AsyncClient(transport=transport, base_url="https://bastion.test", headers=headers)


def replaced(path: str, ident: str) -> str:
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + ident + rest.partition("}")[2]
    return path


def api_path(path: str, known: dict[str, dict[str, str]]) -> str:
    """The same things as the pages name, else what is not there."""
    bare = path.removeprefix(PREFIX)
    for family in (bare, f"/directory{bare}", bare.replace("/files", "/desk", 1)):
        filled = matrix.filled(family, known)
        if "{" not in filled:
            return PREFIX + filled.replace("/desk", "/files", 1).removeprefix("/directory")
    return replaced(path, "0" * 32)


def unusual(answer: httpx2.Response) -> str:
    """What a program could not make sense of; empty when all is in order."""
    if answer.status_code < 400:
        return ""
    kind = answer.headers.get("content-type", "")
    if answer.status_code >= 500 and answer.status_code != 503:
        return f"{answer.status_code}"
    if kind != "application/problem+json":
        return f"{answer.status_code} as {kind}"
    return "" if answer.json().keys() >= {"status", "code", "detail"} else "not a problem document"


def test_a_route_that_falls_over_would_be_met():
    router = APIRouter()

    @router.post("/{ident}")
    def broken(ident: str, name: str) -> None:
        """Never called."""

    (route,) = bad_input.routes(router)
    assert bad_input.names(route.dependant.query_params) == ["name"]
    assert unusual(httpx2.Response(500)) == "500"
    assert unusual(httpx2.Response(404, text="no")) != ""
