"""The outer wall of the suppliers' door: every route × every kind of guest gives what the table says (T28, T30–T33)."""

from pathlib import Path

import pytest

from bastion.errors import ConfigurationError
from bastion.services.people import TechnicianForm
from tests.services.house import public_line
from web.portal.app import page_routes
from web.portal.guards import PORTAL_GUARDS, Guard, require_complete

TABLE = Path(__file__).with_name("matrix.txt")
GUESTS = ("nobody", "technician", "colleague", "correspondent", "other correspondent")


def table() -> dict[tuple[str, str], dict[str, int]]:
    lines = [line.split("|") for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    people = [cell.strip() for cell in lines[0][1:]]
    assert people == list(GUESTS)
    return {
        tuple(route.split()): dict(zip(people, (int(cell) for cell in cells), strict=True))
        for route, *cells in lines[1:]
    }


def test_T28_every_route_has_a_guard_and_every_guard_a_route():
    require_complete(page_routes())
    with pytest.raises(ConfigurationError):
        require_complete({*page_routes(), ("GET", "/supplier/new-page")})
    with pytest.raises(ConfigurationError):
        require_complete(page_routes() - {("GET", "/supplier/")})


def test_only_signing_in_and_the_link_are_open_to_all():
    open_to_all = {path for (_, path), guard in PORTAL_GUARDS.items() if guard is Guard.ANYONE}
    assert open_to_all == {"/supplier/sign-in", "/supplier/welcome", "/supplier/welcome/finish"}


def test_T30_the_table_has_a_row_for_every_route():
    assert table().keys() == PORTAL_GUARDS.keys()


@pytest.mark.parametrize(
    "path", ["//supplier/account", "/%73upplier/Account", "/supplier/account/", "/supplier/board;x"]
)
async def test_T28_spelling_an_address_otherwise_opens_nothing(comer, path):
    assert (await (await comer()).see(path)).status_code in {303, 404}


@pytest.mark.parametrize("who", GUESTS)
async def test_T30_every_route_gives_each_guest_what_the_table_says(house, comer, carl, people, who):
    """The request is Carl's, the key is Alice's, the person Carl; forms are sent empty: 422 means one was let in."""
    request = await house.services.access.request(house.technician(carl), house.draft())
    key = await house.services.people.add_key(house.staff(people["admin"]), carl.id, public_line())
    guests = {
        "nobody": None, "technician": carl, "correspondent": house.alice, "other correspondent": house.bob,
        "colleague": await house.services.people.save_technician(*_dora(house, people)),
    }  # fmt: skip
    found = {}
    for (method, path), expected in table().items():
        if path == "/supplier/live":
            continue  # a stream; see test_live.py
        browser = await comer(guests[who])
        ident = carl.id if "/people/" in path else request.id
        address = path.replace("{ident}", ident).replace("{key}", key.id)
        answer = await (browser.see(address) if method == "GET" else browser.send(address))
        if answer.status_code != expected[who]:
            found[f"{method} {path}"] = (answer.status_code, expected[who])
    assert found == {}


def _dora(house, people):
    return house.staff(people["admin"]), TechnicianForm("dora", "Dora", "d@acme", "acme", "en")
