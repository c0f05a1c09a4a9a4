"""What people are told of: somebody who speaks for a company, a link that is used, a window, a supplier's days."""

from datetime import timedelta

import pyotp

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.maintenance import Rhythm
from bastion.domain.paper import PaperKind
from bastion.domain.parties import system_actor
from bastion.services.invitations import Answers
from bastion.services.maintenance import WindowForm
from bastion.services.papers import PaperForm
from bastion.services.people import TechnicianForm
from bastion.services.subcontractors import SubcontractorForm
from tests.services.house import OPERATOR, PASSWORD, SOURCE, public_line
from tests.services.postroom import CANARY


async def bea_speaks(house):
    return await bea_speaks_by(house, house.staff(house.ruth))


async def bea_speaks_by(house, admin):
    form = TechnicianForm("bea", "Bea Petit", "bea@acme", "acme", "en")
    bea = await house.services.people.save_technician(OPERATOR, form)
    await house.services.company.name_correspondent(admin, bea.id, named=True)
    return bea


async def carl_comes(house):
    form = TechnicianForm("carl", "Carl", "carl@acme", "acme", "en")
    return await house.services.people.save_technician(OPERATOR, form)


async def used(house, link: str, step: int = 0) -> None:
    links = house.services.invitations
    secret = pyotp.parse_uri((await links.look(link, SOURCE)).authenticator).secret
    code = pyotp.TOTP(secret).at(clock.now(), counter_offset=step)
    await links.accept(link, Answers(PASSWORD, code, public_line()), SOURCE)


def a_window() -> WindowForm:
    ends, rhythm = clock.now() + timedelta(days=90), Rhythm(0, 6, 60, 60)
    return WindowForm("ct-01", "acme", InterventionKind.TELEDIAGNOSTIC, rhythm, ends, f"{CANARY} weekly")


async def a_supplier_s_days(house, reference: str) -> None:
    """A paper that ends soon, people nobody confirmed, a subcontractor that may be objected to: all of Acme's."""
    acme, ends = house.alice.supplier_id, clock.now() + timedelta(days=5)
    await house.services.papers.add(OPERATOR, acme, PaperForm(PaperKind.CONTRACT, reference, valid_to=ends))
    await house.services.subcontractors.declare(OPERATOR, acme, SubcontractorForm(reference, reference))
    await house.services.papers.warn(system_actor())
    async with house.database.write() as uow:
        fields = {"supplier": "acme", "count": 2, "end": ends.isoformat()}
        await uow.audit.append("roster:overdue", actor=system_actor(), subject=("supplier", acme), at=ends, **fields)
