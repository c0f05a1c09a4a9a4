"""T23: there is no single sign-on yet, so nothing that a request's headers say about a person is believed (R-14)."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest
from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bastion.domain.parties import Staff, Technician
from tests.services.house import SOURCE, House
from tests.web.visitor import HOST, Visitor
from web.api.guards import API_GUARDS, NOWHERE, SUPPLIER_API_GUARDS
from web.guards import GUARDS
from web.portal.guards import PORTAL_GUARDS
from web.portal.guards import Guard as Door

NAMING = (
    "x-remote-user", "remote-user", "x-forwarded-user", "x-forwarded-email", "x-forwarded-preferred-username",
    "x-auth-request-user", "x-auth-request-email", "x-webauth-user", "x-authenticated-user", "x-user", "x-user-id",
    "x-ms-client-principal-name", "tailscale-user-login", "cf-access-authenticated-user-email",
    "x-ssl-client-s-dn", "ssl-client-s-dn", "x-ssl-client-verify", "x-client-cert", "x-forwarded-client-cert",
    "x-amzn-oidc-identity", "x-amzn-oidc-data", "x-goog-authenticated-user-email", "x-token-subject",
)  # fmt: skip
"""What proxies and single sign-ons are known to call the person whom they let in."""
ELSEWHERE = "203.0.113.9"
Asker = Callable[..., Awaitable[httpx2.Response]]


def naming(person: Staff | Technician) -> dict[str, str]:
    """Headers that call the bearer of a request by another's name, in every way they know."""
    called = {name: person.email if "email" in name else person.login for name in NAMING}
    called |= {name: f"CN={person.login},O=CHU" for name in NAMING if "-dn" in name}
    return called | {
        "forwarded": f'for={ELSEWHERE};by="{person.login}";host={HOST}', "x-real-ip": ELSEWHERE,
        "x-ssl-client-verify": "SUCCESS", "x-client-ip": ELSEWHERE, "true-client-ip": ELSEWHERE,
        "x-original-url": "/audit", "x-rewrite-url": "/audit",
    }  # fmt: skip


@pytest.fixture(params=[False, True], ids=["from anywhere", "from the named proxy"])
def proxied(request) -> bool:
    return request.param


@pytest.fixture
def app(app: FastAPI, proxied):
    """The console as it stands behind a proxy that the settings name, and as it stands alone."""
    return ProxyHeadersMiddleware(app, trusted_hosts=[SOURCE]) if proxied else app


@pytest.fixture
async def ask(app, house: House, visitor) -> Asker:
    async def one(method: str, path: str, person=None, bearer: str = "", **headers: str) -> httpx2.Response:
        browser: Visitor = visitor() if person is None else await visitor().enter(person)
        bearing = {"authorization": f"Bearer {bearer}"} if bearer else {}
        own = {"sec-fetch-site": "same-origin", "accept-language": "en"}
        return await browser.ask(method, path, **own, **bearing, **headers)

    return one


def closed() -> list[tuple[str, str]]:
    """Every route of the four doors that lets in nobody unknown."""
    ways = [key for key, guard in GUARDS.items() if not guard.open_to_all]
    ways += [key for key, guard in PORTAL_GUARDS.items() if guard is not Door.ANYONE]
    api = [(method, f"/api/v1{path}") for (method, path), guard in API_GUARDS.items() if not guard.open_to_all]
    theirs = SUPPLIER_API_GUARDS.items()
    api += [(method, f"/supplier/api/v1{path}") for (method, path), guard in theirs if guard is not Door.ANYONE]
    return [*ways, *((method, path) for method, path in api if not path.endswith(NOWHERE))]


async def test_T23_no_header_names_a_person_to_whom_nobody_has_signed_in(house, ask):
    headers = naming(house.ruth)
    ways = closed()
    assert len(ways) > 300, "all four doors"
    for method, path in ways:
        answer = await ask(method, path, **headers)
        if "/api/v1" in path:
            assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed"), (method, path)
        else:
            home = "/supplier/sign-in" if path.startswith("/supplier") else "/sign-in"
            to = answer.headers["location"].partition("?")[0]
            assert (answer.status_code, to) == (303, home), (method, path)


async def test_T23_no_header_makes_somebody_another(house, ask):
    """Eve stays Eve, who may not administer; Alice stays Alice, whose company is not Bob's; by page and by token."""
    _, eves = await house.services.tokens.create(house.staff(house.eve), "erp", 1, house.eve.roles)
    _, alices = await house.services.supplier_tokens.create(house.technician(), "erp", 1, writes=False)
    headers, theirs = naming(house.ruth), naming(house.bob)

    page = await ask("GET", "/account", house.eve, **headers)
    assert page.status_code == 200
    assert ("Eve" in page.text, "Ruth" in page.text) == (True, False)
    assert (await ask("GET", "/audit", house.eve, **headers)).status_code == 403
    assert (await ask("GET", "/api/v1/me", bearer=eves, **headers)).json()["login"] == "eve"
    assert (await ask("GET", "/api/v1/messages", bearer=eves, **headers)).status_code == 403

    page = await ask("GET", "/supplier/account", house.alice, **theirs)
    assert page.status_code == 200
    assert ("Alice Martin" in page.text, "Bob Petit" in page.text) == (True, False)
    assert (await ask("GET", "/supplier/api/v1/me", bearer=alices, **theirs)).json()["login"] == "alice"


@pytest.mark.parametrize("path", ["/sign-in", "/supplier/sign-in"])
async def test_T16_T23_where_somebody_comes_from_is_said_by_the_named_proxy_in_its_one_way(
    house, visitor, proxied, path
):
    """`X-Forwarded-For` of a named proxy, and nothing else of anybody: neither a person nor another kind of address."""
    form = {"login": "eve", "password": "wrong", "code": "000000"}
    own = {"sec-fetch-site": "same-origin"}
    for forwarded, source in (({}, SOURCE), ({"x-forwarded-for": ELSEWHERE}, ELSEWHERE if proxied else SOURCE)):
        headers = {**naming(house.ruth), **own, **forwarded}
        answer = await visitor().client.post(path, data=form, headers=headers)
        assert answer.status_code == 401
        failed = await house.event("auth:failed")
        assert (failed.source, failed.fields.get("login", "eve")) == (source, "eve")
