"""Records, vault, policies and services, built and joined, for whoever needs no face: the `bastion` command, and `app`.

`prepare` makes what must exist; `opened` fails closed: what is missing or unsafe is one `ConfigurationError`.
The SSH edge is loaded only by who uses it, so that `bastion lock` is quick when it matters.
"""

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import migrations
from bastion import clock
from bastion.config import MailServer, Settings
from bastion.domain.paper import PaperKind
from bastion.domain.parties import EVERYWHERE, Role
from bastion.domain.roster import Rhythm
from bastion.domain.working_days import Holidays, WorkingDays
from bastion.errors import ConfigurationError, NotFound, Phrase
from bastion.jobs import Archive
from bastion.networks import Networks
from bastion.services import bundle
from bastion.services.antivirus import Antivirus
from bastion.services.bundle import Outward, Services
from bastion.services.couriers import Couriers
from bastion.services.directory import names_nobody
from bastion.services.escalation import Patience
from bastion.services.files import FileKeeping
from bastion.services.replay import RecordingStore
from bastion.services.review_due import unbegun
from bastion.store.database import Database
from bastion.store.quarantine import Quarantine
from bastion.store.unit_of_work import UnitOfWork
from bastion.store.vault import Vault
from policies.engine import PolicyEngine
from policies.loader import load
from policies.problems import PolicyProblem
from policies.rules import LoadedPolicies
from recordings import container
from recordings.blobs import FileBlobs
from recordings.model import RecordingError, Verification
from recordings.retention import Retention
from recordings.signing import Signer, load_public

MIB: Final = 1024 * 1024
NOTHING_STORED: Final = (
    "No recording is stored under this id. If the audit trail names it, it was taken away: tell the security officer."
)


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    services: Services
    archive: Archive
    policies: LoadedPolicies


# -- what must exist ---------------------------------------------------------------------------------------------------
def prepare(settings: Settings) -> None:
    """Make folders (0700), keys (0600) and tables, as far as they are missing. Never replaces anything."""
    os.umask(0o077)
    for folder in (settings.home, settings.vault_key.parent, settings.recordings, settings.spool):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not settings.vault_key.exists() and asyncio.run(sealed_secrets(settings)):
        why = f"{settings.vault_key} is missing while secrets are sealed with it; run `bastion check`"
        raise ConfigurationError(str(settings.vault_key), why=why)
    Vault.open(settings.vault_key)
    with _as_configuration():
        if not settings.signing_key.exists():
            signer = Signer.generate(settings.signing_key)
            settings.signing_key.with_suffix(".pub").write_text(signer.public_pem)
    make_key(settings.host_key)
    asyncio.run(migrate(settings))


def make_key(path: Path) -> None:
    """Make an Ed25519 key pair for SSH, `path` (0600) and `path`.pub, unless there is one."""
    if path.exists():
        return
    key = Ed25519PrivateKey.generate()
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    path.with_name(f"{path.name}.pub").write_bytes(public + b"\n")


async def migrate(settings: Settings) -> None:
    """Bring the tables up to date; looking first is quicker than alembic finding nothing to do."""
    if await migrations.current(settings.database) != migrations.latest():
        await migrations.upgrade(settings.database)


async def check_records(settings: Settings) -> None:
    """Raise `Unavailable` when the database is away, `ConfigurationError` when its tables are of another version."""
    if await migrations.current(settings.database) != migrations.latest():
        why = Phrase("the database's tables are of another version; run `bastion migrate`")
        raise ConfigurationError("schema", why=why)


async def sealed_secrets(settings: Settings) -> int:
    """Return how many secrets and authenticators the vault's key has sealed; 0 when there are no tables yet."""
    if not await migrations.current(settings.database):
        return 0
    async with _looking(settings) as uow:
        people = await uow.credentials.all()
        return len(await uow.secrets.all()) + sum(1 for person in people if person.totp_sealed)


@asynccontextmanager
async def _looking(settings: Settings) -> AsyncIterator[UnitOfWork]:
    """The records, read once by whoever needs no service."""
    database = await Database.open(settings.database)
    try:
        async with database.read() as uow:
            yield uow
    finally:
        await database.close()


@dataclass(frozen=True, slots=True)
class Rights:
    """Who holds more than the rules advise, by login."""

    group_approvers: tuple[str, ...] = ()
    """Decide on access in every hospital, where there are several (R-70)."""
    own_judges: tuple[str, ...] = ()
    """Administer the bastion, and look into what was done with it (R-23)."""


async def rights_to_doubt(settings: Settings) -> Rights:
    if await migrations.current(settings.database) != migrations.latest():
        return Rights()
    async with _looking(settings) as uow:
        several = len(await uow.facilities.all()) > 1
        people = sorted((one for one in await uow.staff.all() if one.active), key=lambda one: one.login)
    return Rights(
        tuple(one.login for one in people if several and EVERYWHERE in one.places(Role.APPROVER)),
        tuple(one.login for one in people if Role.ADMIN in one.roles and one.roles & {Role.SECURITY, Role.AUDITOR}),
    )


async def without_review(settings: Settings) -> tuple[str, ...]:
    """The codes of the hospitals in which no review of access rights was begun for half a year (R-19)."""
    if await migrations.current(settings.database) != migrations.latest():
        return ()
    async with _looking(settings) as uow:
        return tuple(one.facility.code for one in await unbegun(uow, None, clock.now()))


