"""Whatever is sent, a person is told what was wrong, a program gets a problem document, and nothing falls over.

At the suppliers' entrance: `portal/test_bad_input.py`.
"""

import httpx2
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from bastion import clock
from bastion.config import Settings
from bastion.domain.parties import Role
from bastion.services.actors import staff_actor
from bastion.services.people import StaffForm
from tests.services.house import OPERATOR, SOURCE
from tests.web import bad_input, matrix
from tests.web.bad_input import BODIES, NAMES, TEXTS, VALUES
from web.api.bearer import PREFIX
from web.api.router import router as api_router
from web.api.supplier.router import router as supplier_router
from web.app import PAGES, create
from web.portal.app import PAGES as SUPPLIER_PAGES
from web.portal.app import alone

PAGE_ROUTES = tuple(bad_input.routes(part.router for part in PAGES))
CALLS = tuple(bad_input.routes([api_router]))
TRIED = [*PAGE_ROUTES, *CALLS, *bad_input.routes([*(part.router for part in SUPPLIER_PAGES), supplier_router])]
UNTRIED = {"/static", "/health", "/", "/supplier"}
"""Files that are built, and what the suppliers' entrance answers around itself when it stands alone."""


@pytest.fixture
async def everybody(house):
    """Somebody with every duty: no guard stands before what is tried."""
    form = StaffForm("all", "All Duties", "all@chu", frozenset(Role), (), "en")
    return await house.services.people.save_staff(OPERATOR, form)


def test_whatever_is_served_is_tried_here_or_at_the_suppliers_entrance(house, tmp_path):
    settings = Settings(home=tmp_path)
    served = [*bad_input.served(create(house.services, settings).routes)]
    served += bad_input.served(alone(house.services, settings).routes)
    tried = {id(route) for route in TRIED}
    assert tried <= {id(route) for route in served}
    assert {getattr(route, "path", "") for route in served if id(route) not in tried} == UNTRIED


@pytest.mark.parametrize("kind", TEXTS)
async def test_T39_no_page_and_no_form_falls_over_bad_input(house, visitor, everybody, people, kind):
    known, browser = await matrix.idents(house, people), await visitor().enter(everybody)
    found, tried = await bad_input.try_pages(browser.client, PAGE_ROUTES, TEXTS[kind], known)
    assert found == {}
    assert min(tried["GET"], tried["POST"]) > 30


@pytest.mark.parametrize("kind", VALUES)
async def test_no_call_of_the_api_falls_over_bad_input(house, app, everybody, people, kind):
    known, client = await matrix.idents(house, people), await program(app, house, everybody)
    calls = [(route, api_path(route.path, known)) for route in CALLS]
    found, tried = await bad_input.try_calls(client, calls, VALUES[kind])
    assert found == {}
    assert tried.total() > 50


@pytest.mark.parametrize("ident", NAMES)
async def test_no_call_and_no_page_falls_over_a_name_of_nothing(house, app, visitor, everybody, ident):
    browser, client = await visitor().enter(everybody), await program(app, house, everybody)
    assert await bad_input.try_page_names(browser.client, PAGE_ROUTES, ident) == {}
    assert await bad_input.try_call_names(client, CALLS, ident) == {}


@pytest.mark.parametrize("body", BODIES)
async def test_no_call_falls_over_a_body_that_is_none(house, app, everybody, body):
    assert await bad_input.try_bodies(await program(app, house, everybody), CALLS, body) == {}


async def program(app, house, person) -> httpx2.AsyncClient:
    actor = staff_actor(person, SOURCE, clock.now())
    _, token = await house.services.tokens.create(actor, "bad input", 1, person.roles)
    transport = httpx2.ASGITransport(app=app, client=(SOURCE, 4711), raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {token}"}
    return httpx2.AsyncClient(transport=transport, base_url="https://bastion.test", headers=headers)


def api_path(path: str, known: matrix.Known) -> str:
    """The same things as the pages name, else what is not there."""
    bare = path.removeprefix(PREFIX)
    for family in (bare, f"/directory{bare}", bare.replace("/files", "/desk", 1)):
        filled = matrix.filled(family, known)
        if "{" not in filled:
            return PREFIX + filled.replace("/desk", "/files", 1).removeprefix("/directory")
    return bad_input.replaced(path, "0" * 32)


def test_a_route_that_falls_over_would_be_met():
    router = APIRouter()

    @router.post("/{ident}")
    def broken(ident: str, name: str) -> None:
        """Never called."""

    (route,) = bad_input.routes([router])
    assert isinstance(route, APIRoute)
    assert bad_input.names(route.dependant.query_params) == ["name"]
    assert bad_input.unusual(httpx2.Response(500)) == "500"
    assert bad_input.unusual(httpx2.Response(404, text="no")) != ""
    assert bad_input.fell_over(httpx2.Response(500))
    assert bad_input.fell_over(httpx2.Response(200, text="<p><script>alert(1)</script>"))
