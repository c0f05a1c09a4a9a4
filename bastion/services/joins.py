"""Loads the neighbours of a fact for a view: one reader for every service that shows requests and sessions."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.derogation import Derogation
from bastion.domain.device import Device, DeviceAccount, Endpoint
from bastion.domain.emergency import Emergency
from bastion.domain.grant import Grant
from bastion.domain.handover import Handover
from bastion.domain.paper import PaperKind
from bastion.domain.parties import EVERYWHERE, Actor, Facility, Role, Staff, Supplier, Technician
from bastion.domain.session_record import SessionRecord
from bastion.errors import NotFound
from bastion.services.paperwork import Lacks, missing_of_several
from bastion.services.reaching import lacking
from bastion.services.views import DeviceView, SessionView
from bastion.services.works import askers_of
from bastion.store.unit_of_work import UnitOfWork

T = TypeVar("T")
HISTORY = 3


def found(thing: T | None, what: str = "") -> T:
    """Return `thing`, or say that there is nothing under that name."""
    if thing is None:
        raise NotFound(what)
    return thing


def scope(actor: Actor | Staff, *roles: Role) -> frozenset[str] | None:
    """The facilities an actor sees, by any duty or by one of these; `None` for all of them."""
    places = actor.places(*roles)
    return None if EVERYWHERE in places else places


class Placed(Protocol):
    """A fact about a company and a device of a hospital."""

    @property
    def supplier_id(self) -> str: ...
    @property
    def device_id(self) -> str: ...
    @property
    def facility_id(self) -> str: ...


class Concerning(Placed, Protocol):
    """A fact about who worked on what, where."""

    @property
    def technician_id(self) -> str: ...


class _Getter(Protocol):
    async def some(self, idents: Iterable[str], /) -> Sequence[Any]: ...


def _state(record: SessionRecord, grant: Grant, watched_by: tuple[str, ...]) -> str:
    if not record.live:
        return "closed"
    if record.frozen_at:
        return "frozen"
    return "unwatched" if grant.watcher and not watched_by else "active"


class Joins:
    """Remembers what it has loaded within one unit of work, so that a page asks for each name once.

    A page of fifty rows says first what it is about (`about`, `equipment`, `know`): then each kind of neighbour is one
    statement, and not one for each row.

    No row is held by it, also where something is written: a neighbour that is to be saved is fetched again by its
    repository's `get`. Else whoever decides on a request would hold its authorisation too, and so stand in the way of
    who ends that one (R-64).
    """

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._seen: dict[tuple[str, str], object] = {}
        self._endpoints: dict[str, list[Endpoint]] = {}
        self._accounts: dict[str, list[DeviceAccount]] = {}
        self._derogations: dict[str, list[Derogation]] = {}
        self._deciders: dict[str, dict[int, Staff]] | None = None
        self._approvers: dict[tuple[str, str], tuple[Staff, ...]] = {}
        self._emergencies: dict[str, Emergency | None] = {}
        self._handovers: dict[str, Handover | None] = {}
        self._works: dict[str, list[AccessRequest]] = {}
        self._papers: dict[str, tuple[PaperKind, ...]] = {}

    # -- many at once --------------------------------------------------------------------------------------------------
    async def about(self, facts: Sequence[Concerning]) -> None:
        await self.know("technician", (fact.technician_id for fact in facts))
        await self.around(facts)

    async def around(self, facts: Sequence[Placed]) -> None:
        """The same of facts that name no person, or no company either."""
        await self.know("supplier", (fact.supplier_id for fact in facts))
        await self.know("device", (fact.device_id for fact in facts))
        await self.know("facility", (fact.facility_id for fact in facts))

    async def know(self, noun: str, idents: Iterable[str]) -> None:
        """Load those of these ids that are not loaded yet; what is not there is found missing when it is asked for."""
        wanted = {ident for ident in idents if ident and (noun, ident) not in self._seen}
        if wanted:
            self._seen |= {(noun, one.id): one for one in await self._repository(noun).some(wanted)}

    async def equipment(self, device_ids: Iterable[str]) -> None:
        """Load what is on these devices: where they answer, their accounts, what is allowed on them."""
        wanted = frozenset(device_ids) - self._endpoints.keys()
        for ident in wanted:
            self._endpoints[ident], self._accounts[ident], self._derogations[ident] = [], [], []
        for endpoint in await self._uow.endpoints.of_several(wanted):
            self._endpoints[endpoint.device_id].append(endpoint)
        for account in await self._uow.accounts.of_several(wanted):
            self._accounts[account.device_id].append(account)
        for derogation in await self._uow.derogations.of_several(wanted):
            self._derogations[derogation.device_id].append(derogation)

    # -- one -----------------------------------------------------------------------------------------------------------
    async def technician(self, ident: str) -> Technician:
        return await self._once("technician", ident, Technician)

    async def supplier(self, ident: str) -> Supplier:
        return await self._once("supplier", ident, Supplier)

    async def device(self, ident: str) -> Device:
        return await self._once("device", ident, Device)

    async def facility(self, ident: str) -> Facility:
        return await self._once("facility", ident, Facility)

    async def grant(self, ident: str) -> Grant:
        return await self._once("grant", ident, Grant)

    async def request(self, ident: str) -> AccessRequest:
        return await self._once("request", ident, AccessRequest)

    async def endpoints(self, device_id: str) -> list[Endpoint]:
        await self._equipped(device_id)
        return self._endpoints[device_id]

    async def accounts(self, device_id: str) -> list[DeviceAccount]:
        await self._equipped(device_id)
        return self._accounts[device_id]

    async def derogations(self, device_id: str) -> list[Derogation]:
        await self._equipped(device_id)
        return self._derogations[device_id]

    async def _equipped(self, device_id: str) -> None:
        if device_id not in self._endpoints:
            await self.equipment([device_id])

    async def _once(self, noun: str, ident: str, kind: type[T]) -> T:
        if (noun, ident) not in self._seen:  # a calendar asks for what it knows two thousand times
            await self.know(noun, [ident])
        known = self._seen.get((noun, ident))
        if not isinstance(known, kind):
            raise NotFound(f"{noun} {ident}")
        return known

    def _repository(self, noun: str) -> _Getter:
        repositories: dict[str, _Getter] = {
            "technician": self._uow.technicians,
            "supplier": self._uow.suppliers,
            "device": self._uow.devices,
            "facility": self._uow.facilities,
            "grant": self._uow.grants,
            "request": self._uow.requests,
        }
        return repositories[noun]

    async def look_for_emergencies(self, requests: Sequence[AccessRequest]) -> None:
        """Ask once for a whole page which of these are emergencies, and which take over an authorisation."""
        known = await self._uow.emergencies.of_several([one.work_id for one in requests])
        self._emergencies |= {one.work_id: known.get(one.work_id) for one in requests}
        taken = await self._uow.handovers.of_several([one.id for one in requests])
        self._handovers |= {one.id: taken.get(one.id) for one in requests}

    async def handover(self, request: AccessRequest) -> Handover | None:
        """Whose authorisation a request takes over, if it does."""
        if request.id not in self._handovers:
            self._handovers[request.id] = await self._uow.handovers.get(request.id)
        return self._handovers[request.id]

    async def look_for_works(self, requests: Sequence[AccessRequest]) -> None:
        """Ask once for a whole page what belongs to the same works; what begins one is alone until it is agreed to."""
        wanted = {one.work_id for one in requests if one.first_id} - self._works.keys()
        self._works |= {one.id: [] for one in requests if not one.first_id} | {ident: [] for ident in wanted}
        for part in await self._uow.requests.of_works(wanted):
            self._works[part.work_id].append(part)

    async def askers(self, request: AccessRequest, now: datetime) -> frozenset[str]:
        """Who has asked for a part of the work of a request that waits, as far as that was agreed to or waits too."""
        if request.work_id not in self._works:
            await self.look_for_works([request])
        return askers_of(self._works[request.work_id], now)[request.work_id]

    async def look_for_lacks(self, supplier_ids: Collection[str], now: datetime) -> None:
        """Ask once for a whole page which papers these suppliers lack."""
        wanted = set(supplier_ids) - self._papers.keys()
        self._papers |= await missing_of_several(self._uow, wanted, now) if wanted else {}

    async def lacks(self, technician: Technician, supplier: Supplier, now: datetime) -> Lacks:
        """What stands against a supplier and its person, for whoever asks the policy."""
        await self.look_for_lacks({supplier.id}, now)
        return Lacks(self._papers[supplier.id], technician.country, supplier.countries)

    async def emergency(self, request: AccessRequest) -> Emergency | None:
        """The emergency that the work of a request is: one, whoever goes on with it and for how long."""
        if request.work_id not in self._emergencies:
            known = await self._uow.emergencies.of_several([request.work_id])
            self._emergencies[request.work_id] = known.get(request.work_id)
        return self._emergencies[request.work_id]

    # -- views ---------------------------------------------------------------------------------------------------------
    async def session(self, record: SessionRecord) -> SessionView:
        grant = await self.grant(record.grant_id)
        watched_by = await self._watched_by(grant) if record.live else ()
        return SessionView(
            record, await self.technician(record.technician_id), await self.supplier(record.supplier_id),
            await self.device(record.device_id), await self.facility(record.facility_id),
            await self.request(record.request_id), _state(record, grant, watched_by), grant.end,
            grant.watcher, watched_by,
        )  # fmt: skip

    async def _watched_by(self, grant: Grant) -> tuple[str, ...]:
        """One name each, in the order they came."""
        watches = await self._uow.watches.open_on([grant.id]) if grant.watcher else []
        return tuple(dict.fromkeys(watch.staff_name for watch in watches if watch.present))

    async def sessions(self, records: Iterable[SessionRecord]) -> list[SessionView]:
        rows = list(records)
        await self.about(rows)
        await self.know("grant", (row.grant_id for row in rows))
        await self.know("request", (row.request_id for row in rows))
        return [await self.session(row) for row in rows]

    async def history(self, device_id: str) -> tuple[SessionView, ...]:
        """The last interventions on a device, newest first."""
        records = await self._uow.sessions.search(device_id=device_id, live=False, limit=HISTORY)
        return tuple(await self.sessions(records))

    async def device_views(self, devices: Sequence[Device]) -> list[DeviceView]:
        await self.know("supplier", (ident for device in devices for ident in device.supplier_ids))
        await self.know("facility", (device.facility_id for device in devices))
        await self.equipment(device.id for device in devices)
        return [await self.device_view(device) for device in devices]

    async def device_view(self, device: Device) -> DeviceView:
        suppliers = [await self.supplier(ident) for ident in sorted(device.supplier_ids)]
        endpoints, accounts = await self.endpoints(device.id), await self.accounts(device.id)
        derogations = await self.derogations(device.id)
        return DeviceView(
            device, await self.facility(device.facility_id), tuple(suppliers), tuple(endpoints), tuple(accounts),
            tuple(derogations[::-1]),
            lacking(
                device, endpoints, accounts, derogations, clock.now(), decided=bool(await self.approvers(device))
            ),
        )  # fmt: skip

    async def approvers(self, device: Device) -> tuple[Staff, ...]:
        """Who may be asked to decide on a device (R-28)."""
        if self._deciders is None:
            self._deciders = _by_hospital(await self._uow.staff.all())
        place = device.facility_id, device.ward
        if place not in self._approvers:
            there = self._deciders.get(device.facility_id, {}) | self._deciders.get(EVERYWHERE, {})
            self._approvers[place] = tuple(
                one for _, one in sorted(there.items()) if one.reaches(Role.APPROVER, *place)
            )
        return self._approvers[place]


def _by_hospital(staff: Iterable[Staff]) -> dict[str, dict[int, Staff]]:
    """The approvers of each hospital, by their number in the register: a list asks about each of its wards."""
    found: dict[str, dict[int, Staff]] = {}
    for number, one in enumerate(staff):
        for facility_id in one.places(Role.APPROVER) if one.active else ():
            found.setdefault(facility_id, {})[number] = one
    return found
