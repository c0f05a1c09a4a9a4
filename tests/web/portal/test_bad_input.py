"""Whatever a supplier's person or program sends, he is told what was wrong, and nothing falls over."""

import httpx2
import pytest

from tests.services.house import OPERATOR, SOURCE, public_line
from tests.web import bad_input, matrix
from tests.web.bad_input import BODIES, NAMES, TEXTS, VALUES
from web.api.supplier.bearer import PREFIX as API
from web.api.supplier.router import router
from web.portal.app import PAGES
from web.portal.guards import PREFIX

PAGE_ROUTES = tuple(bad_input.routes(part.router for part in PAGES))
CALLS = tuple(bad_input.routes([router]))


@pytest.fixture
async def program(house, app, carl):
    """Alice's, who speaks for her company."""
    _, token = await house.services.supplier_tokens.create(house.technician(), "bad input", 1, writes=True)
    transport = httpx2.ASGITransport(app=app, client=(SOURCE, 4711), raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(transport=transport, base_url="https://bastion.test", headers=headers) as client:
        yield client


@pytest.fixture
async def known(house, carl) -> matrix.Known:
    """Alice's own work that is under way, her colleague, a key and a token of hers."""
    work = {"ident": (await house.opened()).record.request_id}
    key = await house.services.people.add_key(OPERATOR, house.alice.id, public_line())
    token, _ = await house.services.supplier_tokens.create(house.technician(), "old", 1, writes=False)
    return {
        f"{PREFIX}/requests": work,
        f"{PREFIX}/reports": work,
        f"{PREFIX}/company/requests": work,
        f"{PREFIX}/company/people": {"ident": carl.id},
        f"{PREFIX}/account/keys": {"key": key.id},
        f"{PREFIX}/account/tokens": {"ident": token.id},
        f"{PREFIX}{API}/requests": work,
        f"{PREFIX}{API}/company/requests": work,
        f"{PREFIX}{API}/tokens": {"ident": token.id},
        f"{PREFIX}{API}/devices": {"ident": "ct-01"},
    }


@pytest.mark.parametrize("kind", TEXTS)
async def test_T39_no_page_and_no_form_falls_over_bad_input(house, comer, known, kind):
    browser = await comer(house.alice)
    found, tried = await bad_input.try_pages(browser.client, PAGE_ROUTES, TEXTS[kind], known, PREFIX)
    assert found == {}
    assert min(tried["GET"], tried["POST"]) > 10


@pytest.mark.parametrize("kind", VALUES)
async def test_no_call_falls_over_bad_input(program, known, kind):
    paths = [matrix.filled(PREFIX + route.path, known) for route in CALLS]
    calls = [(route, bad_input.replaced(path, "0" * 32)) for route, path in zip(CALLS, paths, strict=True)]
    found, tried = await bad_input.try_calls(program, calls, VALUES[kind])
    assert found == {}
    assert tried.total() > 20


@pytest.mark.parametrize("ident", NAMES)
async def test_no_call_and_no_page_falls_over_a_name_of_nothing(house, comer, program, ident):
    browser = await comer(house.alice)
    assert await bad_input.try_page_names(browser.client, PAGE_ROUTES, ident, PREFIX) == {}
    assert await bad_input.try_call_names(program, CALLS, ident, PREFIX) == {}


@pytest.mark.parametrize("body", BODIES)
async def test_no_call_falls_over_a_body_that_is_none(program, body):
    assert await bad_input.try_bodies(program, CALLS, body, PREFIX) == {}
