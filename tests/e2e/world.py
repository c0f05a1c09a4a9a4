"""A small hospital with a running bastion and a device, all real, in the test's own event loop."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pyotp
import pytest

from bastion import clock
from bastion.demo import sshd
from bastion.domain import work_plan
from bastion.domain.access_request import InterventionKind
from bastion.domain.conditions import PLAIN, Terms
from bastion.domain.device import Device, SecretKind
from bastion.domain.grant import Grant
from bastion.domain.parties import Actor, ActorKind, Role, Staff, Technician, operator_actor
from bastion.jobs import Archive
from bastion.proxy.ssh.caller import Door
from bastion.proxy.ssh.scan import scan_host_keys
from bastion.proxy.ssh.server import Listener, listen
from bastion.proxy.supervisor import Keeping, Supervisor
from bastion.proxy.tcp import Networks
from bastion.secret import Secret
from bastion.services.actors import staff_actor
from bastion.services.bundle import Services, build
from bastion.services.directory import FacilityForm, SupplierForm
from bastion.services.drafts import RequestDraft
from bastion.services.inventory import DeviceForm
from bastion.services.people import StaffForm, TechnicianForm
from bastion.services.replay import RecordingStore
from bastion.store.database import Database
from bastion.store.vault import Vault
from recordings import replay
from recordings.blobs import FileBlobs
from recordings.model import Seal
from recordings.signing import Signer
from tests.e2e.clients import Done, Screen, free_port, run
from tests.policy_sets import engine
from tests.services.house import a_file_keeping, undertake

OPERATOR = replace(operator_actor("root"), id="operator:root")
SOURCE = "127.0.0.1"
NETWORKS = Networks(["127.0.0.0/8"])


@dataclass
class Person:
    """A technician with his own key on the disk and his own authenticator."""

    technician: Technician
    key: Path
    totp: str

    @property
    def actor(self) -> Actor:
        who = self.technician
        return Actor(
            ActorKind.TECHNICIAN, who.id, who.login, who.name, SOURCE, supplier_id=who.supplier_id,
            language=who.language, factor_at=clock.now(),
        )  # fmt: skip


async def _scan(host: str, port: int, legacy: tuple[str, ...]) -> list[str]:
    return await scan_host_keys(host, port, NETWORKS, legacy)


class World:
    def __init__(self, home: Path, database: Database, policies: Path | None = None) -> None:
        self.home = home
        self.database = database
        self.signer = Signer.generate(home / "signing.key")
        for name in ("recordings", "spool", "device"):
            (home / name).mkdir()
        self.archive = Archive(home / "spool", FileBlobs(home / "recordings"), self.signer, 0)
        make_key(home / "host_key")
        store = RecordingStore(self.archive.blobs, self.signer.public)
        vault = Vault.open(home / "vault.key")
        self.services: Services = build(database, vault, engine(policies), store, _scan, a_file_keeping(home))
        self.supervisor = self.new_supervisor()
        self.door = Door(self.services, self.supervisor, "en", NETWORKS)
        self.listener: Listener
        self.eve: Staff
        self.ruth: Staff
        self.alice: Person
        self.device: Device
        self.account = ""
        self._closing: list[asyncio.subprocess.Process | asyncssh.SSHAcceptor] = []

    def new_supervisor(self, seal=None, max_age: float = 10.0) -> Supervisor:
        return Supervisor(self.services, "n1", Keeping(self.home / "spool", seal or self.seal), max_age)

    def seal(self, recording_id: str) -> Seal:
        return self.archive.seal(recording_id)

    # -- life ----------------------------------------------------------------------------------------------------------
    async def open(self) -> None:
        self.supervisor.start()
        self.listener = await listen(self.door, "127.0.0.1", 0, self.home / "host_key")
        await self._people()

    async def close(self) -> None:
        self.listener.close()
        await self.supervisor.stop()
        for thing in self._closing:
            if isinstance(thing, asyncio.subprocess.Process):
                await sshd.stop(thing)
            else:
                thing.close()

    async def settled(self) -> None:
        """Wait until every session that ended is sealed and kept."""
        async with asyncio.timeout(60):
            while self.supervisor.lives or [t for t in self.supervisor._tasks if "good-bye" not in t.get_name()]:
                await asyncio.sleep(0.02)

    # -- the hospital --------------------------------------------------------------------------------------------------
    async def _people(self) -> None:
        directory, people = self.services.directory, self.services.people
        await directory.save_facility(OPERATOR, FacilityForm("chu", "CHU Demo", "750000001"))
        await directory.save_supplier(OPERATOR, SupplierForm("acme", "Acme Imaging", ("127.0.0.0/8",)))
        self.eve = await people.save_staff(OPERATOR, _staff("eve", Role.APPROVER))
        self.ruth = await people.save_staff(OPERATOR, _staff("ruth", Role.SECURITY, Role.ADMIN))
        self.alice = await self.person("alice", "en")

    async def person(self, login: str, language: str = "en") -> Person:
        form = TechnicianForm(login, f"{login.title()} Martin", f"{login}@acme", "acme", language)
        technician = await self.services.people.save_technician(OPERATOR, form)
        key = self.home / f"{login}_key"
        make_key(key)
        public = key.with_name(f"{key.name}.pub").read_text().strip()
        await self.services.people.add_key(OPERATOR, technician.id, public, "laptop")
        await undertake(self.services, technician)
        uri = await self.services.enrolment.technician_totp(OPERATOR, technician.id)
        return Person(technician, key, pyotp.parse_uri(uri).secret)

    async def real_device(self, code: str = "ct-01") -> Device:
        """A real OpenSSH server, commissioned: scanned, pinned, with an account that logs in by key."""
        folder = self.home / "device"
        secret = Secret.of(sshd.device_key(folder))
        port = free_port()
        binary = sshd.find()
        assert binary, "there is no sshd on this machine"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sshd, "CONFIG", sshd.CONFIG + "SetEnv HOME={folder}\n")  # our shell, not the user's own
            self._closing.append(await sshd.start(binary, folder, port))
        return await self.commission(code, port, sshd.login(), SecretKind.PRIVATE_KEY, secret)

    async def simulated_device(
        self, factory, code: str = "sim-01", *, server=None, password="s3cret", **options
    ) -> Device:
        """A device of our own making; `factory` handles its processes. It lets `svc` in with `s3cret`."""
        key = asyncssh.generate_private_key("ssh-ed25519")
        acceptor = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=server or PasswordDevice, server_host_keys=[key], process_factory=factory,
            encoding=None, line_editor=False, **options,
        )  # fmt: skip
        self._closing.append(acceptor)
        return await self.commission(code, acceptor.get_port(), "svc", SecretKind.PASSWORD, Secret.of(password))

    async def commission(self, code: str, port: int, account: str, kind: SecretKind, secret: Secret) -> Device:
        inventory = self.services.inventory
        form = DeviceForm(code, f"Device {code}", "chu", ("acme",), 2, "Imaging", "B12")
        device = await inventory.save_device(OPERATOR, form)
        endpoint = await inventory.save_endpoint(OPERATOR, device.id, "127.0.0.1", port)
        offer = await inventory.scan_host_keys(OPERATOR, endpoint.id)
        await inventory.pin_host_keys(OPERATOR, endpoint.id, frozenset(offer.fingerprints))
        await inventory.save_account(OPERATOR, device.id, account, kind, secret)
        self.device = device
        return device

    # -- what people do ------------------------------------------------------------------------------------------------
    def staff(self, person: Staff) -> Actor:
        return staff_actor(person, SOURCE, clock.now())

    async def ask(
        self, *, minutes: int = 60, acknowledged: bool = True, who: Person | None = None,
        kind: InterventionKind = InterventionKind.TELEMAINTENANCE,
    ):  # fmt: skip
        draft = RequestDraft(
            self.device.code, kind, "replace the tube", minutes, "WO-1",
            notice_accepted=acknowledged, plan=work_plan.PLAIN,
        )  # fmt: skip
        return await self.services.access.request((who or self.alice).actor, draft)

    async def approve(self, request, minutes: int = 60, terms: Terms = PLAIN):
        approver = self.staff(self.eve)
        return await self.services.approvals.approve(approver, request.id, request.version, minutes, "ok", terms)

    async def grant(
        self, *, minutes: int = 60, acknowledged: bool = True, who: Person | None = None, ends_in: float | None = None,
        kind: InterventionKind = InterventionKind.TELEMAINTENANCE, terms: Terms = PLAIN,
    ) -> Grant:  # fmt: skip
        """Ask and approve. With `ends_in` it happened so long ago that only those seconds are left."""
        with clock_moved(0 if ends_in is None else ends_in - minutes * 60):
            asked = await self.ask(minutes=minutes, acknowledged=acknowledged, who=who, kind=kind)
            request = await self.approve(asked, minutes, terms)
        async with self.database.read() as uow:
            return await uow.grants.get(request.grant_id)

    async def forget_codes(self) -> None:
        """Make the codes of this half minute usable again; only a test may."""
        async with self.database.write() as uow:
            await uow.totp_uses.forget(2**40)

    # -- clients -------------------------------------------------------------------------------------------------------
    def options(self, who: Person | None = None, *, code: str | None = None) -> tuple[list[str], dict[str, str]]:
        """Arguments and environment of an OpenSSH client that answers the code by itself."""
        person = who or self.alice
        answer = self.home / "askpass"
        answer.write_text(f"#!/bin/sh\necho '{pyotp.TOTP(person.totp).now() if code is None else code}'\n")
        answer.chmod(0o700)
        arguments = [
            "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={self.home}/known",
            "-o", "IdentitiesOnly=yes", "-o", "LogLevel=INFO", "-o", "NumberOfPasswordPrompts=1",
            "-i", str(person.key),
        ]  # fmt: skip
        environment = {
            "PATH": "/usr/bin:/bin", "SSH_ASKPASS": str(answer), "SSH_ASKPASS_REQUIRE": "force", "TERM": "xterm",
            "HOME": str(self.home), "LANG": "C.UTF-8",
        }  # fmt: skip
        return arguments, environment

    async def ssh(
        self, *extra: str, name: str | None = None, stdin: bytes = b"", code: str | None = None,
        who: Person | None = None, before: list[str] | None = None, timeout: float = 15,
    ) -> Done:  # fmt: skip
        """Run `ssh` to the end. `extra` follows the address: the command."""
        arguments, environment = self.options(who, code=code)
        address = f"{name or f'alice+{self.device.code}'}@127.0.0.1"
        command = ["ssh", *arguments, *(before or []), "-p", str(self.listener.port), address, *extra]
        return await run(command, environment, stdin, timeout)

    def screen(self, *extra: str, name: str | None = None, who: Person | None = None, before=(), **size) -> Screen:
        """Start `ssh` on a terminal of its own."""
        arguments, environment = self.options(who)
        address = f"{name or f'alice+{self.device.code}'}@127.0.0.1"
        command = ["ssh", "-tt", *arguments, *before, "-p", str(self.listener.port), address, *extra]
        return Screen(command, environment, **size)

    # -- what is left --------------------------------------------------------------------------------------------------
    async def tags(self, prefix: str = "") -> list[str]:
        return [event.tag for event in await self.events(prefix)]

    async def events(self, prefix: str = ""):
        """Audit events, oldest first."""
        async with self.database.read() as uow:
            return list(reversed(await uow.audit.search(tag_prefix=prefix, limit=1000)))

    async def records(self):
        async with self.database.read() as uow:
            return await uow.sessions.search(limit=100)

    async def recorded(self, direction: str, session: int = 0, track: int = 0) -> bytes:
        """The bytes of one direction of a sealed recording, the newest session first."""
        await self.settled()
        record = (await self.records())[session]
        return recorded(self.archive, self.signer, record.id, direction, track)

    async def cast(self) -> list[Any]:
        """The events of the newest session's first track as the player has them: interval, code, text."""
        await self.settled()
        return played(self.archive, self.signer, (await self.records())[0].id)


def played(archive: Archive, signer: Signer, recording_id: str) -> list[Any]:
    """The events of the first track as the player has them."""
    opened = replay.open_recording(archive.blobs, recording_id, signer.public)
    return [json.loads(line) for line in b"".join(opened.cast(0)).splitlines()[1:]]


def recorded(archive: Archive, signer: Signer, recording_id: str, direction: str, track: int = 0) -> bytes:
    opened = replay.open_recording(archive.blobs, recording_id, signer.public)
    return b"".join(frame.data for frame in opened.frames(track) if frame.code == direction)


@contextmanager
def clock_moved(seconds: float) -> Iterator[None]:
    """Set the wall clock forward or back while in the context."""
    real = clock.now
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: real() + timedelta(seconds=seconds))
        yield


def make_key(path: Path) -> None:
    """Make an Ed25519 key pair for SSH, `path` and `path`.pub."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    path.touch(0o600)
    key.write_private_key(path)
    key.write_public_key(f"{path}.pub")


class PasswordDevice(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("svc", "s3cret")


def _staff(login: str, *roles: Role) -> StaffForm:
    return StaffForm(login, login.title(), f"{login}@chu", frozenset(roles), (), "en")
