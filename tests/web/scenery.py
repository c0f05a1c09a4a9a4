"""Things to see: requests that wait, people at work, sealed recordings, and one supplier who types hostile text."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bastion import clock
from bastion.config import MailServer
from bastion.domain.access_request import AccessRequest, InterventionKind
from bastion.domain.announced_file import AnnouncedFile
from bastion.domain.derogation import DerogationKind
from bastion.domain.device import Device, SecretKind
from bastion.domain.held_file import Direction, HeldFile, Scan
from bastion.domain.parties import Technician
from bastion.domain.session_effects import Audit
from bastion.domain.session_events import EndReason
from bastion.domain.session_record import SessionRecord
from bastion.domain.telling import DeliveryState, Topic
from bastion.domain.work_plan import PLAIN, PatientData, WorkPlan
from bastion.proxy.files.rights import NO_DELETE
from bastion.secret import Secret
from bastion.services.antivirus import Scanned
from bastion.services.couriers import Couriers
from bastion.services.derogations import DerogationForm
from bastion.services.drafts import RequestDraft
from bastion.services.inventory import DeviceForm
from bastion.services.opening import Connection
from bastion.services.people import TechnicianForm
from bastion.services.professionals import ProfessionalForm
from bastion.services.screens import ScreenGuard
from bastion.services.sessions import Ending
from bastion.services.views import Opened
from bastion.services.webhooks import WebhookForm
from recordings import container
from recordings import recorder as recording
from recordings.files import BEGUN, BROKEN_OFF, DONE, FileLine
from recordings.model import TrackKind
from recordings.recorder import Recorder
from recordings.signing import Signer
from tests.services.house import OPERATOR, SOURCE, House, undertake

HOSTILE = (
    "\x1b]52;c;aGFjaw==\x07<script>window.hacked=1</script>"
    "\x9b31m\u202egnp.exe {{7*7}} \"'><img src=x onerror=alert(1)>"
)
CONSOLE = "OpenSSH_9.7 PuTTY-compatible"
PROMPT = "service@ct-01:~$ "
LOG = (  # what the device shows, and after a prompt what the technician types
    ("o", "\x1b[2J\x1b[H\x1b[1;36mTomolux 64\x1b[0m  reconstruction console  v7.2.1\r\n\r\n" + PROMPT),
    ("i", "systemctl status gantry"),
    ("o", "\x1b[32m●\x1b[0m gantry.service - rotor control\r\n   Active: \x1b[32mactive (running)\x1b[0m\r\n" + PROMPT),
    ("i", "tail -3 /var/log/gantry.log"),
    ("o", "10:41:03 rotor 0.35 s/turn ok\r\n10:41:07 \x1b[33mwarning\x1b[0m: tube temperature 71 °C\r\n" + PROMPT),
    ("i", "exit"),
)


def moved(op: str, path: str, size: int, outcome: str = DONE, pieces: str = "") -> tuple[FileLine, FileLine]:
    """The two lines of a transfer."""
    direction, sha256 = "in" if op == "put" else "out", hashlib.sha256(path.encode("utf-8", "replace")).hexdigest()
    return (
        FileLine(op, direction, path, outcome=BEGUN),
        FileLine(op, direction, path, "", size, sha256, pieces, size / 4e7, outcome),
    )


FILES = (
    *moved("put", "/opt/tomolux/update/recon-7.2.2.bin", 48_213_004),
    *moved("get", "/var/log/gantry/été 2026/rotation.log", 18_204),
    *moved("get", "/data/export/série-12.dcm", 524_288, "held: 42520689"),
    *moved("put", "/opt/tomolux/update/tables.db", 3_145_728, BROKEN_OFF, "scattered"),
    FileLine("rename", path="/opt/tomolux/recon.bin", target="/opt/tomolux/recon.bin.2026-11-22", outcome=DONE),
    FileLine("remove", path="/opt/tomolux/licence.key", outcome=f"refused: {NO_DELETE.sentence}"),
    moved("put", "/opt/tomolux/update/notes.pdf", 0)[0],
)
TUNNELS = (("tcp ct-01:104 dicom", b"A-ASSOCIATE-RQ", b"A-ASSOCIATE-AC"), ("tcp ct-01:443 https", 51_200, 48_000_000))
"""What they lead to and what passed each way: bytes, or only how many."""


HELD = (
    (Direction.IN, "/opt/siemens/maj/firmware-7.2.2.bin", bytes(4_800_000), Scanned(Scan.CLEAN)),
    (Direction.IN, "/opt/siemens/maj/outil é\\xff.exe", b"MZ" * 900, Scanned(Scan.INFECTED, "Win.Test.EICAR")),
    (Direction.IN, "/opt/siemens/config/compressor.ini", b"[he]" * 30, Scanned(Scan.UNSCANNED, "not_configured")),
    (
        Direction.OUT, "/var/log/syngo/examens-2026-11-22.log",
        b"MSH|^~\\&|LAB|CHU|||20261122||ORU^R01|1|P|2.5\rPID|1||77^^^CHU||DUPONT^JEANNE||19700101|F\r" * 12,
        Scanned(Scan.CLEAN),
    ),
)  # fmt: skip
"""What comes to the release desk, which way, and what the scanner says of it."""


class Verdicts:
    """An antivirus that says what the scene wants."""

    def __init__(self, answer: Scanned) -> None:
        self.answer = answer

    async def scan(self, file: object, size: int) -> Scanned:
        return self.answer


VASSEUR = ProfessionalForm("chu", "Dr Hélène Vasseur", "radiothérapeute")
PATCH = WorkPlan(
    keeps="Le faisceau reste à l’arrêt ; la dosimétrie et l’archivage restent utilisables.",
    procedure="1. Vérifier la sauvegarde\n2. Arrêter le poste\n3. Installer le correctif 6.2.1\n4. Contrôle de dose",
    people=("Jeanne Roy (application)", "Marc Vidal"), patient_data=PatientData.NEEDED,
    professional="Dr Hélène Vasseur, radiothérapeute", patient_why="Vérifier l’ouverture d’un plan de traitement réel",
    software_change=True, backup_at=clock.now() - timedelta(hours=3), backup_place="NAS biomédical, dossier linac-1",
    rollback="Restaurer l’image du poste (40 min)",
)  # fmt: skip


class Scenery:
    def __init__(self, house: House, home: Path) -> None:
        self.house = house
        self.home = home
        self.approvers = (house.eve, house.max)

    async def device(self, code: str, name: str, criticality: int, ward: str, room: str, *extra: str) -> Device:
        """A commissioned device: address, confirmed identity, account."""
        inventory = self.house.services.inventory
        maker, model, serial = (*extra, "", "", "")[:3]
        form = DeviceForm(code, name, "chu", ("acme",), criticality, ward, room, maker, model, serial)
        device = await inventory.save_device(OPERATOR, form)
        endpoint = await inventory.save_endpoint(OPERATOR, device.id, "10.20.4.17", 22, shared=True)
        offer = await inventory.scan_host_keys(OPERATOR, endpoint.id)
        await inventory.pin_host_keys(OPERATOR, endpoint.id, frozenset(offer.fingerprints), shared=True)
        await inventory.save_account(OPERATOR, device.id, "service", SecretKind.PASSWORD, Secret.of("canary-s3cret"))
        return device

    async def technician(self, login: str, name: str) -> Technician:
        form = TechnicianForm(login, name, f"{login}@acme.example", "acme", "fr")
        saved = await self.house.services.people.save_technician(OPERATOR, form)
        await undertake(self.house.services, saved)
        return saved

    async def ask(self, who: Technician, code: str, reason: str, minutes: int = 60, **more: object) -> AccessRequest:
        usual = RequestDraft(code, InterventionKind.TELEMAINTENANCE, reason, minutes, "GMAO-48213", plan=PLAIN)
        return await self.house.services.access.request(self.house.technician(who), replace(usual, **more))

    async def at_work(self, who: Technician, code: str, reason: str, minutes: int = 60, **more: object) -> Opened:
        """An agreed request with an open session; two people agree where the device is vital."""
        services, actor = self.house.services, self.house.technician(who)
        request = await self.ask(who, code, reason, minutes, **more)
        for approver in self.approvers[: request.quorum]:
            request = await services.approvals.approve(
                self.house.staff(approver), request.id, request.version, minutes, "Patient sorti, salle libre."
            )
        await services.sessions.acknowledge(actor, request.grant_id, "terminal")
        return await services.sessions.open(actor, request.grant_id, Connection("n1", CONSOLE, "SHA256:x", "key totp"))

    async def derogate(self, code: str, kind: DerogationKind, *names: str, days: float = 200) -> None:
        """Allow something old on a device (R-10)."""
        (view,) = await self.house.services.inventory.devices(self.house.staff(self.house.max), code)
        form = DerogationForm(
            kind, "Dr Hélène Vasseur", "Plus de mise à jour du fabricant ; réseau isolé (VLAN 12).",
            clock.now() + timedelta(days=days), names,
        )  # fmt: skip
        await self.house.services.derogations.make(OPERATOR, view.device.id, form)

    async def recorded(
        self, who: Technician, code: str, reason: str, ending: EndReason = EndReason.TECHNICIAN_LEFT, by: str = "",
        why: str = "", shown: str = "", files: Iterable[FileLine] = (), tunnels: Iterable[tuple[str, Any, Any]] = (),
        terminals: bool = True,
    ) -> SessionRecord:  # fmt: skip
        """A session that was at work, ended, and lies sealed in the store: terminal, command, files, tunnels."""
        opened = await self.at_work(who, code, reason)
        with _told_the_time() as goes_on:
            recorder = Recorder.start(self.home / "spool", opened.meta, min_free=0)
            if terminals:
                self._film(recorder, shown, goes_on)
            self._transfers(recorder, tuple(files), tunnels)
            recorder.finish(clock.now().isoformat(), "technician_left")
        await self.house.services.sessions.note(opened.record, _facts(files, tunnels, terminals=terminals))
        signer = Signer.load(self.home / "signing.key")
        seal = container.seal(self.home / "spool" / opened.record.id, self.house.recordings.blobs, signer, ScreenGuard)
        await self.house.services.sessions.closed(
            opened.record, Ending(ending, by, why, seal.digest, seal.bytes, seal.seconds, seal.findings, seal.acts)
        )
        await self.house.services.approvals.revoke(self.house.staff(self.house.max), opened.grant.id, "Terminé")
        return opened.record

    def _transfers(self, recorder: Recorder, files: tuple[FileLine, ...], tunnels: Iterable[tuple[str, Any, Any]]):
        plain = {"cols": 0, "rows": 0, "term": "", "pty": False}
        if files:
            track = recorder.open_track(3, TrackKind.FILES, **plain)
            for line in files:
                track.file(line)
            track.exit("0")
        for channel, (target, sent, received) in enumerate(tunnels, start=4):
            track = recorder.open_track(channel, TrackKind.TUNNEL, command=target, **plain)
            for direction, passed in (("i", sent), ("o", received)):
                if isinstance(passed, bytes):
                    track.write(direction, passed)
                else:
                    track.passed(direction, passed)
            track.exit("closed")

    async def held(self, opened: Opened) -> list[HeldFile]:
        """What lies in the release desk: nobody could scan any of it, one is damaged goods, one holds patients."""
        return [await self._held(opened, *one) for one in HELD]

    async def _held(self, opened: Opened, direction: Direction, path: str, content: bytes, found: Scanned) -> HeldFile:
        files = self.house.services.files
        usual, files._antivirus = files._antivirus, Verdicts(found)
        try:
            file, arrival = await files.arriving(opened.record, opened.grant, direction, path)
            arrival.write(0, content)
            return await files.arrived(opened.record, file, arrival)
        finally:
            files._antivirus = usual

    def _film(self, recorder: Recorder, shown: str, goes_on: Callable[[float], None]):
        shell = recorder.open_track(1, TrackKind.SHELL, cols=80, rows=20, term="xterm-256color", pty=True)
        for direction, text in (*LOG, ("o", shown)):
            if direction == "i":  # the device echoes what is typed
                shell.write("i", text.encode() + b"\r")
                shell.write("o", text.encode() + b"\r\n")
            else:
                shell.write("o", text.encode())
            goes_on(0.05)
        shell.exit("0")
        shell.close()
        single = recorder.open_track(2, TrackKind.EXEC, cols=0, rows=0, term="", command="df -h /data", pty=False)
        single.write("o", b"Filesystem  Size  Used\n/dev/sda2   1.8T  611G\n")
        single.exit("0")
        single.close()


@contextmanager
def _told_the_time() -> Iterator[Callable[[float], None]]:
    """A recorder to which seconds pass when one says so: nobody waits while a film is made."""
    ahead = [0.0]

    def now() -> int:
        return time.monotonic_ns() + int(ahead[0] * 1e9)

    def goes_on(seconds: float) -> None:
        ahead[0] += seconds

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recording, "time", SimpleNamespace(monotonic_ns=now))
        yield goes_on


def _facts(files: Iterable[FileLine], tunnels: Iterable[tuple[str, Any, Any]], *, terminals: bool) -> list[Audit]:
    """What the trail says of the same: channels, and each transfer that ended."""
    kinds = [("shell", ""), ("exec", "df -h /data")] if terminals else []
    kinds += [("forward", target) for target, _, _ in tunnels]
    opened = [
        Audit("channel:opened", {"channel": number, "kind": kind, "detail": detail})
        for number, (kind, detail) in enumerate(kinds, start=1)
    ]
    passed = [line for line in files if line.outcome != BEGUN and not line.outcome.startswith(("held", "refused"))]
    return opened + [Audit("file:passed", line.as_json() | {"detail": ""}) for line in passed]


async def furnish(house: House, home: Path) -> Scenery:
    """A morning at the hospital. Returns with two requests waiting, one session live, one frozen, two recordings."""
    scene = Scenery(house, home)
    tomo = await scene.technician("karim", "Karim Haddad")
    await scene.device(
        "mri-02", "IRM 2, console d’acquisition", 3, "Imagerie", "Salle 4, bât. B", "Siemens", "Aera 1.5T"
    )
    await scene.device(
        "linac-1", "Accélérateur linéaire 1", 4, "Radiothérapie", "Bunker 1", "Varian", "TrueBeam", "H19"
    )
    await scene.derogate("linac-1", DerogationKind.SSH_LEGACY, "ssh-rsa", "aes128-cbc", "hmac-sha1")
    await scene.derogate("ct-01", DerogationKind.TELNET, days=20)
    await scene.device("lab-07", "Automate d’hématologie", 2, "Laboratoire", "L 214", "Sysmex", "XN-2000")
    transfers = {"files": FILES, "tunnels": TUNNELS}
    await scene.recorded(house.alice, "ct-01", "Tube changé : étalonnage et contrôle de la rotation", **transfers)
    await scene.recorded(
        tomo, "ct-01", "Mise à jour du logiciel de reconstruction", EndReason.CUT, "Eve", "Patient en urgence",
        **transfers,
    )  # fmt: skip
    cold = await scene.at_work(tomo, "mri-02", "Bruit anormal du compresseur hélium, lecture des journaux", 120)
    await scene.held(cold)
    frozen = await scene.at_work(house.alice, "lab-07", "Remplacement de la pompe à réactifs", 30)
    await house.services.supervision.freeze(house.staff(house.eve), frozen.record.id)
    await scene.ask(
        house.alice, "ct-01",
        "Le scanner redémarre seul depuis ce matin. Lire les journaux de l’alimentation et remplacer le fichier de "
        "configuration de l’onduleur si besoin.", 120,
        announced=(AnnouncedFile("onduleur-3.1.conf", 18_240, "5f" * 32), AnnouncedFile("notes.pdf", 0, "c0" * 32)),
    )  # fmt: skip
    await house.services.professionals.add(OPERATOR, VASSEUR)
    await scene.ask(tomo, "linac-1", "Correctif de sécurité du poste de traitement", 60, work_order="", plan=PATCH)
    await told(house)
    return scene


async def told(house: House) -> None:
    """The mail server is away: of what was to be told, some went before, some waits, one failed for good."""
    telling, now = house.services.notifications, clock.now()
    telling._couriers = Couriers(MailServer.read("smtp://127.0.0.1:1"), "bastion@chu.example")
    topics = frozenset({Topic.REQUEST_WAITING, Topic.REQUEST_DECIDED})
    form = WebhookForm("GMAO", "https://gmao.chu.example/bastion", topics, "chu")
    await house.services.webhooks.register(house.staff(house.ruth), form)
    while await telling.gather():
        pass
    async with house.database.write() as uow:
        first, second, *rest = await uow.deliveries.search(limit=50)
        tried = replace(first, attempts=12).settled(DeliveryState.FAILED, now, "SMTPConnectError: Connection refused")
        await uow.deliveries.save(tried)
        await uow.deliveries.save(second.attempted(now).failed("SMTPConnectError: Connection refused", now))
        for one in rest[3:]:
            await uow.deliveries.save(replace(one, attempts=1).settled(DeliveryState.SENT, now))


__all__ = ["FILES", "HOSTILE", "SOURCE", "TUNNELS", "Scenery", "furnish", "moved"]
