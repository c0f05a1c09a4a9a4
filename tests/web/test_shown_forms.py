"""Nobody is shown a form that is refused to him when he fills it in rightly: a page offers what its service allows."""

import html
import re
from typing import Final

import pytest

from bastion.services.inventory import DeviceForm
from tests.services.house import OPERATOR
from tests.web import bad_input, twice
from tests.web.twice import ONCE, SAME, Act, Values, device, facility, person, supplier, technician
from web.app import PAGES
from web.guards import GUARDS

FORM = re.compile(r'<form\b[^>]*\bmethod="post"[^>]*>|<button\b[^>]*\bformaction="[^"]*"[^>]*>')
ACTION = re.compile(r'\b(?:form)?action="([^"]*)"')
EDITED: Final = {
    "/directory/devices/{ident}/edit": Act("directory:device_saved", device),
    "/directory/technicians/{ident}/edit": Act("directory:technician_saved", technician),
    "/directory/suppliers/{ident}": Act("directory:supplier_saved", supplier),
    "/directory/facilities/{ident}": Act("directory:facility_saved", facility),
    "/directory/staff/{ident}": Act("directory:staff_saved", person),
}
"""Forms that are sent twice to no end, and so have no row in `twice.ONCE`."""
GONE: Final = "it is gone once somebody has sent it; the matrix has each role send its own"
APART: Final = {
    "/reviews/{ident}/decide": "each decides on the lines that his own page offers",
    "/directory/devices/{ident}/endpoint/withdraw": GONE,
    "/directory/devices/{ident}/account/withdraw": GONE,
}
ACTS: Final = {path: act for path, act in (ONCE | SAME | EDITED).items() if path not in APART}
FILE: Final = "/directory/suppliers/{ident}/file"
PLACES: Final = {
    "/grants/": "/requests/{request}", "/directory/suppliers/{ident}/subcontractors": FILE,
    "/rota/{ident}": "/rota?week=2091-W01",
}  # fmt: skip
"""Where forms stand that are sent to addresses of another page, by how these begin."""
WARD: Final = "approver of another ward"
HIS_OWN: Final[dict[tuple[str, str], Values]] = {
    ("/rota", WARD): {"ward": "Bloc", "login": "person1"},
    ("/windows/new", WARD): {"device": "bloc-1"},
}
"""What somebody fills in otherwise, for whom what the others write is not right."""
REFUSED: Final = {403, 404}
FIELDS: Final = {
    route.path: bad_input.names(route.dependant.body_params)
    for route in bad_input.routes(part.router for part in PAGES)
    if "POST" in (route.methods or ())
}


def page_of(path: str) -> str:
    """The page on which the form of this address stands: its own, or the one it belongs to."""
    elsewhere = [page for begins, page in PLACES.items() if path.startswith(begins)]
    while ("GET", path) not in GUARDS and not elsewhere:
        path = path.rpartition("/")[0] or "/"
    return elsewhere[0] if elsewhere else path


def offered(page: str, own: str) -> set[str]:
    """Where the forms of a page are sent; one without an address goes to the page's own."""
    return {html.unescape(found[0]) if (found := ACTION.findall(tag)) else own for tag in FORM.findall(page)}


@pytest.mark.parametrize("path", ACTS)
async def test_T30_whoever_is_shown_a_form_may_send_it(house, people, visitor, path):
    await house.services.inventory.save_device(OPERATOR, DeviceForm("bloc-1", "Table", "chu", ("acme",), ward="Bloc"))
    act, known, sent = ACTS[path], await ACTS[path].scene(house), []
    address, stands = twice.address(path, known), twice.address(page_of(path), known)
    for name, who in (people | {"max": house.max, "ruth": house.ruth}).items():
        browser = await visitor().enter(who)
        page = await browser.see(stands)
        if page.status_code != 200 or address not in offered(page.text, stands):
            continue
        form = twice.filled_in(act, FIELDS[path], known) | HIS_OWN.get((path, name), {})
        if path == "/standins/absences":
            form["login"] = who.login
        sent.append((name, (await browser.send(address, **form)).status_code))
    assert [one for one in sent if one[1] in REFUSED] == []
    assert sent, "and somebody is shown it"
