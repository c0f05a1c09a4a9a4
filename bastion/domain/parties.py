"""Who takes part: hospitals, suppliers, their people, the hospital's people, and who is acting now."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

EVERYWHERE = "*"


class Role(StrEnum):
    """Duties of hospital staff; one person may hold several, but never requests and approves the same thing (R-23)."""

    APPROVER = "approver"
    SECURITY = "security"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Facility:
    id: str
    code: str
    name: str
    finess: str
    timezone: str = "Europe/Paris"


@dataclass(frozen=True, slots=True)
class Supplier:
    """A vendor company. `networks` are the CIDR ranges it declared (R-5); none declared means none allowed."""

    id: str
    code: str
    name: str
    networks: tuple[str, ...]
    contract_end: datetime | None = None
    active: bool = True
    contact: str = ""
    countries: tuple[str, ...] = ()
    """From which its people work, as it declared; none declared means none allowed (R-45)."""
    contract_number: str = ""
    contract_start: datetime | None = None
    security_contact: str = ""

    def under_contract(self, now: datetime) -> bool:
        begun = self.contract_start is None or self.contract_start <= now
        return self.active and begun and (self.contract_end is None or now < self.contract_end)


@dataclass(frozen=True, slots=True)
class Technician:
    """A named person of a supplier (R-11).

    `employer_id` names the subcontractor that employs him; empty means the supplier itself (R-46). `country` is where
    he works from (R-45).
    """

    id: str
    login: str
    name: str
    email: str
    supplier_id: str
    language: str = "fr"
    valid_until: datetime | None = None
    active: bool = True
    employer_id: str = ""
    country: str = ""

    def usable(self, now: datetime) -> bool:
        return self.active and (self.valid_until is None or now < self.valid_until)


@dataclass(frozen=True, slots=True)
class TechnicianKey:
    """An SSH public key of a technician. `public` is the one-line OpenSSH form without comment."""

    id: str
    technician_id: str
    public: str
    fingerprint: str
    label: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Staff:
    """A person of the hospital. `facilities` holds facility ids, or `EVERYWHERE` alone."""

    id: str
    login: str
    name: str
    email: str
    roles: frozenset[Role]
    facilities: frozenset[str]
    language: str = "fr"
    active: bool = True

    def covers(self, facility_id: str) -> bool:
        return EVERYWHERE in self.facilities or facility_id in self.facilities


class ActorKind(StrEnum):
    STAFF = "staff"
    TECHNICIAN = "technician"
    OPERATOR = "operator"  # whoever runs the `bastion` command on the machine itself
    SYSTEM = "system"  # the bastion's own clockwork


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, from where, and when he last proved a second factor. The first parameter of every use case."""

    kind: ActorKind
    id: str
    login: str
    name: str
    source: str = ""
    roles: frozenset[Role] = frozenset()
    facilities: frozenset[str] = frozenset()
    supplier_id: str = ""
    language: str = "fr"
    factor_at: datetime | None = None
    token_id: str = ""

    def covers(self, facility_id: str) -> bool:
        return EVERYWHERE in self.facilities or facility_id in self.facilities


def system_actor(name: str = "bastion") -> Actor:
    return Actor(ActorKind.SYSTEM, "system", "system", name, facilities=frozenset({EVERYWHERE}))


def operator_actor(login: str) -> Actor:
    """The person at the machine's own command line: already root there, so every role; and audited as such."""
    return Actor(
        ActorKind.OPERATOR,
        f"operator:{login}",
        login,
        login,
        source="console",
        roles=frozenset({Role.ADMIN, Role.SECURITY}),
        facilities=frozenset({EVERYWHERE}),
        language="en",
    )
