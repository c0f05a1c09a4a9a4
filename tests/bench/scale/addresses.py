"""Every page and list of the console and the API, from the tables of routes: a new route is measured without a word.

A route with a part this file cannot fill is a problem of the bench, never a gap.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from bastion.domain.parties import Role
from web.api.bearer import PREFIX
from web.api.guards import API_GUARDS, NOWHERE, SUPPLIER_API_GUARDS, SupplierGuard
from web.api.supplier.bearer import PREFIX as INNER
from web.guards import GUARDS, Guard, Key
from web.portal.guards import PORTAL_GUARDS
from web.portal.guards import PREFIX as SUPPLIERS
from web.portal.guards import Guard as Door

G = TypeVar("G")

SUPPLIERS_API: Final = SUPPLIERS + INNER

SPARED: Final[Mapping[str, str]] = {
    "/live": "a stream; `live.py` measures it",
    "/supplier/live": "a stream, the same",
    "/decide": "the page behind a link in a mail, which opens it once",
    "/decide/done": "the word after that",
    "/favicon.ico": "a redirect",
    "/recordings/{ident}/watch": "the player of a recording that was opened a moment ago; no list",
    "/recordings/{ident}/tracks/{number}": "the bytes of a recording; `make bench` measures them",
    "/reviews/{ident}/lines/{line}/withdraw": "one line of a review, by its id",
    "/directory/import/{ident}": "a file somebody has just handed in",
    f"{PREFIX}/batches/{{ident}}": "one of a few, by its id",
    f"{PREFIX}/device-templates/{{device}}": "those of one device, a few",
    f"{PREFIX}/device-professionals/{{device}}": "those of one hospital, a few",
    f"{SUPPLIERS_API}/devices/{{ident}}/professionals": "those of one hospital, a few",
    f"{SUPPLIERS_API}/batches/{{ident}}": "one of a few, by its id",
    f"{SUPPLIERS_API}/devices/{{ident}}/usual": "those of one device, a few",
    f"{SUPPLIERS_API}/requests/{{ident}}/colleagues": "those of an authorisation that is open",
}
"""Routes that are not measured here, and why."""
TABLES: Final = {
    "/requests": "access_requests", "/sessions": "sessions", "/desk": "held_files", "/recordings": "sessions",
    "/directory/devices": "devices", "/directory/suppliers": "suppliers", "/directory/technicians": "technicians",
    "/directory/staff": "staff", "/directory/facilities": "facilities", "/devices": "devices",
    "/suppliers": "suppliers", "/technicians": "technicians", "/files": "held_files", "/staff": "staff",
    "/facilities": "facilities", "/windows": "maintenance_windows", "/emergencies": "emergencies",
    "/reviews": "review_campaigns", "/directory/templates": "request_templates", "/templates": "request_templates",
    "/supplier/requests": "own_requests", "/supplier/company/requests": "company_requests",
    "/supplier/company/people": "company_people", "/supplier/reports": "own_requests",
    f"{SUPPLIERS_API}/requests": "own_requests", f"{SUPPLIERS_API}/company/requests": "company_requests",
    f"{SUPPLIERS_API}/company/people": "company_people",
}  # fmt: skip
"""Whose ids stand for `{ident}` in a family of routes."""
DEEP, BACK = "at=2025-01-15T00:00:00Z~0", "at=-2025-01-15T00:00:00Z~0"
"""Somebody has turned pages for two years' work, and back again."""
ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "/requests": (
        "state=pending", "state=approved", "state=denied", "text=compresseur", "text=dm-00042", "text=Zoé Lopez",
        "text=GMAO-0500000", "text=zzzz-nothing", DEEP, f"state=denied&{BACK}",
    ),
    "/recordings": (
        "text=compresseur", "technician=Lopez", "reason=cut", "since=2025-01-01&until=2025-02-01",
        "text=zzzz-nothing", DEEP, BACK,
    ),
    "/audit": (
        "tag=session:closed", "severity=warning", "who=Lopez", "text=compresseur", "text=zzzz-nothing",
        "since=2025-01-01&until=2025-02-01", "before=1000000",
    ),
    "/desk": ("state=", "state=&text=firmware", "state=&text=zzzz-nothing", f"state=delivered&{DEEP}"),
    "/directory/devices": ("text=scanner", "text=dm-19999", "text=zzzz-nothing", "at=100"),
    "/directory/technicians": ("text=Lopez", "text=tech4999", "text=zzzz-nothing", "at=50"),
    "/messages": ("state=failed", DEEP),
    "/windows": (DEEP,), "/emergencies": (DEEP,), "/directory/abroad": (DEEP,),
    "/directory/templates": ("text=vérifier", "retired=true"),
    "/calendar": ("day=2025-01-15", "device=dm-00000", "facility=ch03"),
    f"{PREFIX}/requests": ("state=pending", "text=compresseur", "text=zzzz-nothing", "limit=200", "offset=2000"),
    f"{PREFIX}/sessions": ("text=compresseur", "live=true", "offset=2000"),
    f"{PREFIX}/audit": ("text=compresseur", "tag=session:closed"),
    f"{PREFIX}/devices": ("text=scanner", "offset=10000"),
    f"{PREFIX}/technicians": ("text=Lopez", "offset=4000"),
    "/supplier/company/requests": (DEEP, f"text=compresseur&{DEEP}"),
}  # fmt: skip
"""What people ask a list for, beside its first page."""
NEEDED: Final[Mapping[str, str]] = {
    f"{PREFIX}/forecast": "technician=tech0001&device=dm-00001&kind=telemaintenance&minutes=60",
    f"{SUPPLIERS_API}/forecast": "device=dm-00001&kind=telemaintenance&minutes=60",
}
"""What an address does not answer without."""
GUEST, SPEAKER = "tech0001", "tech0201"
"""A technician at the suppliers' entrance, and the correspondent of his company."""
EYES: Final = {"claire": Role.APPROVER, "samir": Role.SECURITY, "denis": Role.ADMIN}
"""Who looks, by preference: Claire sees one hospital, the others all of them."""


