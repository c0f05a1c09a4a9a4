"""Whose turn it is to decide: of those who can be asked, the ones whom the rules let agree now (R-22).

Several people agree in any order, unless a rule looks at `context.approvals`, how many have agreed so far: then they
agree one after the other, and nobody is asked before it is his turn.
"""

from datetime import datetime

from bastion.domain.access_request import AccessRequest
from bastion.domain.device import Device
from bastion.domain.emergency import Emergency
from bastion.domain.maintenance import MaintenanceWindow
from bastion.domain.parties import Staff
from bastion.services.actors import all_now
from bastion.services.decisions import Decisions
from bastion.services.standby import Standby, standby
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Action


async def asked_now(
    uow: UnitOfWork, decisions: Decisions, request: AccessRequest, device: Device, now: datetime,
    emergency: Emergency | None,
) -> Standby:  # fmt: skip
    """Who can be asked at this moment: neither who made the request nor who agreed, and of the others whom the rules
    let agree now: not who called about this emergency, nor who holds a duty that forbids it.
    """
    heard = request.askers.union(*(one.voices for one in request.approvals))
    ready = (await standby(uow, device, now)).without(*heard)
    acting = await all_now(uow, ready.people, now)
    able = [one.id for one in acting.values() if decisions.on_request(one, request, device, now, emergency).allowed]
    return ready.only(*able)


async def agree_now(
    uow: UnitOfWork, decisions: Decisions, window: MaintenanceWindow, device: Device, now: datetime
) -> Standby:
    """The same of a maintenance window: neither who proposed it nor who agreed, and of the others whose turn it is."""
    agreed = window.agreed_ids
    ready = (await standby(uow, device, now)).without(window.created_by_id, *agreed)
    acting = await all_now(uow, ready.people, now)
    able = [one.id for one in acting.values() if decisions.about(Action.APPROVE, one, device, now, len(agreed)).allowed]
    return ready.only(*able)


async def foreseen(
    uow: UnitOfWork, decisions: Decisions, request: AccessRequest, device: Device, now: datetime,
    emergency: Emergency | None,
) -> tuple[tuple[Staff, ...], ...]:  # fmt: skip
    """For each agreement that `request` will need, who could give it once those before it are there."""
    return tuple(
        [
            (await asked_now(uow, decisions, request.once_agreed(number), device, now, emergency)).people
            for number in range(request.quorum)
        ]
    )
