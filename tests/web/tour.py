"""Every page there is to look at, who looks at it, and where: for pictures, for axe, for the words, for the keyboard.

**A new page needs a row here** (`tests/web/test_tour.py` says which one is missing), and nothing else: every check of
`tests/web/browser/test_looks.py` and `tests/web/test_french.py` then goes there too. A `{name}` in a path is a thing
that `sights.things` makes. What answers a GET and is no page of its own stands in `PARTS`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tests.services.house import House
from tests.web.sights import people, things
from web.app import page_routes
from web.portal.app import page_routes as supplier_routes

HOSPITAL, COMPANY = "/directory", "/supplier"
PARTS = {
    "/health": "a word for a probe",
    "/favicon.ico": "a picture",
    "/supplier": "leads to /supplier/",
    "/board": "a part of /",
    "/count": "a number",
    "/live": "a stream",
    "/calendar.ics": "a file",
    "/desk/count": "a number",
    "/rota/export": "a file",
    "/locks/banner": "a part of every page",
    "/recordings/{ident}/tracks/{number}": "a file",
    "/supplier/board": "a part of /supplier/",
    "/supplier/count": "a number",
    "/supplier/live": "a stream",
}


@dataclass(frozen=True)
class Stop:
    """`who` is a login of `sights.PEOPLE`, karim, or empty for nobody. `first` is where a reason is given before."""

    name: str
    who: str
    path: str
    first: str = ""
    status: int = 200


STOPS = (
    Stop("sign-in", "", "/sign-in"),
    Stop("setup", "", "/setup"),
    Stop("decide", "", "/decide"),  # what a link opens there has a test of its own: browser/test_deciding.py
    Stop("decided", "", "/decide/done"),
    Stop("home", "claire", "/"),
    Stop("home-security", "samir", "/"),
    Stop("home-admin", "denis", "/"),
    Stop("request", "claire", "/requests/{waiting}"),
    Stop("request-vital", "claire", "/requests/{vital}"),
    Stop("request-hostile", "claire", "/requests/{hostile}"),
    Stop("requests", "claire", "/requests"),
    Stop("request-new", "claire", "/requests/new"),
    Stop("request-from-usual", "claire", "/requests/new?device=lab-07&technician=alice"),
    Stop("request-together", "claire", "/requests/{together}"),
    Stop("usual", "claire", f"{HOSPITAL}/templates"),
    Stop("usual-one", "claire", f"{HOSPITAL}/templates/{{usual}}"),
    Stop("usual-new", "claire", f"{HOSPITAL}/templates/new"),
    Stop("usual-edit", "claire", f"{HOSPITAL}/templates/{{usual}}/edit"),
    Stop("request-usual", "claire", "/requests/{from_usual}"),
    Stop("calendar", "claire", "/calendar"),
    Stop("professionals", "denis", f"{HOSPITAL}/professionals"),
    Stop("rota", "claire", "/rota"),
    Stop("standins", "claire", "/standins"),
    Stop("emergencies", "samir", "/emergencies"),
    Stop("emergency", "samir", "/emergencies/{urgent}"),
    Stop("emergency-request", "claire", "/requests/{urgent}"),
    Stop("windows", "claire", "/windows"),
    Stop("window", "claire", "/windows/{window}"),
    Stop("window-new", "claire", "/windows/new?device=ct-01"),
    Stop("report", "claire", "/requests/{reported}/report"),
    Stop("sessions", "claire", "/sessions"),
    Stop("session", "claire", "/sessions/{live}"),
    Stop("session-watched", "claire", "/sessions/{watched}"),
    Stop("session-ended", "samir", "/sessions/{ended}"),
    Stop("desk", "claire", "/desk"),
    Stop("desk-all", "claire", "/desk?state="),
    Stop("desk-out", "claire", "/desk/{held}"),
    Stop("desk-virus", "claire", "/desk/{virus}"),
    Stop("desk-file-read", "samir", "/desk/{held}"),
    Stop("recordings", "samir", "/recordings"),
    Stop("recording", "samir", "/recordings/{recording}"),
    Stop("watch", "samir", "/recordings/{recording}/watch", first="/recordings/{recording}/open"),
    Stop("audit", "samir", "/audit"),
    Stop("audit-found", "samir", "/audit?text=session"),
    Stop("locks", "samir", "/locks"),
    Stop("everything", "samir", "/locks/everything"),
    Stop("account", "denis", "/account"),
    Stop("messages", "denis", "/messages"),
    Stop("gmao", "denis", "/messages/gmao"),
    Stop("devices", "denis", f"{HOSPITAL}/devices"),
    Stop("device", "denis", f"{HOSPITAL}/devices/{{device}}"),
    Stop("device-read", "claire", f"{HOSPITAL}/devices/{{device}}"),
    Stop("device-new", "denis", f"{HOSPITAL}/devices/new"),
    Stop("device-edit", "denis", f"{HOSPITAL}/devices/{{device}}/edit"),
    Stop("papers", "denis", f"{HOSPITAL}/suppliers/{{supplier}}/papers"),
    Stop("paper-rules", "denis", f"{HOSPITAL}/papers"),
    Stop("supplier-file", "denis", f"{HOSPITAL}/suppliers/{{supplier}}/file"),
    Stop("abroad", "denis", f"{HOSPITAL}/abroad"),
    Stop("reviews", "samir", "/reviews"),
    Stop("review", "samir", "/reviews/{review}"),
    Stop("review-withdraw", "samir", "/reviews/{review}/lines/{review_line}/withdraw"),
    Stop("review-to-sign", "samir", "/reviews/{review_to_sign}"),
    Stop("review-signed", "samir", "/reviews/{review_signed}"),
    Stop("undertaking", "denis", f"{HOSPITAL}/undertaking"),
    Stop("import", "denis", f"{HOSPITAL}/import?register=suppliers"),
    Stop("import-look", "denis", f"{HOSPITAL}/import/{{draft}}"),
    Stop("suppliers", "denis", f"{HOSPITAL}/suppliers"),
    Stop("supplier", "denis", f"{HOSPITAL}/suppliers/{{supplier}}"),
    Stop("supplier-new", "denis", f"{HOSPITAL}/suppliers/new"),
    Stop("technicians", "denis", f"{HOSPITAL}/technicians"),
    Stop("technician", "denis", f"{HOSPITAL}/technicians/{{technician}}"),
    Stop("technician-new", "denis", f"{HOSPITAL}/technicians/new"),
    Stop("technician-edit", "denis", f"{HOSPITAL}/technicians/{{technician}}/edit"),
    Stop("staff", "denis", f"{HOSPITAL}/staff"),
    Stop("person", "denis", f"{HOSPITAL}/staff/{{person}}"),
    Stop("person-new", "denis", f"{HOSPITAL}/staff/new"),
    Stop("facilities", "denis", f"{HOSPITAL}/facilities"),
    Stop("facility", "denis", f"{HOSPITAL}/facilities/{{facility}}"),
    Stop("facility-new", "denis", f"{HOSPITAL}/facilities/new"),
    Stop("portal-sign-in", "", f"{COMPANY}/sign-in"),
    Stop("portal-welcome", "", f"{COMPANY}/welcome"),
    Stop("portal-home", "karim", f"{COMPANY}/"),
    Stop("portal-held", "karim", f"{COMPANY}/requests/{{own_held}}"),
    Stop("portal-waiting", "karim", f"{COMPANY}/requests/{{own_waiting}}"),
    Stop("portal-report", "karim", f"{COMPANY}/reports/{{own_owed}}"),
    Stop("portal-ask", "karim", f"{COMPANY}/requests/new"),
    Stop("portal-ask-usual", "karim", f"{COMPANY}/requests/new?device=lab-07"),
    Stop("portal-account", "karim", f"{COMPANY}/account"),
    Stop("portal-undertaking", "karim", f"{COMPANY}/undertaking"),
    Stop("portal-company", "karim", f"{COMPANY}/company"),
    Stop("portal-requests", "karim", f"{COMPANY}/company/requests"),
    Stop("portal-request", "karim", f"{COMPANY}/company/requests/{{own_waiting}}"),
    Stop("portal-colleague", "karim", f"{COMPANY}/company/people/{{technician}}"),
    Stop("portal-colleague-new", "karim", f"{COMPANY}/company/people/new"),
    Stop("nothing", "denis", "/nothing", status=404),
    Stop("forbidden", "claire", "/messages", status=403),
    Stop("portal-nothing", "karim", f"{COMPANY}/nothing", status=404),
)


def pages() -> set[str]:
    """Return the path template of everything that answers a GET, at both doors."""
    return {path for method, path in page_routes() | supplier_routes() if method == "GET"}


def route_of(path: str, routes: Iterable[str]) -> str:
    """Return the template that a path of the tour belongs to; a spelled-out one goes before one with names."""
    path = re.sub(r"\{\w+\}", "0", path.partition("?")[0])
    fit = [route for route in routes if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route)), path)]
    return min(fit, key=lambda route: route.count("{"), default="")


async def stops(house: House) -> list[Stop]:
    """The tour of a hospital that `scenery.furnish` has filled."""
    known = await things(house)
    return [replace(one, path=one.path.format(**known), first=one.first.format(**known)) for one in STOPS]


__all__ = ["PARTS", "STOPS", "Stop", "pages", "people", "route_of", "stops", "things"]
