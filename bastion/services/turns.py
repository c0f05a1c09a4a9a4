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
from bastion.services.answering import unanswered_when_it_opens
from bastion.services.decisions import Decisions
from bastion.services.nobody import NOBODY, NOBODY_LEFT, NOBODY_MAY_AGREE
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


async def stuck(
    uow: UnitOfWork, decisions: Decisions, request: AccessRequest, device: Device, now: datetime,
    emergency: Emergency | None, asked: Standby,
) -> str:  # fmt: skip
    """Why `request` would wait for nobody, as a sentence for whoever looks; empty while enough people may agree.

    `asked` are those of this moment. Whoever is away counts as nobody: he is not asked. However many are left, nobody
    agrees while nobody answers for its patient data (R-38).
    """
    if await unanswered_when_it_opens(uow, request, now):
        return NOBODY_MAY_AGREE
    heard = request.askers.union(*(one.voices for one in request.approvals))
    turns = [asked.people]
    for number in range(len(request.approvals) + 1, request.quorum):
        later = await asked_now(uow, decisions, request.once_agreed(number), device, now, emergency)
        turns.append(later.without(*heard).people)
    people = {one.id for turn in turns for one in turn}
    if all(turns) and len(people) >= request.missing:
        return ""
    return NOBODY_LEFT if people or request.approvals else NOBODY


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
