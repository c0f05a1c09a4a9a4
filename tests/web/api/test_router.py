"""The outer wall of the API: every route has a guard, each role meets it, strangers learn nothing."""

import re

import pytest

from bastion.domain.parties import Role
from bastion.errors import ConfigurationError
from tests.web.api.conftest import problem
from web.api import router
from web.api.bearer import PREFIX
from web.api.building import routes_of
from web.api.guards import API_GUARDS, NOWHERE, SUPPLIER_API_GUARDS
from web.api.supplier import router as suppliers

ROUTES = sorted(API_GUARDS)
CLOSED = [route for route in ROUTES if not API_GUARDS[route].open_to_all]
ROLES = {"approver": Role.APPROVER, "security": Role.SECURITY, "auditor": Role.AUDITOR, "admin": Role.ADMIN}


def path_of(template):
    return re.sub(r"\{[a-z:]+\}", "0" * 32, template)


def test_T28_every_route_has_a_guard_and_every_guard_a_route():
    assert routes_of(router.router, PREFIX) == API_GUARDS.keys()


@pytest.mark.parametrize(("api", "guards"), [(router.API, API_GUARDS), (suppliers.API, SUPPLIER_API_GUARDS)])
def test_T28_a_route_without_a_guard_or_a_guard_without_a_route_stops_the_start(api, guards):
    for odd in ({k: v for k, v in guards.items() if k != ("GET", "/me")}, {**guards, ("GET", "/me/new"): None}):
        with pytest.raises(ConfigurationError) as caught:
            api.build(odd)
        assert "/me" in caught.value.public


async def test_T30_without_a_token_nothing_is_answered(program, house):
    stranger = program(house.eve)
    for method, template in CLOSED:
        answer = await stranger.ask(method, path_of(template))
        assert problem(answer) == (401, "authentication_failed"), (method, template)


@pytest.mark.parametrize("token", ["Bearer", "Bearer ", "Bearer bst_guess", "Basic ZXZlOng=", "bearer x y"])
async def test_T30_strangers_get_401_everywhere(program, house, token):
    stranger = program(house.eve)
    stranger.client.headers["authorization"] = token
    for method, template in CLOSED:
        assert problem(await stranger.ask(method, path_of(template))) == (401, "authentication_failed")


async def test_T30_each_role_meets_the_guard_of_each_route(program, people):
    for name, role in ROLES.items():
        person = await program(people[name]).take_token()
        for method, template in CLOSED:
            answer = await person.ask(method, path_of(template))
            admitted = role in API_GUARDS[method, template].roles
            refused = answer.status_code == 403 and answer.json()["code"] == "forbidden"
            assert admitted or refused, (name, method, template, answer.text)
            assert answer.status_code < 500, (name, method, template, answer.text)


@pytest.mark.parametrize("path", ["//me", "/%6de/", "/me/", "/ME", "/me;x", "/../me", "/nothing"])
async def test_T28_odd_paths_lead_nowhere(program, house, eve, path):
    assert (await program(house.eve).ask("GET", path)).status_code in {401, 404}
    assert (await eve.ask("GET", path)).status_code == 404


async def test_T29_the_consoles_cookie_is_no_key_here(app, house, visitor):
    browser = await visitor().enter(house.eve)
    assert problem(await browser.see("/api/v1/me")) == (401, "authentication_failed")


async def test_the_description_needs_no_token_and_names_every_route(program, house):
    answer = await program(house.eve).ask("GET", "/openapi.json")
    described = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in answer.json()["paths"].items() for method in methods
    }  # fmt: skip
    assert described == {key for key in API_GUARDS if key[1] not in {NOWHERE, "/openapi.json"}}


async def test_a_fault_of_ours_is_a_problem_document_without_detail(eve, house, monkeypatch):
    monkeypatch.setattr(type(house.services.tokens), "mine", None)
    answer = await eve.ask("GET", "/tokens")
    assert problem(answer) == (500, "error")
    assert "NoneType" not in answer.text


async def test_a_wrong_value_is_named_and_never_repeated(ruth):
    answer = await ruth.ask("POST", "/devices/x/accounts", login="root", kind="password", secret=["hunter2"])
    assert problem(answer) == (422, "invalid")
    assert answer.json()["field"] == "secret"
    assert "hunter2" not in answer.text


async def test_sentences_come_in_the_language_of_the_reader(program, house):
    answer = await program(house.eve).client.get("/me", headers={"accept-language": "fr-FR,en;q=0.5"})
    assert answer.json()["detail"].startswith("La connexion a échoué")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("PATCH", "/me", "GET"), ("GET", "/requests/x/approve", "POST"), ("TRACE", "/tokens/x", "DELETE")],
)
async def test_another_method_is_told_which_ones_there_are(eve, method, path, allow):
    answer = await eve.ask(method, path)
    assert problem(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allow
    assert problem(await eve.ask(method, "/nothing")) == (404, "not_found")


async def test_what_is_nearly_of_the_right_type_is_refused(eve, ruth):
    """`0.5` is no instant of 1970, 0 no “no”, `"2"` no number: who sends that has made a mistake."""
    for written in ("0.5", "1764410400", "2026-05-04", "2026-05-04T08:00:00"):
        assert problem(await eve.ask("GET", f"/requests?before={written}")) == (422, "invalid"), written
    assert (await eve.ask("GET", "/requests?before=2026-05-04T08:00:00Z")).status_code == 200
    answer = await ruth.ask("PUT", "/technicians/x/correspondent", correspondent=0)
    assert (problem(answer), answer.json()["field"]) == ((422, "invalid"), "correspondent")
    answer = await eve.ask("POST", "/requests/x/deny", version="2", note="no", code="")
    assert (problem(answer), answer.json()["field"]) == ((422, "invalid"), "version")