@dataclass(frozen=True)
class Address:
    """`paths` are taken in turn, one for each request."""

    name: str
    who: str
    paths: tuple[str, ...]


def every(idents: Mapping[str, list[str]]) -> tuple[list[Address], list[str]]:
    """Every address there is, and what is wrong with the list; `idents` by table."""
    found: list[Address] = []
    problems: list[str] = []
    for template, guard in _readable():
        if template in SPARED:
            continue
        paths = _filled(template, idents)
        if any("{" in path for path in paths):
            problems.append(f"{template}: nobody says what stands in its place")
            continue
        for who in _eyes(template, guard):
            needed = NEEDED.get(template)
            found.append(Address(f"{template} {who}", who, (f"{template}?{needed}",) if needed else paths))
            found += [
                Address(f"{template}?{query} {who}", who, (f"{template}?{query}",)) for query in ASKED.get(template, ())
            ]
    return found, problems


def _readable() -> Iterable[tuple[str, Guard | Door | SupplierGuard]]:
    def gets(guards: Mapping[Key, G], prefix: str = "") -> list[tuple[str, G]]:
        return [(prefix + path, guard) for (method, path), guard in guards.items() if method == "GET"]

    programs = [*gets(API_GUARDS, PREFIX), *gets(SUPPLIER_API_GUARDS, SUPPLIERS_API)]
    inside = (one for one in programs if not one[0].endswith(NOWHERE))
    return [*gets(GUARDS), *inside, *gets(PORTAL_GUARDS)]


def _eyes(template: str, guard: Guard | Door | SupplierGuard) -> list[str]:
    """Whoever sees one hospital, and whoever sees all: their lists take different ways through the indexes."""
    if isinstance(guard, (Door, SupplierGuard)):
        return [SPEAKER if guard in {Door.CORRESPONDENT, SupplierGuard.CORRESPONDENT} else GUEST]
    admitted = [who for who, role in EYES.items() if role in guard.roles]
    if "{" in template or not admitted:
        return admitted[-1:] or ["denis"]
    return list(dict.fromkeys([admitted[0], admitted[-1]]))


def _filled(template: str, idents: Mapping[str, list[str]]) -> tuple[str, ...]:
    if "{ident}" not in template:
        return (template,)
    family = max((one for one in TABLES if template.removeprefix(PREFIX).startswith(one + "/")), key=len, default="")
    known = idents.get(TABLES.get(family, ""), [])
    chosen = random.Random(template).sample(known, min(50, len(known)))
    return tuple(template.replace("{ident}", one) for one in chosen) or (template,)
