"""Loads the neighbours of a fact for a view: one reader for every service that shows requests and sessions."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from bastion import clock
from bastion.domain.device import Device
from bastion.domain.parties import EVERYWHERE, Actor, Facility, Role, Staff, Supplier, Technician
from bastion.domain.session_record import SessionRecord
from bastion.errors import NotFound
from bastion.services.reaching import reachable
from bastion.services.views import DeviceView, SessionView
from bastion.store.unit_of_work import UnitOfWork

T = TypeVar("T")
HISTORY = 3


def found(thing: T | None, what: str = "") -> T:
    """Return `thing`, or say that there is nothing under that name."""
    if thing is None:
        raise NotFound(what)
    return thing


def scope(actor: Actor) -> frozenset[str] | None:
    """The facilities an actor sees; `None` for all of them."""
    return None if EVERYWHERE in actor.facilities else actor.facilities


class _Getter(Protocol):
    async def get(self, ident: str, /) -> object | None: ...


class Joins:
    """Remembers what it has loaded within one unit of work, so that a page of fifty rows asks for each name once."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._seen: dict[tuple[str, str], object] = {}

    async def technician(self, ident: str) -> Technician:
        return await self._once("technician", ident, Technician)

    async def supplier(self, ident: str) -> Supplier:
        return await self._once("supplier", ident, Supplier)

    async def device(self, ident: str) -> Device:
        return await self._once("device", ident, Device)

    async def facility(self, ident: str) -> Facility:
        return await self._once("facility", ident, Facility)

    async def _once(self, noun: str, ident: str, kind: type[T]) -> T:
        known = self._seen.get((noun, ident))
        if known is None:
            known = found(await self._repository(noun).get(ident), f"{noun} {ident}")
            self._seen[noun, ident] = known
        if not isinstance(known, kind):
            raise NotFound(f"{noun} {ident}")
        return known

    def _repository(self, noun: str) -> _Getter:
        repositories: dict[str, _Getter] = {
            "technician": self._uow.technicians,
            "supplier": self._uow.suppliers,
            "device": self._uow.devices,
            "facility": self._uow.facilities,
        }
        return repositories[noun]

    async def session(self, record: SessionRecord) -> SessionView:
        state = "closed" if not record.live else "frozen" if record.frozen_at else "active"
        grant = found(await self._uow.grants.get(record.grant_id))
        return SessionView(
            record, await self.technician(record.technician_id), await self.supplier(record.supplier_id),
            await self.device(record.device_id), await self.facility(record.facility_id),
            found(await self._uow.requests.get(record.request_id)), state, grant.end,
        )  # fmt: skip

    async def sessions(self, records: Iterable[SessionRecord]) -> list[SessionView]:
        return [await self.session(record) for record in records]

    async def history(self, device_id: str) -> tuple[SessionView, ...]:
        """The last interventions on a device, newest first."""
        records = await self._uow.sessions.search(device_id=device_id, live=False, limit=HISTORY)
        return tuple(await self.sessions(records))

    async def device_view(self, device: Device) -> DeviceView:
        suppliers = [await self.supplier(ident) for ident in sorted(device.supplier_ids)]
        endpoints, accounts = await self._uow.endpoints.of(device.id), await self._uow.accounts.of(device.id)
        derogations = await self._uow.derogations.of(device.id)
        ready = bool(accounts) and reachable(device, endpoints, derogations, clock.now()) is not None
        return DeviceView(
            device, await self.facility(device.facility_id), tuple(suppliers), tuple(endpoints), tuple(accounts),
            tuple(derogations[::-1]), ready,
        )  # fmt: skip

    async def approvers(self, facility_id: str) -> tuple[Staff, ...]:
        """Who may be asked to decide for a facility."""
        everyone = await self._uow.staff.all()
        return tuple(s for s in everyone if s.active and Role.APPROVER in s.roles and s.covers(facility_id))
