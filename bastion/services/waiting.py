"""What waits, as it stands when somebody looks at it or decides on it: by the rules and facts of that moment, not of
when it was asked for. The lists, the page, the agreement and whoever is told read it here, and here alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.parties import Actor, ActorKind, Supplier, Technician
from bastion.services.decisions import Decisions, Urgency, judged_source
from bastion.services.joins import Joins
from policies.model import Action


async def look_around(joins: Joins, requests: Sequence[AccessRequest], now: datetime) -> None:
    """Load for many what `under_rules` reads for one, besides who and what each is about."""
    await joins.look_for_emergencies(requests)
    waiting = [one for one in requests if one.state(now) is RequestState.PENDING]
    taken = [await joins.handover(one) for one in waiting]
    await joins.know("grant", [*(one.extends_grant_id for one in requests), *(one.grant_id for one in taken if one)])
    await joins.look_for_works(waiting)
    await joins.look_for_lacks({one.supplier_id for one in waiting}, now)


async def under_rules(joins: Joins, decisions: Decisions, request: AccessRequest, now: datetime) -> AccessRequest:
    """The device may have become more critical since it was asked for, and then more people must agree. Fewer never do,
    and at least one more does (R-22). Who asked for another part of the work does not agree either (R-23).
    """
    if request.state(now) is not RequestState.PENDING:
        return request
    technician, supplier = await joins.technician(request.technician_id), await joins.supplier(request.supplier_id)
    decision = decisions.on_device(
        Action.REQUEST, asker(request, technician, supplier), supplier, await joins.device(request.device_id),
        request.kind, await whole_of(joins, request, request.wanted), now,
        lacks=await joins.lacks(technician, supplier, now),
        urgency=Urgency() if await joins.emergency(request) else None,
    )  # fmt: skip
    wanted = decision.obligations.approvals if decision.allowed else 0  # whoever agrees reads what refuses it
    quorum = max(request.quorum, wanted, len(request.approvals) + 1)
    return replace(request, quorum=quorum, earlier_askers=await _askers(joins, request, now))


async def with_askers(joins: Joins, request: AccessRequest, now: datetime) -> AccessRequest:
    """The same request, with everybody who has asked for a part of its work by now."""
    return replace(request, earlier_askers=await _askers(joins, request, now))


async def _askers(joins: Joins, request: AccessRequest, now: datetime) -> frozenset[str]:
    return request.earlier_askers | await joins.askers(request, now)


async def whole_of(joins: Joins, request: AccessRequest, part: timedelta) -> timedelta:
    """How long the work is that the rules judge when `part` of what is asked is agreed to: more time counts with what
    it prolongs, and what passes to a colleague is the whole of what he takes over (R-22, R-26).
    """
    if request.extends_grant_id:
        return (await joins.grant(request.extends_grant_id)).whole + part
    handover = await joins.handover(request)
    return (await joins.grant(handover.grant_id)).whole if handover else part


def asker(request: AccessRequest, technician: Technician, supplier: Supplier) -> Actor:
    """The technician as the policy judges him before he connects."""
    source = judged_source(request.source, bool(request.created_by.company), supplier)
    return Actor(
        ActorKind.TECHNICIAN, technician.id, technician.login, technician.name, source, supplier_id=supplier.id
    )
