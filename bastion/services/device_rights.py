"""Who has to do with a device: who may come to it, who decides on it, and the rights that were given on it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bastion import clock
from bastion.domain.device import Device
from bastion.domain.grant import Grant
from bastion.domain.parties import Actor, Supplier, Technician
from bastion.errors import NotFound
from bastion.services.forms import need_reader
from bastion.services.joins import Joins, found
from bastion.services.standby import Standby, standby
from bastion.services.suspension import suspended_of
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Comers:
    """The people of a supplier that maintains the device: who may come, by name, and who is suspended at present.

    Nobody comes while the supplier is not `working`: out of use, or without a contract that holds.
    """

    supplier: Supplier
    working: bool
    able: tuple[Technician, ...]
    suspended: tuple[Technician, ...]


@dataclass(frozen=True, slots=True)
class Right:
    """An authorisation on the device, and whose it is."""

    grant: Grant
    technician: Technician
    supplier: Supplier


@dataclass(frozen=True, slots=True)
class DeviceRights:
    """`rights` begin with the one that starts last; `more` says that there are others."""

    comers: tuple[Comers, ...]
    standby: Standby
    rights: tuple[Right, ...]
    more: bool


class Rights:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def on(self, actor: Actor, device_id: str, limit: int) -> DeviceRights:
        """What concerns this device at this moment, with at most `limit` rights.

        Raise `NotFound` where the actor has no duty in the device's hospital.
        """
        need_reader(actor)
        now = clock.now()
        async with self._database.read() as uow:
            device = found(await uow.devices.get(device_id), device_id)
            if not actor.covers(device.facility_id):
                raise NotFound(device_id)
            comers = [await _comers(uow, one, device, now) for one in await _suppliers(uow, device)]
            grants = await uow.grants.of_device(device.id, limit + 1)
            return DeviceRights(
                tuple(comers), await standby(uow, device, now), await _named(uow, grants[:limit]), len(grants) > limit
            )


async def _suppliers(uow: UnitOfWork, device: Device) -> list[Supplier]:
    return sorted(await uow.suppliers.some(device.supplier_ids), key=lambda one: one.name.casefold())


async def _comers(uow: UnitOfWork, supplier: Supplier, device: Device, now: datetime) -> Comers:
    people = [one for one in await uow.technicians.of_supplier(supplier.id) if one.usable(now)]
    people.sort(key=lambda one: one.name.casefold())
    out = await suspended_of(uow, people, device.facility_id, now)
    return Comers(
        supplier, supplier.active and supplier.under_contract(now),
        tuple(one for one in people if one.id not in out), tuple(one for one in people if one.id in out),
    )  # fmt: skip


async def _named(uow: UnitOfWork, grants: Iterable[Grant]) -> tuple[Right, ...]:
    rows, joins = list(grants), Joins(uow)
    await joins.about(rows)
    return tuple(
        [Right(one, await joins.technician(one.technician_id), await joins.supplier(one.supplier_id)) for one in rows]
    )
