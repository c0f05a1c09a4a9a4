"""That somebody's mail address was changed: kept, noted, and later forgotten.

Warnings about a person's access go to him by mail. Whoever changes the address first would have them sent to himself,
so for a while they go to the addresses before as well, and the change itself is told there at once (R-11).
"""

from datetime import datetime

from bastion import clock
from bastion.config import MAILABLE
from bastion.domain.former_address import KEPT, FormerAddress
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, ActorKind, Staff, Technician
from bastion.domain.telling import Delivery
from bastion.store.unit_of_work import UnitOfWork


async def address_changed(
    uow: UnitOfWork, actor: Actor, new: Staff | Technician, old: Staff | Technician | None
) -> None:
    """Keep the address before, and say in the trail that there is another; of nobody else is anything done."""
    if old is None or new.email == old.email:
        return
    now = clock.now()
    if old.email:
        by_company = actor.kind is ActorKind.TECHNICIAN
        await uow.former_addresses.add(FormerAddress(new_id(now), new.id, old.email, by_company, now))
    noun = "technician" if isinstance(new, Technician) else "staff"
    await uow.audit.append("directory:address_changed", actor=actor, subject=(noun, new.id), at=now, login=new.login)


async def former_of(uow: UnitOfWork, person: Staff | Technician, now: datetime) -> tuple[FormerAddress, ...]:
    """Where else a warning reaches a person: each address that he had until lately, once."""
    each: dict[str, FormerAddress] = {}
    for one in await uow.former_addresses.of(person.id, now - KEPT):
        each.setdefault(one.address, one)
    return tuple(one for at, one in each.items() if at != person.email and MAILABLE.fullmatch(at))


async def address_of(uow: UnitOfWork, warning: Delivery, person: Staff | Technician, now: datetime) -> str:
    """Where this warning goes: to the person's address, or the former one that it is for. Empty: nowhere any more."""
    if warning.former:
        former = await uow.former_addresses.of(person.id, now - KEPT)
        return next((one.address for one in former if one.id == warning.former), "")
    return person.email if MAILABLE.fullmatch(person.email) else ""


async def link_must_wait(uow: UnitOfWork, technician_id: str, now: datetime) -> bool:
    """Whether his company changed his address a moment ago; see `former_address.HELD`."""
    return any(one.holds(now) for one in await uow.former_addresses.of(technician_id, now - KEPT))
