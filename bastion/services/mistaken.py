"""Services and accounts of a device that were entered by mistake: withdrawn, as long as nothing ever rested on them.

What a request, an authorisation or a session rests on stays, so that one reads for good where somebody went and as
whom: of a used one the address is changed, or the secret replaced. What goes leaves the vault too, and the trail says
who took it away. Whoever asks, agrees or opens holds the locks as well: nothing begins to rest on it at that moment.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.device import SESSIONS, Device, DeviceAccount, Endpoint, Protocol
from bastion.domain.parties import Actor, Role
from bastion.errors import AlreadyUsed, Conflict, NotFound
from bastion.services.forms import need_admin
from bastion.services.joins import found
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork


class Mistaken:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def withdraw_endpoint(self, actor: Actor, ident: str, version: int, device_id: str = "") -> Device:
        """Take away where a device was said to answer, and return the device. `version` is that of what was read;
        with `device_id`, only if it is that device's. Raises `AlreadyUsed`, `Conflict` for what has changed.
        """
        need_admin(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()
            now = clock.now()
            one = found(await uow.endpoints.get(ident), ident)
            device = await _own_device(uow, actor, one, device_id)
            if one.used_at is not None or (_usable(one) and await _counted_on(uow, device, now)):
                raise AlreadyUsed(ident)
            _need_as_read(one, version)
            await uow.endpoints.remove(one.id)
            await uow.audit.append(
                "directory:endpoint_withdrawn", actor=actor, subject=("device", device.id),
                facility_id=device.facility_id, at=now, device=device.code, host=one.host, port=one.port,
                protocol=one.protocol,
            )  # fmt: skip
        return device

    async def withdraw_account(self, actor: Actor, ident: str, version: int, device_id: str = "") -> Device:
        """The same of a login, whose secret leaves the vault for good (R-12)."""
        need_admin(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()
            now = clock.now()
            one = found(await uow.accounts.get(ident), ident)
            device = await _own_device(uow, actor, one, device_id)
            if await uow.accounts.named_by_work(one):
                raise AlreadyUsed(
                    ident,
                    sentence="Requests or authorisations name this account: it stays. Replace its secret instead.",
                )
            _need_as_read(one, version)
            await uow.accounts.remove(one.id)
            await uow.secrets.remove(one.secret_id)
            await uow.audit.append(
                "directory:account_withdrawn", actor=actor, subject=("device", device.id),
                facility_id=device.facility_id, at=now, device=device.code, account=one.login,
            )  # fmt: skip
        return device


async def mark_used(uow: UnitOfWork, endpoint: Endpoint, others: Iterable[Endpoint], now: datetime) -> None:
    """Note that a session goes through `endpoint`, and may through each tunnel of `others`."""
    for one in {one.id: one for one in (endpoint, *(one for one in others if one.protocol not in SESSIONS))}.values():
        if one.used_at is None:
            await uow.endpoints.save(replace(one, used_at=now))


def _usable(endpoint: Endpoint) -> bool:
    return endpoint.protocol is not Protocol.SSH or bool(endpoint.host_keys)


async def _counted_on(uow: UnitOfWork, device: Device, now: datetime) -> bool:
    """Whether somebody asks for the device, or is let onto it: then what leads there is not taken from under him."""
    waiting = await uow.requests.search(state=RequestState.PENDING, device_id=device.id, now=now, limit=1)
    return bool(waiting or await uow.grants.unfinished_on(device.id, now))


async def _own_device(uow: UnitOfWork, actor: Actor, one: Endpoint | DeviceAccount, device_id: str) -> Device:
    device = found(await uow.devices.get(one.device_id))
    if not actor.covers(device.facility_id, Role.ADMIN) or device_id not in {"", device.id}:
        raise NotFound(one.id)
    return device


def _need_as_read(one: Endpoint | DeviceAccount, version: int) -> None:
    if version != one.version:
        raise Conflict(f"{one.id} is no longer at version {version}")
