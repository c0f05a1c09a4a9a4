"""Runs the faces over the parts: the SSH door with its supervisor, and the console, in one loop, until told to stop."""

import asyncio
import contextlib
import fcntl
import gc
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

from bastion import jobs, limits
from bastion.config import Settings
from bastion.domain.parties import system_actor
from bastion.errors import ConfigurationError, Phrase
from bastion.networks import Networks
from bastion.parts import Parts, opened, require
from bastion.proxy.ssh.caller import Door
from bastion.proxy.ssh.server import listen
from bastion.proxy.supervisor import Keeping, Supervisor
from bastion.services.address import entrance, told_name
from bastion.store import ahead
from bastion.store.database import parse

GRACE: Final = 3
COLLECT_EACH: Final = (20_000, 5, 10)
"""Objects that came and stayed before Python looks for cycles among them, and how seldom among the older ones. A new
session makes some 500; with Python's own 700 the collector took a tenth of the opening, and paused for up to 0.1 s.
"""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the faces answer; a face that does not run has port 0."""

    ssh_port: int
    web_port: int


# -- the faces ---------------------------------------------------------------------------------------------------------
def run(settings: Settings, only: str = "") -> None:
    """Serve until SIGTERM or Ctrl-C."""

    async def until_told() -> None:
        with stop_signals() as told:
            async with opened(settings) as parts, serving(parts, only):
                await told.wait()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_told())


@asynccontextmanager
async def serving(parts: Parts, only: str = "") -> AsyncIterator[Listening]:
    """Run the proxy, the console, or both, in this loop; stop them at the end.

    `only` is proxy, web, portal (the suppliers' web door without the console) or empty.
    """
    settings, upkeep = parts.settings, parts.services.upkeep
    limits.raise_files()
    async with AsyncExitStack() as stack:
        await upkeep.mark(system_actor(), "bastion:started", node=settings.node, version=product_version())
        await upkeep.mark(system_actor(), "policy:loaded", hash=parts.policies.hash)
        ssh_port = await stack.enter_async_context(_proxy(parts)) if only in {"", "proxy"} else 0
        web_port = await stack.enter_async_context(_console(parts, only)) if only != "proxy" else 0
        await stack.enter_async_context(_reading_ahead(settings.database))
        _log.info("bastion is ready", ssh_port=ssh_port, web_port=web_port)
        _settle_collector()
        yield Listening(ssh_port, web_port)
        _log.info("bastion is stopping")
    await upkeep.mark(system_actor(), "bastion:stopped", node=settings.node)


@asynccontextmanager
async def _reading_ahead(database: str) -> AsyncIterator[None]:
    """Beside those who come already. A server of its own keeps its own rows in memory."""
    url = parse(database)
    if url.drivername != "sqlite":
        yield
        return
    reading = asyncio.create_task(_read_ahead(Path(url.database or "")), name="reading ahead")
    try:
        yield
    finally:
        reading.cancel()
        await asyncio.wait([reading])


async def _read_ahead(path: Path) -> None:
    try:
        count = await ahead.read(path)
    except OSError as error:
        _log.warning("the database file could not be read ahead", error=str(error))
        return
    if count:
        _log.info("the database file was read ahead", bytes=count)


def _settle_collector() -> None:
    """What stands now stands until the end: the collector need not walk through it at each new session."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_EACH)


@asynccontextmanager
async def _proxy(parts: Parts) -> AsyncIterator[int]:
    """The SSH door with its supervisor. What a crash left is put in order before anybody is let in."""
    settings, services = parts.settings, parts.services
    require(settings.host_key)
    with alone(settings.home / f"proxy-{settings.node}.lock"):
        await jobs.recover(services, parts.archive, settings.node)
        supervisor = Supervisor(
            services, settings.node, Keeping(settings.spool, parts.archive.seal, parts.archive.min_free),
            settings.lock_view_max_age, settings.idle_limit,
        )  # fmt: skip
        supervisor.start()
        chores = asyncio.create_task(jobs.run(services, parts.archive, settings.node), name="jobs")
        try:
            with _naming_the_port(settings.ssh_host, settings.ssh_port):
                door = Door(
                    services, supervisor, settings.language, Networks(settings.test_networks), told_name(settings),
                    entrance(settings, settings.console_url),
                )  # fmt: skip
                listener = await listen(door, settings.ssh_host, settings.ssh_port, settings.host_key)
            try:
                yield listener.port
            finally:
                listener.close()
        finally:
            chores.cancel()
            await supervisor.stop()


@asynccontextmanager
async def _console(parts: Parts, only: str) -> AsyncIterator[int]:
    from web import warm  # noqa: PLC0415 - a proxy alone never loads the console
    from web.app import create  # noqa: PLC0415 - same
    from web.portal.app import alone  # noqa: PLC0415 - same

    settings = parts.settings
    with _naming_the_port(settings.web_host, settings.web_port):
        listener = _bind(settings.web_host, settings.web_port)
    console = (alone if only == "portal" else create)(parts.services, settings)
    server = _Uvicorn(
        uvicorn.Config(
            console, log_config=None, access_log=False, server_header=False, lifespan="on",
            proxy_headers=bool(settings.trusted_proxies), forwarded_allow_ips=list(settings.trusted_proxies),
            ssl_certfile=settings.web_tls_cert, ssl_keyfile=settings.web_tls_key, timeout_graceful_shutdown=GRACE,
            limit_concurrency=2000, h11_max_incomplete_event_size=64 * 1024,
        )
    )  # fmt: skip
    port = listener.getsockname()[1]
    warm.routes(console)
    warming = asyncio.create_task(warm.pages(console.state.closing), name="warming")
    task = asyncio.create_task(server.serve(sockets=[listener]), name="console")
    telling = None if only == "portal" else asyncio.create_task(_tell(parts, port), name="telling")
    try:
        yield port
    finally:
        if telling is not None:
            telling.cancel()
        console.state.closing.set()
        server.should_exit = True
        await task
        await warming


async def _tell(parts: Parts, port: int) -> None:
    console = parts.settings.console_url_at(port).rstrip("/")
    await jobs.tell(parts.services, console, entrance(parts.settings, console))


class _Uvicorn(uvicorn.Server):
    """uvicorn without its own signal handlers: the app stops everything in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM or SIGINT sets, from now on; also during the start, which then ends in order too."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    try:
        yield told
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


def _bind(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    return socket.create_server((host, port), family=family, backlog=512)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Two proxies of one node would close each other's sessions; the second one does not start."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            why = Phrase("a bastion runs already on {folder}", folder=path.parent)
            raise ConfigurationError(str(error), why=why) from error
        yield


@contextlib.contextmanager
def _naming_the_port(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = Phrase(
            "{host}, port {port} cannot be listened on: {why}", host=host, port=port, why=error.strerror or error
        )
        raise ConfigurationError(str(error), why=why) from error
