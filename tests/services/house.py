"""A small hospital with its people and one scanner, made through the services themselves, then copied."""

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import pyotp
import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bastion import clock
from bastion.domain.access_request import AccessRequest, InterventionKind
from bastion.domain.device import Device, SecretKind
from bastion.domain.parties import Actor, ActorKind, Role, Staff, Technician, assigned, operator_actor
from bastion.domain.undertaking import SHIPPED, Way
from bastion.domain.work_plan import PLAIN
from bastion.errors import AuthenticationFailed
from bastion.secret import Secret
from bastion.services.actors import staff_actor, technician_actor
from bastion.services.antivirus import Antivirus
from bastion.services.bundle import Outward, Services, build
from bastion.services.directory import FacilityForm, SupplierForm
from bastion.services.drafts import RequestDraft
from bastion.services.files import FileKeeping
from bastion.services.inventory import DeviceForm, Inventory
from bastion.services.invitations import Answers
from bastion.services.opening import Connection
from bastion.services.passwords import Passwords
from bastion.services.people import StaffForm, TechnicianForm
from bastion.services.replay import RecordingStore
from bastion.store.database import Database
from bastion.store.quarantine import Quarantine
from bastion.store.vault import Vault
from recordings.blobs import FileBlobs
from recordings.signing import Signer
from tests.copied import Rows
from tests.policy_sets import engine

P = TypeVar("P", Actor, Staff)
SOURCE = "127.0.0.1"
OPERATOR = replace(operator_actor("root"), id="operator:root")
CONNECTION = Connection(node="n1", client="OpenSSH_9.2", fingerprint="SHA256:x", factors="key totp")
WITH_LINKS = Outward(link_length=timedelta(minutes=30))
"""Mails that carry a link to the request they ask about."""
PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""What keeping a password costs here: next to nothing, as hundreds are kept; `test_authentication` has the real price.
"""


def public_line() -> str:
    """A fresh Ed25519 public key, one OpenSSH line."""
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def private_text() -> Secret:
    key = Ed25519PrivateKey.generate()
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))


@dataclass
class House:
    services: Services
    database: Database
    vault: Vault
    recordings: RecordingStore
    eve: Staff
    max: Staff
    ruth: Staff
    alice: Technician
    alice_key: str
    alice_totp: str
    bob: Technician
    device: Device
    device_keys: list[str]
    stranger_id: str = ""

    def staff(self, person: Staff, *, fresh: bool = True) -> Actor:
        return staff_actor(person, SOURCE, clock.now() if fresh else None)

    def technician(self, person: Technician | None = None, source: str = SOURCE) -> Actor:
        who = person or self.alice
        return Actor(
            ActorKind.TECHNICIAN, who.id, who.login, who.name, source, supplier_id=who.supplier_id, language="en",
            factor_at=clock.now(),
        )  # fmt: skip

    def draft(self, **changes: object) -> RequestDraft:
        usual = RequestDraft("ct-01", InterventionKind.TELEMAINTENANCE, "replace the tube", 60, "WO-1", plan=PLAIN)
        return replace(usual, **changes)

    async def asked(self, **changes: object) -> AccessRequest:
        return await self.services.access.request(self.technician(), self.draft(**changes))

    async def approved(self, minutes: int = 60, **changes: object) -> AccessRequest:
        request = await self.asked(**changes)
        return await self.services.approvals.approve(self.staff(self.eve), request.id, request.version, minutes, "ok")

    async def opened(self, **changes: object):
        request = await self.approved(**changes)
        await self.services.sessions.acknowledge(self.technician(), request.grant_id, "terminal")
        return await self.services.sessions.open(self.technician(), request.grant_id, CONNECTION)

    async def tags(self, prefix: str = "") -> list[str]:
        async with self.database.read() as uow:
            return [e.tag for e in reversed(await uow.audit.search(tag_prefix=prefix, limit=500))]

    async def event(self, tag: str):
        async with self.database.read() as uow:
            return (await uow.audit.search(tag_prefix=tag, limit=1))[0]


def a_file_keeping(home: Path, clamd: str = "") -> FileKeeping:
    return FileKeeping(Quarantine(home / "quarantine", 1), Antivirus(clamd), timedelta(days=7))


@contextlib.asynccontextmanager
async def audited_house(database: Database, home: Path, outward: Outward | None = None) -> AsyncIterator["House"]:
    """A house whose audit trail must be whole when one is done with it."""
    built = await build_house(database, home, outward)
    yield built
    async with database.read() as uow:
        verdict = await uow.audit.verify()
    assert verdict.ok, (verdict.broken_at, verdict.why)


async def build_house(database: Database, home: Path, outward: Outward | None = None) -> House:
    """A house of one's own, in an empty database. Its rows are made once per process and make of database."""
    dialect = database._backend.dialect
    if dialect in _PLANS:
        await _PLANS[dialect].put(database, home)
    else:
        _PLANS[dialect] = await _plan(database, home)
    plan = _PLANS[dialect]
    device_keys = [plan.host_key]
    signer = Signer.generate(home / "signing.key")
    (home / "recordings").mkdir()
    (home / "spool").mkdir()
    recordings = RecordingStore(FileBlobs(home / "recordings"), signer.public)
    vault = Vault.open(home / "vault.key")
    services = services_of(database, home, vault, recordings, device_keys, outward)
    return House(services, database, vault, recordings, device_keys=device_keys, **plan.people)


