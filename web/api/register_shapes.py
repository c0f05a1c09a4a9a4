"""What registers look like to programs: hospitals, suppliers, people, devices."""

from datetime import datetime
from typing import Self

from pydantic import Field

from bastion import clock
from bastion.domain.derogation import Derogation, DerogationKind, DerogationStatus
from bastion.domain.device import DeviceAccount, Endpoint, Protocol
from bastion.domain.parties import Role
from bastion.services.views import DeviceView, TechnicianView
from web.api.shapes import Shape


class FacilityShape(Shape):
    id: str
    code: str
    name: str
    finess: str
    timezone: str


class SupplierShape(Shape):
    id: str
    code: str
    name: str
    networks: list[str]
    contract_end: datetime | None
    active: bool
    contact: str
    countries: list[str]
    contract_number: str
    contract_start: datetime | None
    security_contact: str


class KeyShape(Shape):
    id: str
    fingerprint: str
    label: str
    added_at: datetime


class TechnicianShape(Shape):
    id: str
    login: str
    name: str
    email: str
    supplier: str
    language: str
    valid_until: datetime | None
    active: bool
    employer_id: str
    """The subcontractor that employs this person; empty for the supplier itself (R-46)."""
    country: str
    totp_enrolled: bool
    keys: list[KeyShape]

    @classmethod
    def of(cls, view: TechnicianView) -> Self:
        person = view.technician
        return cls(
            id=person.id, login=person.login, name=person.name, email=person.email, supplier=view.supplier.code,
            language=person.language, valid_until=person.valid_until, active=person.active,
            employer_id=person.employer_id, country=person.country, totp_enrolled=view.totp_enrolled,
            keys=[KeyShape(id=k.id, fingerprint=k.fingerprint, label=k.label, added_at=k.added_at) for k in view.keys],
        )  # fmt: skip


class AssignmentShape(Shape):
    """A role and where it is held: a facility's id, or `*` for all; `wards` limit an approver to their devices."""

    role: Role
    facility_id: str
    wards: tuple[str, ...]


class StaffShape(Shape):
    """`roles` and `facilities` sum up; `assignments` say which role is held where."""

    id: str
    login: str
    name: str
    email: str
    roles: frozenset[Role]
    facilities: frozenset[str]
    assignments: tuple[AssignmentShape, ...]
    language: str
    active: bool


class EndpointShape(Shape):
    """`version` is another number once anything here has changed; `used_at` when a session first went through it."""

    id: str
    version: int
    host: str
    port: int
    pinned: bool
    pinned_at: datetime | None
    pinned_by: str
    protocol: Protocol = Protocol.SSH
    options: dict[str, str] = Field(default_factory=dict)
    used_at: datetime | None = None

    @classmethod
    def of(cls, endpoint: Endpoint) -> Self:
        return cls(
            id=endpoint.id, version=endpoint.version, host=endpoint.host, port=endpoint.port,
            pinned=bool(endpoint.host_keys), pinned_at=endpoint.pinned_at, pinned_by=endpoint.pinned_by,
            protocol=endpoint.protocol, options=dict(endpoint.options), used_at=endpoint.used_at,
        )  # fmt: skip


class AccountShape(Shape):
    """A login on a device. Its secret is not here, and nowhere else to be read; `version` is another number once it was
    replaced.
    """

    id: str
    version: int
    login: str
    kind: str

    @classmethod
    def of(cls, account: DeviceAccount) -> Self:
        return cls(id=account.id, version=account.version, login=account.login, kind=account.kind.value)


class DerogationShape(Shape):
    """What is allowed on an old device (R-10)."""

    id: str
    kind: DerogationKind
    algorithms: list[str]
    owner: str
    reason: str
    starts: datetime
    ends: datetime
    status: DerogationStatus
    created_by: str
    created_at: datetime
    withdrawn_by: str
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, one: Derogation, now: datetime) -> Self:
        return cls(
            id=one.id, kind=one.kind, algorithms=list(one.algorithms), owner=one.owner, reason=one.reason,
            starts=one.starts, ends=one.ends, status=one.status(now), created_by=one.created_by,
            created_at=one.created_at, withdrawn_by=one.withdrawn_by, withdrawn_at=one.withdrawn_at,
        )  # fmt: skip


class DeviceShape(Shape):
    id: str
    code: str
    name: str
    facility: str
    suppliers: list[str]
    criticality: int
    ward: str
    location: str
    maker: str
    model: str
    serial: str
    active: bool
    ready: bool
    endpoints: list[EndpointShape]
    derogations: list[DerogationShape]
    accounts: list[AccountShape]

    @classmethod
    def of(cls, view: DeviceView) -> Self:
        d = view.device
        return cls(
            id=d.id, code=d.code, name=d.name, facility=view.facility.code, suppliers=[s.code for s in view.suppliers],
            criticality=d.criticality, ward=d.ward, location=d.location, maker=d.maker, model=d.model, serial=d.serial,
            active=d.active, ready=view.ready,
            endpoints=[EndpointShape.of(endpoint) for endpoint in view.endpoints],
            derogations=[DerogationShape.of(one, clock.now()) for one in view.derogations],
            accounts=[AccountShape.of(a) for a in view.accounts],
        )  # fmt: skip
