"""The same address, or the same identity, on two devices: one of them is mistyped or cloned, or somebody says that a
gateway or a port server stands before both (R-9). It never goes unnoticed.
"""

from collections.abc import Sequence
from typing import Final

from bastion.domain.device import Device, Endpoint
from bastion.domain.parties import Actor
from bastion.errors import Invalid
from bastion.store.unit_of_work import UnitOfWork

SHARED: Final = "shared"
"""The field in which a person says that it is right so."""
_ADDRESS: Final = (
    "This address and port are those of {devices} already. Correct them; or, if a gateway or a port server stands "
    "before both devices, tick that and save again."
)
_ADDRESS_ELSEWHERE: Final = (
    "This address and port are those of another hospital's device already. Correct them; or, if a gateway or a port "
    "server stands before both devices, tick that and save again."
)
_IDENTITY: Final = (
    "{devices} shows the same identity. Check that this is not the other device's address; if a gateway or a port "
    "server stands before both, tick that and confirm again."
)
_IDENTITY_ELSEWHERE: Final = (
    "Another hospital's device shows the same identity. Check that this is not that device's address; if a gateway or "
    "a port server stands before both, tick that and confirm again."
)


async def at_the_same_address(uow: UnitOfWork, actor: Actor, device: Device, host: str, port: int) -> tuple[str, ...]:
    """Codes of the other devices in use that answer there; an empty one for a hospital that is not the actor's."""
    return await _others(uow, actor, device, await uow.endpoints.at(host, port))


async def with_the_same_identity(uow: UnitOfWork, actor: Actor, device: Device, keys: Sequence[str]) -> tuple[str, ...]:
    """The same of those for which one of these host keys is pinned."""
    return await _others(uow, actor, device, [one for key in keys for one in await uow.endpoints.showing(key)])


def need_own_address(others: Sequence[str]) -> None:
    """Raises `Invalid` at `SHARED`, naming the others."""
    names = ", ".join(filter(None, others))
    if names:
        raise Invalid("shared", field=SHARED, sentence=_ADDRESS, devices=names)
    if others:
        raise Invalid("shared", field=SHARED, sentence=_ADDRESS_ELSEWHERE)


def need_own_identity(others: Sequence[str]) -> None:
    """Raises `Invalid` at `SHARED`, naming the others."""
    names = ", ".join(filter(None, others))
    if names:
        raise Invalid("shared", field=SHARED, sentence=_IDENTITY, devices=names)
    if others:
        raise Invalid("shared", field=SHARED, sentence=_IDENTITY_ELSEWHERE)


async def _others(uow: UnitOfWork, actor: Actor, device: Device, endpoints: Sequence[Endpoint]) -> tuple[str, ...]:
    devices = await uow.devices.some({one.device_id for one in endpoints} - {device.id})
    return tuple(sorted({one.code if actor.covers(one.facility_id) else "" for one in devices if one.active}))
