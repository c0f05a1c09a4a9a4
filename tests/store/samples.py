"""A small hospital to test with: one of each noun, and rows for them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bastion.domain.access_request import AccessRequest, InterventionKind, Person
from bastion.domain.credentials import SealedSecret
from bastion.domain.derogation import Derogation, DerogationKind
from bastion.domain.device import ChannelKind, Device, DeviceAccount, Endpoint, Protocol, SecretKind
from bastion.domain.grant import Grant
from bastion.domain.held_file import Direction, HeldFile
from bastion.domain.parties import Facility, Role, Staff, Supplier, Technician, TechnicianKey, assigned
from bastion.domain.session_record import SessionRecord
from bastion.store.database import Database
from policies.model import Sas

NOW = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)

CHU = Facility("fac-1", "CHU", "Centre hospitalier", "750000001")
GE = Supplier("sup-1", "acme", "Acme Imagerie", ("192.0.2.0/24", "2001:db8::/32"), NOW + 365 * 24 * HOUR)
ALICE = Technician("tec-1", "alice", "Alice Martin", "alice@acme.example", "sup-1", valid_until=NOW + 90 * 24 * HOUR)
KEY = TechnicianKey("key-1", "tec-1", "ssh-ed25519 AAAA", "SHA256:aaaa", "laptop", NOW)
BOB = Staff("stf-1", "bob", "Bob Leroy", "bob@chu.example", assigned({Role.APPROVER}, {"fac-1"}))
EVE = Staff("stf-2", "eve", "Eve Roux", "eve@chu.example", assigned({Role.APPROVER, Role.ADMIN}, {"*"}))
SCANNER = Device("dev-1", "ct-01", "CT scanner", "fac-1", frozenset({"sup-1"}), 3, ward="Radiology", serial="100%_A")
DOOR = Endpoint("end-1", "dev-1", Protocol.SSH, "ct-01.example", 22, ("ssh-ed25519 BBBB",), NOW, "Eve Roux")
SECRET = SealedSecret("sec-1", b"\x00sealed\xff", "0011223344556677", NOW)
ACCOUNT = DeviceAccount("acc-1", "dev-1", "service", SecretKind.PASSWORD, "sec-1")


def a_request(number: int = 1, **changes: Any) -> AccessRequest:
    request = AccessRequest(
        id=f"req-{number}",
        technician_id="tec-1",
        technician_name="Alice Martin",
        supplier_id="sup-1",
        device_id="dev-1",
        facility_id="fac-1",
        account_id="acc-1",
        kind=InterventionKind.TELEMAINTENANCE,
        reason="Gantry noise",
        work_order="WO-77",
        wanted=2 * HOUR,
        created_at=NOW + timedelta(seconds=number),
        expires_at=NOW + 8 * HOUR,
        created_by=Person("tec-1", "Alice Martin", "sup-1"),
        quorum=1,
        max_duration=4 * HOUR,
        policy_hash="f00d",
        policy_ids=("one-approver", "four-hours"),
        source="192.0.2.7",
    )
    return replace(request, **changes)


def a_grant(number: int = 1, **changes: Any) -> Grant:
    grant = Grant(
        id=f"gra-{number}",
        request_id=f"req-{number}",
        technician_id="tec-1",
        supplier_id="sup-1",
        device_id="dev-1",
        facility_id="fac-1",
        account_id="acc-1",
        kind=InterventionKind.TELEMAINTENANCE,
        channels=frozenset({ChannelKind.SHELL, ChannelKind.EXEC}),
        start=NOW,
        end=NOW + 2 * HOUR,
        idle_seconds=600,
        watcher=False,
        policy_hash="f00d",
        approved_by=("Bob Leroy",),
    )
    return replace(grant, **changes)


def a_session(number: int = 1, **changes: Any) -> SessionRecord:
    record = SessionRecord(
        id=f"ses-{number}",
        grant_id="gra-1",
        request_id="req-1",
        technician_id="tec-1",
        technician_name="Alice Martin",
        supplier_id="sup-1",
        device_id="dev-1",
        facility_id="fac-1",
        account_login="service",
        source="192.0.2.7",
        client="OpenSSH_9.2",
        node="node-a",
        started_at=NOW + timedelta(minutes=number),
    )
    return replace(record, **changes)


def a_held_file(number: int = 1, **changes: Any) -> HeldFile:
    file = HeldFile(
        id=f"fil-{number}",
        session_id="ses-1",
        grant_id="gra-1",
        request_id="req-1",
        device_id="dev-1",
        facility_id="fac-1",
        supplier_id="sup-1",
        technician_id="tec-1",
        technician_name="Alice Martin",
        node="node-a",
        direction=Direction.IN,
        path=f"/fw/{number}.bin",
        sas=Sas.PERSON,
        arrived_at=NOW + timedelta(seconds=number),
        expires_at=NOW + timedelta(days=7),
    )
    return replace(file, **changes)


def a_derogation(number: int = 1, **changes: Any) -> Derogation:
    derogation = Derogation(
        id=f"der-{number}",
        device_id="dev-1",
        kind=DerogationKind.SSH_LEGACY,
        algorithms=("ssh-rsa", "aes128-cbc"),
        owner="Dr Vasseur",
        reason="no update from the maker",
        starts=NOW,
        ends=NOW + timedelta(days=90),
        created_by="Eve Roux",
        created_at=NOW,
    )
    return replace(derogation, **changes)


async def fill(database: Database, *, upto: str = "devices") -> None:
    """Write the hospital; with `upto="grants"` also request 1 and its grant."""
    async with database.write() as uow:
        await uow.facilities.add(CHU)
        await uow.suppliers.add(GE)
        await uow.technicians.add(ALICE)
        await uow.keys.add(KEY)
        for person in (BOB, EVE):
            await uow.staff.add(person)
        await uow.devices.add(SCANNER)
        await uow.endpoints.add(DOOR)
        await uow.secrets.add(SECRET)
        await uow.accounts.add(ACCOUNT)
        if upto == "grants":
            await uow.requests.add(a_request())
            await uow.grants.add(a_grant())