@dataclass(frozen=True)
class _Plan:
    """What a house is copied from. Its rows are as old as the process; nothing that a test looks at may be younger."""

    rows: Rows
    vault_key: bytes
    host_key: str
    people: dict[str, Any]

    async def put(self, database: Database, home: Path) -> None:
        key = home / "vault.key"
        key.touch(0o600, exist_ok=False)
        key.write_bytes(self.vault_key)
        async with database.write() as uow:
            await self.rows.into(uow.transaction)


_PLANS: Final[dict[str, _Plan]] = {}
_NOW: Final = clock.now


async def _plan(database: Database, home: Path) -> _Plan:
    """Build a house, through the services and in the present, whatever the test makes of the time."""
    host_key, recordings = public_line(), RecordingStore(FileBlobs(home), Ed25519PrivateKey.generate().public_key())
    services = services_of(database, home, Vault.open(home / "vault.key"), recordings, [host_key])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", _NOW)
        people = await _furnish(services)
    return _Plan(await Rows.of(database), (home / "vault.key").read_bytes(), host_key, people)


def services_of(
    database: Database, home: Path, vault: Vault, recordings: RecordingStore, device_keys: list[str],
    outward: Outward | None = None,
) -> Services:  # fmt: skip
    async def scan(host: str, port: int, legacy: tuple[str, ...]) -> list[str]:
        return list(device_keys)

    services = build(database, vault, engine(), recordings, scan, a_file_keeping(home), outward=outward)
    services.authentication.passwords = Passwords(CHEAP)
    return services


async def _furnish(services: Services) -> dict[str, Any]:
    """Register the people and the scanner; return them by their names in `House`."""
    await services.directory.save_facility(OPERATOR, FacilityForm("chu", "CHU Demo", "750000001"))
    await services.directory.save_facility(OPERATOR, FacilityForm("ch2", "CH Deux", "750000002"))
    for code, name in (("acme", "Acme Imaging"), ("other", "Other Lab")):
        await services.directory.save_supplier(OPERATOR, SupplierForm(code, name, ("127.0.0.0/8",)))
    people = services.people
    eve = await people.save_staff(OPERATOR, _staff("eve", {Role.APPROVER}, ("chu",)))
    max_ = await people.save_staff(OPERATOR, _staff("max", {Role.APPROVER}, ()))
    ruth = await people.save_staff(OPERATOR, _staff("ruth", {Role.SECURITY, Role.ADMIN}, ()))
    alice = await people.save_technician(OPERATOR, TechnicianForm("alice", "Alice Martin", "a@acme", "acme", "en"))
    bob = await people.save_technician(OPERATOR, TechnicianForm("bob", "Bob Petit", "b@other", "other", "fr"))
    for person in (alice, bob):
        await undertake(services, person)
    key = public_line()
    await people.add_key(OPERATOR, alice.id, key + " alice@laptop", "laptop")
    totp = pyotp.parse_uri(await services.enrolment.technician_totp(OPERATOR, alice.id)).secret
    return {
        "eve": eve, "max": max_, "ruth": ruth, "alice": alice, "alice_key": key, "alice_totp": totp, "bob": bob,
        "device": await _scanner(services.inventory),
    }  # fmt: skip


async def _scanner(inventory: Inventory) -> Device:
    device = await inventory.save_device(
        OPERATOR, DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 2, "Imagerie", "B12")
    )
    endpoint = await inventory.save_endpoint(OPERATOR, device.id, "127.0.0.1", 2200)
    offer = await inventory.scan_host_keys(OPERATOR, endpoint.id)
    await inventory.pin_host_keys(OPERATOR, endpoint.id, frozenset(offer.fingerprints))
    await inventory.save_account(OPERATOR, device.id, "service", SecretKind.PASSWORD, Secret.of("canary-s3cret"))
    return device


async def undertake(services: Services, person: Technician) -> None:
    """Let a technician accept the shipped undertaking, as he would at his first sign-in."""
    actor = technician_actor(person, SOURCE, clock.now())
    await services.undertakings.accept(actor, SHIPPED.version, Way.ENROLMENT)


def moved(actor: Actor, facility_ids: set[str]) -> Actor:
    """The same duties, in these hospitals only."""
    return replace(actor, assignments=assigned(actor.roles, facility_ids))


def as_only(person: P, roles: Iterable[Role]) -> P:
    """The same person with these roles instead, where he works."""
    return replace(person, assignments=assigned(roles, person.facilities))


def _staff(login: str, roles: set[Role], facilities: tuple[str, ...]) -> StaffForm:
    return StaffForm(login, login.title(), f"{login}@chu", frozenset(roles), facilities, "en")


async def set_up(house: House, person: Technician) -> str:
    """Let a technician use his invitation's link; return his authenticator's secret, its present code unspent."""
    links = house.services.invitations
    link = await links.invite(OPERATOR, person.id)
    secret = pyotp.parse_uri((await links.look(link, SOURCE)).authenticator).secret
    for _ in range(2):  # the step may end while the password is hashed
        code, key = pyotp.TOTP(secret).at(clock.now(), counter_offset=-1), public_line()
        with contextlib.suppress(AuthenticationFailed):
            await links.accept(link, Answers(PASSWORD, code, key), SOURCE)
            break
    return secret


async def enrol(house: House, person: Staff, at: datetime | None = None) -> tuple[str, str]:
    """Give a staff member a password and an authenticator; return both."""
    secret = await house.services.enrolment.invite(OPERATOR, person.id)
    _staff_member, uri = await house.services.enrolment.begin(secret, SOURCE)
    totp = pyotp.parse_uri(uri).secret
    code = pyotp.TOTP(totp).at(at or clock.now())
    await house.services.enrolment.finish(secret, PASSWORD, code, SOURCE)
    return PASSWORD, totp
