"""Who takes part: hospitals, suppliers, their people, the hospital's people, and who is acting now."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

EVERYWHERE = "*"
"""The place of who works for every hospital of the group."""


class Role(StrEnum):
    """Duties of hospital staff; one person may hold several, but never requests and approves the same thing (R-23)."""

    APPROVER = "approver"
    SECURITY = "security"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, order=True)
class Assignment:
    """One duty in one hospital, or `EVERYWHERE`. An approver's may be limited to the devices of some wards (R-28)."""

    role: Role
    facility_id: str
    wards: tuple[str, ...] = ()

    def at(self, facility_id: str) -> bool:
        return self.facility_id in {EVERYWHERE, facility_id}

    def reaches(self, facility_id: str, ward: str) -> bool:
        """Whether a device of this hospital and ward is its concern; what has no ward is in none of several."""
        return self.at(facility_id) and (not self.wards or ward_key(ward) in map(ward_key, self.wards))


def ward_key(ward: str) -> str:
    """A ward is typed by hand, on a device here and for a person there: case and blanks make no other ward of it."""
    return " ".join(ward.casefold().split())


def assignment(role: str, facility_id: str, wards: Iterable[str] = ()) -> Assignment:
    """Make one from plain text, as it is kept."""
    return Assignment(Role(role), facility_id, tuple(wards))


def assigned(roles: Iterable[Role], facility_ids: Iterable[str]) -> tuple[Assignment, ...]:
    """The same duties in each of these hospitals."""
    places = frozenset(facility_ids)
    return tuple(sorted(Assignment(role, place) for role in frozenset(roles) for place in places))


def narrowed(
    assignments: Iterable[Assignment], roles: frozenset[Role], facility_ids: frozenset[str]
) -> tuple[Assignment, ...]:
    """What is left of assignments for these duties in these hospitals: never more than there was."""
    kept = [one for one in assignments if one.role in roles]
    if EVERYWHERE in facility_ids:
        return tuple(sorted(kept))
    there = [one for one in kept if one.facility_id in facility_ids]
    group = [replace(one, facility_id=i) for one in kept if one.facility_id == EVERYWHERE for i in facility_ids]
    return tuple(sorted({*there, *group}))


class _Assigned:
    """What follows from assignments. Duties in one hospital say nothing of another: ask for both together."""

    __slots__ = ()
    assignments: tuple[Assignment, ...]

    @property
    def held(self) -> tuple[Assignment, ...]:
        """All that counts now."""
        return self.assignments

    @property
    def roles(self) -> frozenset[Role]:
        """Duties held anywhere: enough to be shown a page, never to see or change a thing on it."""
        return frozenset(one.role for one in self.held)

    @property
    def facilities(self) -> frozenset[str]:
        return self.places()

    def places(self, *roles: Role) -> frozenset[str]:
        """The hospitals where one of these duties (or any) is held; `EVERYWHERE` among them means all."""
        return frozenset(one.facility_id for one in self.held if not roles or one.role in roles)

    def covers(self, facility_id: str, *roles: Role) -> bool:
        """Whether one of these duties (or any) is held in this hospital."""
        return any(one.at(facility_id) for one in self.held if not roles or one.role in roles)

    def reaches(self, role: Role, facility_id: str, ward: str) -> bool:
        """Whether this duty is held for a device of this hospital and ward."""
        return any(one.reaches(facility_id, ward) for one in self.held if one.role is role)


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

    @property
    def declared(self) -> tuple[str, ...]:
        """Those of its networks that say from where its people come. Every address there is says nothing, so it counts
        as not declared (R-5), whenever it was entered: nothing would ever come from outside of it.
        """
        return tuple(one for one in self.networks if not one.endswith("/0"))

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
class Staff(_Assigned):
    """A person of the hospital, with his duties and where he has each."""

    id: str
    login: str
    name: str
    email: str
    assignments: tuple[Assignment, ...]
    language: str = "fr"
    active: bool = True


@dataclass(frozen=True, slots=True)
class Lent:
    """An approver's assignment that somebody else may use in his name for a time, by a delegation."""

    delegation_id: str
    by_id: str
    by_name: str
    assignment: Assignment


class ActorKind(StrEnum):
    STAFF = "staff"
    TECHNICIAN = "technician"
    OPERATOR = "operator"  # whoever runs the `bastion` command on the machine itself
    SYSTEM = "system"  # the bastion's own clockwork


@dataclass(frozen=True, slots=True)
class Actor(_Assigned):
    """Who acts, from where, and when he last proved a second factor. The first parameter of every use case."""

    kind: ActorKind
    id: str
    login: str
    name: str
    source: str = ""
    assignments: tuple[Assignment, ...] = ()
    supplier_id: str = ""
    language: str = "fr"
    factor_at: datetime | None = None
    token_id: str = ""
    withheld: tuple[Assignment, ...] = ()
    """Duties its owner has and a token was not made for: they serve nothing, and stand against him all the same."""
    lent: tuple[Lent, ...] = ()

    @property
    def held(self) -> tuple[Assignment, ...]:
        """His own assignments, and what others lent him."""
        return (*self.assignments, *(one.assignment for one in self.lent))

    def places(self, *roles: Role) -> frozenset[str]:
        """The bastion itself has no duty anywhere, and reads everything."""
        if self.kind is ActorKind.SYSTEM and not roles:
            return frozenset({EVERYWHERE})
        return _Assigned.places(self, *roles)

    def covers(self, facility_id: str, *roles: Role) -> bool:
        return (self.kind is ActorKind.SYSTEM and not roles) or _Assigned.covers(self, facility_id, *roles)


def system_actor(name: str = "bastion") -> Actor:
    return Actor(ActorKind.SYSTEM, "system", "system", name)


def operator_actor(login: str) -> Actor:
    """The person at the machine's own command line: already root there, so every role; and audited as such."""
    return Actor(
        ActorKind.OPERATOR,
        f"operator:{login}",
        login,
        login,
        source="console",
        assignments=assigned({Role.ADMIN, Role.SECURITY}, {EVERYWHERE}),
        language="en",
    )
