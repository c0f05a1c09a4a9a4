"""The outer wall: every route has a guard, every route × role gives what the table says."""

from datetime import timedelta

import pytest
from fastapi import APIRouter

from bastion import clock
from bastion.domain.parties import Role
from bastion.errors import ConfigurationError
from tests.web import matrix, tour
from web.app import page_routes
from web.guards import ADMINS, ANYONE, GUARDS, STAFF, require_complete


def test_T28_every_route_has_a_guard_and_every_guard_a_route():
    require_complete(page_routes())
    assert page_routes() == GUARDS.keys()


def test_T28_a_route_without_a_guard_stops_the_console():
    with pytest.raises(ConfigurationError, match="guards"):
        require_complete({*page_routes(), ("GET", "/new-page")})


def test_a_guard_without_a_route_stops_the_console():
    with pytest.raises(ConfigurationError):
        require_complete(page_routes() - {("GET", "/audit")})


def test_only_the_door_is_open_to_all():
    open_to_all = {path for (_, path), guard in GUARDS.items() if guard.open_to_all}
    assert open_to_all == {"/sign-in", "/setup", "/setup/finish", "/health", "/favicon.ico", "/supplier"} | {
        "/decide",
        "/decide/agree",
        "/decide/ask",
        "/decide/refuse",
        "/decide/done",
    }


def test_every_page_is_on_the_tour_so_that_somebody_looks_at_it():
    """A route that is missing needs a row in `tour.STOPS` (or, when it is no page, in `tour.PARTS`)."""
    routes = tour.pages()
    gone_to = {tour.route_of(stop.path, routes) for stop in tour.STOPS} - {""}
    assert routes - gone_to - tour.PARTS.keys() == set()
    assert tour.PARTS.keys() - routes == set()
    assert tour.PARTS.keys() & gone_to == set()
    assert [stop.name for stop in tour.STOPS if not tour.route_of(stop.path, routes)] == ["nothing", "portal-nothing"]


def test_nobody_without_a_role_passes(house):
    stranger = house.staff(house.eve)
    assert STAFF.admits(stranger)
    assert not ADMINS.admits(stranger)
    assert not STAFF.admits(None)
    assert ANYONE.admits(None)
    assert STAFF.roles == frozenset(Role)


def test_T30_the_table_has_a_row_for_every_route():
    assert matrix.table().keys() == GUARDS.keys()


@pytest.mark.parametrize("who", ["approver", "security", "auditor", "admin"])
async def test_T30_the_outer_wall_alone_agrees_with_the_table(house, people, who):
    """The services refuse as well, so an opened guard would not show in the statuses."""
    actor = house.staff(people[who])
    for key, expected in matrix.table().items():
        assert GUARDS[key].admits(actor) == (expected[who] != 403), key


@pytest.mark.parametrize(
    "who",
    [
        matrix.NOBODY,
        "approver",
        "approver of another ward",
        "approver of another hospital",
        "security",
        "auditor",
        "admin",
    ],
)
async def test_T30_every_route_gives_each_person_what_the_table_says(house, people, visitor, who):
    """Forms are sent empty: 422 means the form came back, so the person was let in."""
    known = await matrix.idents(house, people)
    found = {}
    for (method, path), expected in matrix.table().items():
        browser = visitor()
        if who != matrix.NOBODY:
            await browser.enter(people[who])
        address = matrix.filled(path, known)
        if path == "/live":
            continue  # a stream; see test_live.py
        async with (
            house.services.database.write() as uow
        ):  # who tries many links is slowed down, which is tested elsewhere
            await uow.failures.forget(clock.now() + timedelta(days=1))
        answer = await (browser.see(address) if method == "GET" else browser.send(address))
        if answer.status_code != expected[who]:
            found[f"{method} {path}"] = (answer.status_code, expected[who])
    assert found == {}


def test_a_router_without_rows_is_noticed():
    router = APIRouter()

    @router.get("/secret")
    async def secret() -> None: ...

    assert ("GET", "/secret") not in GUARDS