async def from_everywhere(settings: Settings) -> tuple[str, ...]:
    """The codes of the suppliers that had declared every address there is before that was refused (R-5)."""
    if await migrations.current(settings.database) != migrations.latest():
        return ()
    async with _looking(settings) as uow:
        return tuple(sorted(one.code for one in await uow.suppliers.all() if one.active and names_nobody(one)))


async def papers_without_end(settings: Settings) -> list[tuple[str, list[PaperKind]]]:
    """Which suppliers, by code, have papers of a kind that is renewed and no last day of them (R-6, R-67)."""
    if await migrations.current(settings.database) != migrations.latest():
        return []
    async with _looking(settings) as uow:
        suppliers = {one.id: one.code for one in await uow.suppliers.all() if one.active}
        lacking = {(suppliers[one.supplier_id], one.kind) for one in await uow.papers.all()
                   if one.lacks_end and one.supplier_id in suppliers}  # fmt: skip
    return [
        (code, sorted(kind for whose, kind in lacking if whose == code)) for code in sorted({c for c, _ in lacking})
    ]


def load_policies(settings: Settings) -> LoadedPolicies:
    """Load the policy set whole, or raise `ConfigurationError` with every problem it has."""
    try:
        return load(settings.policies_dir)
    except PolicyProblem as problem:
        raise ConfigurationError(str(problem), why="; ".join(problem.sentences)) from problem


def verify_recordings(
    settings: Settings, session: str = "", folder: Path | None = None, public_key: Path | None = None
) -> Iterator[Verification]:
    """Check one recording, or all, with nothing but the folder and the public key.

    Raises `NotFound` for an id under which nothing is stored: a slip of the keyboard is no destroyed evidence.
    """
    blobs = FileBlobs(folder or settings.recordings)
    with _as_configuration():
        if public_key is None:
            require(settings.signing_key)
            public = Signer.load(settings.signing_key).public
        else:
            public = load_public(public_key.read_bytes())
        if session and not blobs.names(session):
            raise NotFound(session, sentence=NOTHING_STORED)
        for recording_id in [session] if session else blobs.recordings():
            yield container.verify(blobs, recording_id, public)


# -- the services ------------------------------------------------------------------------------------------------------
@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Parts]:
    """Build the services over the records and close them again."""
    os.umask(0o077)
    for needed in (settings.vault_key, settings.signing_key, settings.recordings, settings.spool):
        require(needed)
    await check_records(settings)
    policies = load_policies(settings)
    with _as_configuration():
        signer = Signer.load(settings.signing_key)
    archive = Archive(settings.spool, FileBlobs(settings.recordings), signer, settings.min_free_mb * MIB)
    database = await Database.open(settings.database)
    try:
        services = bundle.build(
            database, Vault.open(settings.vault_key), PolicyEngine(policies),
            RecordingStore(archive.blobs, signer.public), partial(_scan, settings.test_networks),
            _file_keeping(settings),
            proof_length=settings.proof_length, keep=Retention(settings.recording_months),
            review_within=WorkingDays(settings.review_days, Holidays(settings.public_holidays)),
            report_days=settings.report_days,
            warn_papers=timedelta(days=settings.paper_warning_days),
            rhythm=Rhythm(timedelta(days=settings.confirm_days), timedelta(days=settings.confirm_grace_days)),
            outward=_outward(settings), networks=Networks(settings.test_networks),
        )  # fmt: skip
        yield Parts(settings, services, archive, policies)
    finally:
        await database.close()


def _file_keeping(settings: Settings) -> FileKeeping:
    quarantine = Quarantine(settings.quarantine, settings.min_free_mb * MIB)
    return FileKeeping(quarantine, Antivirus(settings.clamd, settings.clamd_limit_mb * MIB), settings.held_for)


def _outward(settings: Settings) -> Outward:
    """The ways out. A file of authorities that cannot be read is a mistake to hear of now, not with the first mail."""
    url = settings.smtp_url.get_secret_value()
    if settings.outgoing_ca is not None:
        try:
            ssl.create_default_context(cafile=settings.outgoing_ca)
        except OSError as error:
            why = Phrase("the certificates in {path} cannot be read", path=settings.outgoing_ca)
            raise ConfigurationError(str(error), why=why) from error
    couriers = Couriers(
        MailServer.read(url) if url else None, settings.mail_from, settings.outgoing_ca,
        Networks(settings.test_networks),
    )  # fmt: skip
    patience = Patience(
        timedelta(minutes=settings.escalate_minutes), timedelta(minutes=settings.escalate_emergency_minutes)
    )
    return Outward(
        couriers, patience, settings.digest_hour,
        timedelta(minutes=settings.decision_link_minutes),
    )  # fmt: skip


# -- parts -------------------------------------------------------------------------------------------------------------
async def _scan(test_networks: Sequence[str], host: str, port: int, legacy: tuple[str, ...]) -> list[str]:
    from bastion.proxy.ssh.scan import scan_host_keys  # noqa: PLC0415 - half a second that only commissioning needs

    return await scan_host_keys(host, port, Networks(test_networks), legacy)


def require(path: Path) -> None:
    if not path.exists():
        raise ConfigurationError(str(path), why=Phrase("{path} is missing; run `bastion init` first", path=path))


@contextlib.contextmanager
def _as_configuration() -> Iterator[None]:
    """A key that cannot be used is a mistake in the setting-up."""
    try:
        yield
    except RecordingError as error:
        raise ConfigurationError(str(error), why=str(error)) from error
