"""Who was told that a request waits, when, as which ring, and what became of each message."""

from dataclasses import dataclass
from typing import Final

from bastion.domain.access_request import AccessRequest
from bastion.domain.telling import Delivery, DeliveryState, RecipientKind, Topic
from bastion.store.unit_of_work import UnitOfWork

MOST_STEPS: Final = 8


def step_key(request_id: str, number: int) -> str:
    return f"{Topic.REQUEST_UNANSWERED}:{request_id}:{number}"


def keys_of(request_id: str) -> list[str]:
    """Every occasion on which people are told that a request waits."""
    first = [f"{topic}:{request_id}" for topic in (Topic.REQUEST_WAITING, Topic.EMERGENCY_WAITING)]
    return first + [step_key(request_id, number) for number in range(1, MOST_STEPS + 1)]


@dataclass(frozen=True, slots=True)
class ToldOf:
    """Somebody who was told that a request waits, as which ring, and what became of the message."""

    name: str
    delivery: Delivery

    @property
    def heard(self) -> bool:
        return self.delivery.state is DeliveryState.SENT

    @property
    def ring(self) -> str:
        return self.delivery.facts.get("ring", "")


async def told_of(uow: UnitOfWork, request: AccessRequest) -> tuple[ToldOf, ...]:
    """Who was told of a request so far, the first first."""
    rows = [one for one in await uow.deliveries.on(keys_of(request.id)) if one.recipient_kind is RecipientKind.STAFF]
    names = {one.id: one.name for one in await uow.staff.some({one.recipient_id for one in rows})}
    return tuple(ToldOf(names.get(one.recipient_id, "–"), one) for one in sorted(rows, key=lambda one: one.at))
