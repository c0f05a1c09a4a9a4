"""Makes what a call is about, new for each: what stood there may have been changed by the calls before."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from bastion import clock
from bastion.domain.access_request import AccessRequest, InterventionKind
from bastion.domain.device import Device, SecretKind
from bastion.domain.emergency import Call
from bastion.domain.held_file import Direction
from bastion.domain.maintenance import Rhythm
from bastion.domain.parties import Actor, Facility, Role, Staff, Supplier, Technician
from bastion.domain.session_events import EndReason
from bastion.domain.undertaking import Way
from bastion.secret import Secret
from bastion.services.directory import FacilityForm, SupplierForm
from bastion.services.inventory import DeviceForm
from bastion.services.maintenance import WindowForm
from bastion.services.people import StaffForm, TechnicianForm
from bastion.services.sessions import Ending
from bastion.services.views import Opened
from tests.services.house import CONNECTION, OPERATOR, House
from tests.web.saying import PLAN
from tests.web.scenery import FILES, TUNNELS, Scenery

KIND = InterventionKind.TELEMAINTENANCE
_NUMBERS = count(1)


@dataclass(frozen=True)
class Given:
    """What makes a call succeed: its address, what must stand in its body or be it, and in its query."""

    path: dict[str, str] = field(default_factory=dict)
    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, ident: str, **body: Any) -> "Given":
        return cls({"ident": ident}, body)


@dataclass
class Yard:
    """`me` is who asks at the console's API; `worker` at the suppliers', whose company everything is then of. `place`
    is the code of the hospital where everything is; without one each scene has its own.
    """

    house: House
    home: Path
    me: Staff
    token_id: str = ""
    worker: Technician | None = None
    place: str = ""

    @property
    def use(self):
        return self.house.services

    @property
    def myself(self) -> Actor:
        return self.house.staff(self.me)

    def name(self) -> str:
        return f"y{next(_NUMBERS)}"

    def port(self) -> int:
        """One of its own: the same address twice on a device is refused."""
        return 2201 + next(_NUMBERS) % 60_000

    def span(self) -> tuple[str, str]:
        """A night of its own: two people are not on call at once."""
        day = date(2091, 1, 1) + timedelta(days=next(_NUMBERS))
        return f"{day}T18:00", f"{day + timedelta(days=1)}T08:00"

    async def open_doors(self) -> None:
        """What stops everybody, and an earlier call set up, goes away."""
        for lock in await self.use.locks.view():
            await self.use.locks.lift(OPERATOR, lock.id, "over")
        for kind, rule in (await self.use.papers.rules(OPERATOR)).items():
            if rule.required_from is not None:
                await self.use.papers.require(OPERATOR, kind, None)

    # -- registers -----------------------------------------------------------------------------------------------------
    async def facility(self) -> Facility:
        if self.place:
            return next(one for one in await self.use.directory.facilities(OPERATOR) if one.code == self.place)
        code = self.name()
        return await self.use.directory.save_facility(OPERATOR, FacilityForm(code, f"Hospital {code}"))

    async def supplier(self) -> Supplier:
        code = self.name()
        return await self.use.directory.save_supplier(OPERATOR, SupplierForm(code, f"Company {code}", ("127.0.0.0/8",)))

    async def technician(self, supplier: Supplier) -> Technician:
        login = self.name()
        form = TechnicianForm(login, f"Person {login}", f"{login}@x.example", supplier.code, "en")
        made = await self.use.people.save_technician(OPERATOR, form)
        return await self.undertaken(made)

    async def colleague(self) -> Technician:
        """Somebody else of the worker's company."""
        async with self.house.database.read() as uow:
            return await self.technician(await uow.suppliers.get(self.worker.supplier_id))

    async def undertaken(self, person: Technician) -> Technician:
        actor = self.house.technician(person)
        owed = await self.use.undertakings.owed(actor)
        if owed:
            await self.use.undertakings.accept(actor, owed.version, Way.ENROLMENT)
        return person

    async def staff(self, *roles: Role) -> Staff:
        login = self.name()
        form = StaffForm(login, f"Person {login}", f"{login}@x.example", frozenset(roles or (Role.APPROVER,)), (), "en")
        return await self.use.people.save_staff(OPERATOR, form)

    async def device(self, facility: Facility, supplier: Supplier, criticality: int = 2, model: str = "") -> Device:
        code, use = self.name(), self.use.inventory
        form = DeviceForm(
            code, f"Device {code}", facility.code, (supplier.code,), criticality, maker=model and "Maker", model=model
        )
        made = await use.save_device(OPERATOR, form)
        endpoint = await use.save_endpoint(OPERATOR, made.id, "127.0.0.1", 2200, shared=True)
        offer = await use.scan_host_keys(OPERATOR, endpoint.id)
        await use.pin_host_keys(OPERATOR, endpoint.id, frozenset(offer.fingerprints), shared=True)
        await use.save_account(OPERATOR, made.id, "service", SecretKind.PASSWORD, Secret.of("canary-s3cret"))
        return made

    async def scene(self, criticality: int = 2) -> "Scene":
        """A hospital with a device, and somebody who maintains it."""
        facility = await self.facility()
        if self.worker is not None:
            async with self.house.database.read() as uow:
                supplier = await uow.suppliers.get(self.worker.supplier_id)
            person = await self.undertaken(self.worker)
        else:
            supplier = await self.supplier()
            person = await self.technician(supplier)
        device = await self.device(facility, supplier, criticality)
        return Scene(self, facility, supplier, person, device)


