"""The one place that builds the parts and joins them: records, vault, policies, services, the SSH door, the console.

`prepare` makes what must exist, `opened` gives the services to whoever needs only them (the `bastion` command),
`serve` runs the faces until told to stop. What is missing or unsafe is one sentence (`ConfigurationError`), and nothing
starts.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import structlog
import uvicorn
import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import migrations
from bastion import jobs
from bastion.config import Settings
from bastion.domain.parties import system_actor
from bastion.errors import ConfigurationError
from bastion.jobs import Archive
from bastion.proxy.ssh.caller import Door
from bastion.proxy.ssh.scan import scan_host_keys
from bastion.proxy.ssh.server import listen
from bastion.proxy.supervisor import Keeping, Supervisor
from bastion.services import bundle
from bastion.services.bundle import Services
from bastion.services.replay import RecordingStore
from bastion.store.database import Database
from bastion.store.vault import Vault
from policies.engine import PolicyEngine
from policies.loader import load
from policies.problems import PolicyProblem
from policies.rules import LoadedPolicies
from recordings import container
from recordings.blobs import FileBlobs
from recordings.model import RecordingError, Verification
from recordings.signing import Signer, load_public

MIB: Final = 1024 * 1024
GRACE: Final = 3

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    services: Services
    archive: Archive
    policies: LoadedPolicies


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the faces answer; a face that does not run has port 0."""

    ssh_port: int
    web_port: int


# -- what must exist ---------------------------------------------------------------------------------------------------
def prepare(settings: Settings) -> None:
    """Make folders (0700), keys (0600) and tables, as far as they are missing. Never replaces anything."""
    os.umask(0o077)
    for folder in (settings.home, settings.vault_key.parent, settings.recordings, settings.spool):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
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
    await migrations.upgrade(settings.database)


async def check_records(settings: Settings) -> None:
    """Raise `Unavailable` when the database is away, `ConfigurationError` when its tables are of another version."""
    if await migrations.current(settings.database) != migrations.latest():
        raise ConfigurationError("schema", why="the database's tables are of another version; run `bastion migrate`")


def load_policies(settings: Settings) -> LoadedPolicies:
    """Load the policy set whole, or raise `ConfigurationError` with every problem it has."""
    try:
        return load(settings.policies_dir)
    except PolicyProblem as problem:
        raise ConfigurationError(str(problem), why="; ".join(problem.sentences)) from problem


def verify_recordings(
    settings: Settings, session: str = "", folder: Path | None = None, public_key: Path | None = None
) -> Iterator[Verification]:
    """Check one recording, or all, with nothing but the folder and the public key."""
    blobs = FileBlobs(folder or settings.recordings)
    with _as_configuration():
        if public_key is None:
            _require(settings.signing_key)
            public = Signer.load(settings.signing_key).public
        else:
            public = load_public(public_key.read_bytes())
        for recording_id in [session] if session else blobs.recordings():
            yield container.verify(blobs, recording_id, public)


# -- the services ------------------------------------------------------------------------------------------------------
@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Parts]:
    """Build the services over the records and close them again."""
    os.umask(0o077)
    for needed in (settings.vault_key, settings.signing_key, settings.recordings, settings.spool):
        _require(needed)
    await check_records(settings)
    policies = load_policies(settings)
    with _as_configuration():
        signer = Signer.load(settings.signing_key)
    archive = Archive(settings.spool, FileBlobs(settings.recordings), signer, settings.min_free_mb * MIB)
    database = await Database.open(settings.database)
    try:
        services = bundle.build(
            database, Vault.open(settings.vault_key), PolicyEngine(policies),
            RecordingStore(archive.blobs, signer.public), scan_host_keys,
        )  # fmt: skip
        yield Parts(settings, services, archive, policies)
    finally:
        await database.close()


# -- the faces ---------------------------------------------------------------------------------------------------------
def run(settings: Settings, only: str = "") -> None:
    """Serve until SIGTERM or Ctrl-C."""

    async def until_told() -> None:
        async with opened(settings) as parts, serving(parts, only):
            await told_to_stop()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_told())


