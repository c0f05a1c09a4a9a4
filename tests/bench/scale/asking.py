"""A running console over a filled database, and what it takes to read each of its pages over HTTP."""

import contextlib
import hashlib
import http.client
import os
import secrets
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from bastion import clock, parts
from bastion.config import Settings
from bastion.domain.credentials import ApiToken, WebSession
from bastion.domain.parties import Role
from bastion.domain.portal import Correspondent, PortalSession
from bastion.domain.supplier_token import SupplierToken
from bastion.domain.undertaking import Acceptance, Way
from bastion.store.database import Database
from bastion.store.vault import Vault
from tests.bench.scale.addresses import GUEST, SPEAKER, SUPPLIERS_API, Address
from web.api.bearer import PREFIX
from web.portal.guards import PREFIX as SUPPLIERS
from web.portal.security import COOKIE as SUPPLIERS_COOKIE
from web.security import COOKIE

REQUESTS: Final = 50
SLOW, FEW = 1.0, 5
"""An address that takes a second is asked a few times only: that it misses is plain."""
READY: Final = 60.0
IDLE: Final = 0.05
"""Seconds of a processor in half a second, of a console that nobody asks."""
HERE: Final = "127.0.0.1/32"


@dataclass(frozen=True)
class Running:
    """A console in a process of its own."""

    port: int
    pid: int

    def cpu(self) -> float:
        """Seconds of a processor it has used until now: what a busy machine does not make longer."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measured:
    """Milliseconds; `first` is the p95 of the first look at each of the paths, `p50` and `p95` are of looks at what
    somebody has seen before; `cpu` is what the console computed for one of those, PostgreSQL's own work not counted;
    `status` is the worst that was answered.
    """

    name: str
    p50: float
    p95: float
    most: float
    count: int
    status: int
    size: int
    cpu: float
    first: float


def settings(folder: Path, url: str) -> Settings:
    return Settings(home=folder / "home", database_url=url, web_port=0, log_level="warning", language="fr")


@contextlib.contextmanager
def console(folder: Path, url: str) -> Iterator[Running]:
    """`bastion serve --only web` over this database, in a process of its own."""
    chosen = settings(folder, url)
    chosen.vault_key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    Vault.open(chosen.vault_key)  # what the invented rows call sealed, nobody ever opens
    parts.prepare(chosen)
    port = _free_port()
    environment = os.environ | {
        "BASTION_HOME": str(folder / "home"), "BASTION_DATABASE_URL": url, "BASTION_WEB_PORT": str(port),
        "BASTION_LOG_LEVEL": "warning",
    }  # fmt: skip
    command = [sys.executable, "-m", "bastion", "serve", "--only", "web"]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
    try:
        _await(port, process)
        _settle(Running(port, process.pid))
        yield Running(port, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + READY
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise TimeoutError("the console does not answer")


def _settle(running: Running) -> None:
    """Wait until it has worked out what it works out after a start, and has read its file: pages are asked of a console
    that has been up for a while.
    """
    end, used = time.monotonic() + READY, running.cpu()
    while time.monotonic() < end:
        time.sleep(0.5)
        before, used = used, running.cpu()
        if used - before < IDLE and not Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split():
            return


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


@dataclass(frozen=True)
class Badge:
    """What a person shows at the door: the cookie of a browser, the token of a program."""

    cookie: str
    token: str

    def headers(self, path: str) -> dict[str, str]:
        if path.startswith((PREFIX, SUPPLIERS_API)):
            return {"authorization": f"Bearer {self.token}"}
        name = SUPPLIERS_COOKIE if path.startswith(SUPPLIERS) else COOKIE
        return {"cookie": f"{name}={self.cookie}", "accept-language": "fr"}


async def badges(database: Database, people: Mapping[str, str], *, tokens: bool = True) -> dict[str, Badge]:
    """Be signed in as each of `people`, with a code given this moment."""
    now, made = clock.now(), {}
    async with database.write() as uow:
        for login, ident in people.items():
            badge = Badge(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
            session = WebSession(_hash(badge.cookie), ident, now, now + timedelta(hours=9), now, "127.0.0.1")
            await uow.web_sessions.add(session)
            if tokens:
                await uow.tokens.add(
                    ApiToken(
                        secrets.token_hex(16), ident, "bench", _hash(badge.token), now, now + timedelta(hours=9),
                        roles=frozenset(Role),
                    )
                )  # fmt: skip
            made[login] = badge
    return made


async def guests(database: Database) -> dict[str, Badge]:
    """The same at the suppliers' entrance; the bench sits in the network of the company."""
    now, made = clock.now(), {}
    async with database.write() as uow:
        for login in (GUEST, SPEAKER):
            person = await uow.technicians.by_login(login)
            supplier = await uow.suppliers.get(person.supplier_id) if person else None
            if person is None or supplier is None:
                raise LookupError(login)
            if HERE not in supplier.networks:
                await uow.suppliers.save(replace(supplier, networks=(*supplier.networks, HERE)))
            if login == SPEAKER:
                await uow.correspondents.put(Correspondent(person.id, supplier.id, "bench", now))
            if await uow.undertakings.owed(person.id):
                version = (await uow.undertakings.current()).version
                await uow.acceptances.add(Acceptance(secrets.token_hex(16), person.id, version, now, Way.WEB, ""))
            made[login] = Badge(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
            await uow.supplier_tokens.add(
                SupplierToken(
                    secrets.token_hex(16), person.id, supplier.id, "bench", _hash(made[login].token), False, now,
                    now + timedelta(hours=8), people=login == SPEAKER,
                )
            )  # fmt: skip
            await uow.portal_sessions.add(
                PortalSession(_hash(made[login].cookie), person.id, now, now + timedelta(hours=8), now, "127.0.0.1")
            )
    return made


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def measure(running: Running, address: Address, badge: Badge, count: int = REQUESTS) -> Measured:
    """Read an address over one connection, as a browser does: each of its paths once, then as often as is counted."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    looks: list[Look] = []
    try:
        firsts = [_look(connection, path, badge) for path in address.paths[:count]]
        used = running.cpu()
        while len(looks) < count and not (len(looks) >= FEW and min(looks).took > SLOW):
            looks.append(_look(connection, address.paths[len(looks) % len(address.paths)], badge))
        used = running.cpu() - used
    finally:
        connection.close()
    took = [one.took for one in looks]
    return Measured(
        address.name, statistics.median(took) * 1000, _rare(took) * 1000, max(took) * 1000, len(took),
        max(one.status for one in (*firsts, *looks)), max(one.size for one in looks), used / len(took) * 1000,
        _rare([one.took for one in firsts]) * 1000,
    )  # fmt: skip


def _rare(took: Sequence[float]) -> float:
    """What one in twenty takes at least."""
    return sorted(took)[min(len(took) - 1, int(len(took) * 0.95))]


class Look(NamedTuple):
    """One answer: seconds, status, bytes."""

    took: float
    status: int
    size: int


def _look(connection: http.client.HTTPConnection, path: str, badge: Badge) -> Look:
    began = time.perf_counter()
    connection.request("GET", path.replace(" ", "%20").replace("é", "%C3%A9"), headers=badge.headers(path))
    answer = connection.getresponse()
    size = len(answer.read())
    return Look(time.perf_counter() - began, answer.status, size)
