"""What has to be entered before a technician can ask and anybody is told: on the first page until it is done."""

from dataclasses import dataclass
from typing import Final

from bastion.domain.parties import EVERYWHERE, Role
from bastion.i18n import N_
from web.console import Console


@dataclass(frozen=True, slots=True)
class Step:
    """`path` is where it is done."""

    words: str
    path: str


FACILITY: Final = Step(
    N_("Register the hospital: devices, approvers and recordings belong to one."), "/directory/facilities/new"
)
STAFF: Final = Step(
    N_("Register who decides: without an approver nobody can agree to a request."), "/directory/staff/new"
)
SUPPLIER: Final = Step(N_("Register a supplier, with its contract and its networks."), "/directory/suppliers/new")
TECHNICIAN: Final = Step(N_("Register a technician of the supplier."), "/directory/technicians/new")
DEVICE: Final = Step(
    N_("Register a device, then its connection, its identity and its account."), "/directory/devices/new"
)
MAIL: Final = Step(N_("Set up a mail server (smtp_url): until then nobody is told by mail."), "/messages")


async def steps(seen: Console) -> list[Step]:
    """What is still to do, in the order in which one needs the other; nothing for whoever may not do all of it."""
    services, actor = seen.services, seen.actor
    if not actor.covers(EVERYWHERE, Role.ADMIN):
        return []
    technicians = await services.people.technicians(actor, limit=1)
    people = await services.people.staff(actor)
    done = (
        (FACILITY, bool(await services.directory.facilities(actor))),
        (STAFF, any(one.active and Role.APPROVER in {held.role for held in one.assignments} for one in people)),
        (SUPPLIER, bool(technicians or await services.directory.suppliers(actor))),
        (TECHNICIAN, bool(technicians)),
        (DEVICE, bool(await services.inventory.devices(actor, limit=1))),
        (MAIL, services.notifications.by_mail),
    )
    return [step for step, stands in done if not stands]
