"""Who gets what from every route: one table, `matrix.txt`. Columns are people, rows are routes, cells are statuses."""

from datetime import timedelta
from pathlib import Path

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.emergency import Call
from bastion.domain.held_file import Direction
from bastion.domain.maintenance import Rhythm
from bastion.domain.parties import Staff
from bastion.domain.review import RightKind, Sought
from bastion.services.maintenance import WindowForm
from bastion.services.reviews import CampaignForm
from bastion.services.rota import ShiftForm
from bastion.services.standins import DelegationForm
from bastion.services.views import Opened
from tests.services.house import OPERATOR, House
from tests.services.professionals import a_professional
from tests.services.templates import a_template
from web.guards import Key

FILE = Path(__file__).with_name("matrix.txt")
NOBODY = "nobody"
Known = dict[str, dict[str, str]]
"""What stands for `{ident}` (and others), by the beginning of the address."""


def table(file: Path = FILE) -> dict[Key, dict[str, int]]:
    """Return, per method and path, the status each person gets."""
    lines = [line.split("|") for line in file.read_text().splitlines() if line and not line.startswith("#")]
    people = [cell.strip() for cell in lines[0][1:]]
    rows = {}
    for route, *cells in lines[1:]:
        method, path = route.split()
        rows[method, path] = dict(zip(people, (int(cell) for cell in cells), strict=True))
    return rows


async def idents(house: House, people: dict[str, Staff]) -> Known:
    """Return what stands for `{ident}` (and others) in each family of routes: things of the hospital `chu`."""
    opened = await house.opened(device_code="ct-01", emergency=Call("Dr Anne Roux"))
    other = await house.services.inventory.devices(house.staff(house.max))
    form = CampaignForm("H2", clock.now() + timedelta(days=20), ("chu",))
    review = await house.services.reviews.start(OPERATOR, form)
    sought = Sought(RightKind.TECHNICIAN, text="Alice")
    (line,) = (await house.services.reviews.of(OPERATOR, review.id, sought)).lines
    return {
        "/requests": {"ident": opened.record.request_id},
        "/directory/templates": {"ident": (await a_template(house)).id},
        "/windows": {"ident": await window(house)},
        **await duty(house),
        "/emergencies": {"ident": opened.record.request_id},
        "/grants": {"ident": opened.record.grant_id},
        "/sessions": {"ident": opened.record.id},
        "/desk": {"ident": await held_file(house, opened)},
        "/recordings": {"ident": opened.record.id, "number": "1"},
        "/reviews": {"ident": review.id, "line": line.line.id},
        "/locks": {"ident": "0" * 32},
        "/messages": {"ident": "0" * 32},
        "/account": {"ident": "0" * 32},
        "/directory/devices": {"ident": other[0].device.id, "derogation": "0" * 32},
        "/directory/suppliers": {"ident": house.alice.supplier_id},
        "/directory/facilities": {"ident": house.device.facility_id},
        "/directory/import": {"ident": "0" * 32},
        "/directory/technicians": {"ident": house.alice.id, "key": "0" * 32, "token": "0" * 32},
        "/directory/staff": {"ident": house.eve.id},
    }


async def duty(house: House) -> Known:
    """An entry of the rota, an absence and a delegation, all of one approver of the hospital."""
    services, eve = house.services, house.staff(house.eve)
    shift = await services.rota.add(OPERATOR, ShiftForm("eve", "chu", "2091-01-01 18:00", "2091-01-02 08:00"))
    away = await services.standins.away(eve, "2091-01-01 18:00", "2091-01-02 08:00")
    form = DelegationForm("max", "2091-01-01 18:00", "2091-01-02 08:00", "leave")
    lent = await services.standins.delegate(eve, form)
    return {
        "/rota": {"ident": shift.id},
        "/standins/absences": {"ident": away.id},
        "/directory/professionals": {"ident": (await a_professional(house)).id},
        "/standins/delegations": {"ident": lent.id},
    }


async def window(house: House) -> str:
    ends, rhythm = clock.now() + timedelta(days=90), Rhythm(0, 6, 60, 60)
    form = WindowForm("ct-01", "", InterventionKind.TELEDIAGNOSTIC, rhythm, ends, "weekly look")
    return (await house.services.maintenance.propose(house.staff(house.eve), form)).id


async def held_file(house: House, opened: Opened) -> str:
    files = house.services.files
    file, arrival = await files.arriving(opened.record, opened.grant, Direction.IN, "/fw/a.bin")
    arrival.write(0, b"firmware")
    return (await files.arrived(opened.record, file, arrival)).id


def filled(path: str, known: Known) -> str:
    family = next((family for family in known if path.startswith(family)), "")
    for name, value in known.get(family, {}).items():
        path = path.replace("{" + name + "}", value)
    return path