@dataclass
class Scene:
    yard: Yard
    facility: Facility
    supplier: Supplier
    person: Technician
    device: Device

    @property
    def worker(self) -> Actor:
        return self.yard.house.technician(self.person)

    def wish(self) -> dict[str, Any]:
        """What a program sends to ask for the device."""
        return {
            "device": self.device.code, "kind": KIND.value, "reason": "replace the tube", "minutes": 60,
            "work_order": "WO-1", "account": "", "start": None, "announced": [], "plan": PLAN, "emergency": None,
            "template": "",
        }  # fmt: skip

    def draft(self, **changes: object) -> Any:
        return self.yard.house.draft(device_code=self.device.code, **changes)

    async def asked(self, *, by_me: bool = False, **changes: object) -> AccessRequest:
        """By the technician; or by me on his behalf."""
        use = self.yard.use.access
        if by_me:
            return await use.request(self.yard.myself, self.draft(technician_login=self.person.login, **changes))
        return await use.request(self.worker, self.draft(**changes))

    async def batch(self, *, by_me: bool = False) -> list[AccessRequest]:
        other = await self.yard.device(self.facility, self.supplier)
        codes, use = (self.device.code, other.code), self.yard.use.access
        if by_me:
            draft = self.draft(technician_login=self.person.login)
            return await use.request_several(self.yard.myself, draft, codes)
        return await use.request_several(self.worker, self.draft(), codes)

    async def agreed(self, **changes: object) -> AccessRequest:
        """By as many as it takes, none of them me."""
        request = await self.asked(**changes)
        for _ in range(request.quorum):
            boss = self.yard.house.staff(await self.yard.staff())
            request = await self.yard.use.approvals.approve(boss, request.id, request.version, 60, "ok")
        return request

    async def opened(self) -> Opened:
        request, use = await self.agreed(), self.yard.use.sessions
        await use.acknowledge(self.worker, request.grant_id, "terminal")
        return await use.open(self.worker, request.grant_id, CONNECTION)

    async def worked(self) -> Opened:
        """It is over: a report is owed."""
        opened = await self.opened()
        await self.yard.use.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
        return opened

    async def emergency(self) -> AccessRequest:
        return await self.agreed(emergency=Call("Dr Roux", "", "4512"))

    async def held(self) -> Any:
        opened, files = await self.opened(), self.yard.use.files
        file, arrival = await files.arriving(opened.record, opened.grant, Direction.IN, "/fw/a.bin")
        arrival.write(0, b"firmware")
        return await files.arrived(opened.record, file, arrival)

    async def recorded(self) -> str:
        """Sealed: a terminal (0), a command, files, and tunnels (3)."""
        scenery = Scenery(self.yard.house, self.yard.home)
        scenery.approvers = (await self.yard.staff(),)
        code = self.device.code
        return (await scenery.recorded(self.person, code, "update", files=FILES, tunnels=TUNNELS)).id

    async def window(self, by: Staff) -> Any:
        form = WindowForm(
            self.device.code, self.supplier.code, InterventionKind.TELEDIAGNOSTIC, Rhythm(0, 6, 60, 60),
            clock.now() + timedelta(days=90), "weekly look",
        )  # fmt: skip
        return await self.yard.use.maintenance.propose(self.yard.house.staff(by), form)
