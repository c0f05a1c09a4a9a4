"""Requests that were asked together are told together: one mail for each person, however many devices (R-25).

Each request keeps a delivery of its own, so that its page says who was told of it and when; whoever attempts one
of them claims the others of the same person in the same transaction, and one mail settles them all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bastion.domain.telling import Delivery, DeliveryState, RecipientKind, Topic
from bastion.services.telling_log import keys_of
from bastion.store.unit_of_work import UnitOfWork

_TOGETHER = frozenset({Topic.REQUEST_WAITING, Topic.REQUEST_UNANSWERED})


def _bundle(one: Delivery) -> tuple[str, ...]:
    """What is told in one mail has the same; what stands alone has its own."""
    batch = one.facts.get("batch", "")
    if not batch or one.topic not in _TOGETHER or one.recipient_kind is not RecipientKind.STAFF:
        return (one.id,)
    return (one.recipient_id, one.topic, batch, one.facts.get("step", ""))


def first_of_each(due: Iterable[Delivery]) -> list[Delivery]:
    """One of each bundle, always the same: of two nodes one claims it."""
    return list({_bundle(one): one for one in sorted(due, key=lambda one: one.id, reverse=True)}.values())


async def claim_beside(uow: UnitOfWork, first: Delivery, now: datetime) -> list[Delivery]:
    """Begin an attempt at what the same mail says as well."""
    if _bundle(first) == (first.id,):
        return []
    requests = await uow.requests.of_batch(first.facts["batch"])
    told = await uow.deliveries.on([key for request in requests for key in keys_of(request.id)])
    same = [one for one in told if one.id != first.id and _bundle(one) == _bundle(first)]
    waiting = [one for one in same if one.state is DeliveryState.WAITING and one.due_at <= now]
    begun = [await uow.deliveries.claim(one, now) for one in sorted(waiting, key=lambda one: one.facts["request"])]
    return [one for one in begun if one is not None]


def told_together(first: Delivery, beside: Sequence[Delivery]) -> Delivery:
    """The delivery one mail is written from, which names every device."""
    if not beside:
        return first
    several = sorted((one.facts for one in (first, *beside)), key=lambda facts: facts["device"])
    devices = ", ".join(facts["device"] for facts in several)
    places = ", ".join(f"{facts['device']} ({facts['facility']})" for facts in several)
    return replace(first, facts=first.facts | {"count": str(len(several)), "devices": devices, "places": places})