@asynccontextmanager
async def serving(parts: Parts, only: str = "") -> AsyncIterator[Listening]:
    """Run the proxy, the console, or both (`only` is proxy, web or empty), in this loop; stop them at the end."""
    settings, upkeep = parts.settings, parts.services.upkeep
    async with AsyncExitStack() as stack:
        await upkeep.mark(system_actor(), "bastion:started", node=settings.node, version=product_version())
        await upkeep.mark(system_actor(), "policy:loaded", hash=parts.policies.hash)
        ssh_port = await stack.enter_async_context(_proxy(parts)) if only != "web" else 0
        web_port = await stack.enter_async_context(_console(parts)) if only != "proxy" else 0
        _log.info("bastion is ready", ssh_port=ssh_port, web_port=web_port)
        yield Listening(ssh_port, web_port)
        _log.info("bastion is stopping")
    await upkeep.mark(system_actor(), "bastion:stopped", node=settings.node)


@asynccontextmanager
async def _proxy(parts: Parts) -> AsyncIterator[int]:
    """The SSH door with its supervisor. What a crash left is put in order before anybody is let in."""
    settings, services = parts.settings, parts.services
    _require(settings.host_key)
    with _alone(settings.home / f"proxy-{settings.node}.lock"):
        await jobs.recover(services, parts.archive, settings.node)
        supervisor = Supervisor(
            services, settings.node, Keeping(settings.spool, parts.archive.seal), settings.lock_view_max_age
        )
        supervisor.start()
        chores = asyncio.create_task(jobs.run(services, parts.archive, settings.node), name="jobs")
        try:
            with _naming_the_port(settings.ssh_host, settings.ssh_port):
                door = await listen(
                    Door(services, supervisor, settings.language), settings.ssh_host, settings.ssh_port,
                    settings.host_key,
                )  # fmt: skip
            try:
                yield door.port
            finally:
                door.close()
        finally:
            chores.cancel()
            await supervisor.stop()


@asynccontextmanager
async def _console(parts: Parts) -> AsyncIterator[int]:
    from web.app import create  # noqa: PLC0415 - a proxy alone never loads the console

    settings = parts.settings
    with _naming_the_port(settings.web_host, settings.web_port):
        listener = _bind(settings.web_host, settings.web_port)
    server = _Uvicorn(
        uvicorn.Config(
            create(parts.services, settings), log_config=None, access_log=False, server_header=False, lifespan="on",
            proxy_headers=bool(settings.trusted_proxies), forwarded_allow_ips=list(settings.trusted_proxies),
            ssl_certfile=settings.web_tls_cert, ssl_keyfile=settings.web_tls_key, timeout_graceful_shutdown=GRACE,
            limit_concurrency=2000, h11_max_incomplete_event_size=64 * 1024,
        )
    )  # fmt: skip
    task = asyncio.create_task(server.serve(sockets=[listener]), name="console")
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task


class _Uvicorn(uvicorn.Server):
    """uvicorn without its own signal handlers: the app stops everything in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def told_to_stop() -> None:
    """Return at SIGTERM or SIGINT."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await stop.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


# -- parts -------------------------------------------------------------------------------------------------------------
def product_version() -> str:
    """The installed version; a clone that is not installed says so."""
    try:
        return version("bastion")
    except PackageNotFoundError:
        return "from source"


def _require(path: Path) -> None:
    if not path.exists():
        raise ConfigurationError(str(path), why=f"{path} is missing; run `bastion init` first")


def _bind(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    return socket.create_server((host, port), family=family, backlog=512)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two proxies of one node would close each other's sessions; the second one does not start."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(str(error), why=f"a bastion runs already on {path.parent}") from error
        yield


@contextlib.contextmanager
def _naming_the_port(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = f"{host}, port {port} cannot be listened on: {error.strerror or error}"
        raise ConfigurationError(str(error), why=why) from error


@contextlib.contextmanager
def _as_configuration() -> Iterator[None]:
    """A key that cannot be used is a mistake in the setting-up."""
    try:
        yield
    except RecordingError as error:
        raise ConfigurationError(str(error), why=str(error)) from error
