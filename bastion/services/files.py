"""A file's way through the release desk, as the proxy takes it: arriving, looked at, let through or held, delivered.

The content lies in the quarantine of the node that carries the session; what is known of it stands in the records, and
each step there with its audit event. Deciding on what is held is `releases.py`.
"""

import asyncio
import io
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Final

import structlog

from bastion import clock
from bastion.domain import announced_file
from bastion.domain.announced_file import Announced
from bastion.domain.grant import Grant
from bastion.domain.held_file import KEPT, TABLE, Checks, Content, Direction, FileEvent, FileState, HeldFile, Scan
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, system_actor
from bastion.domain.session_record import SessionRecord
from bastion.errors import Conflict, IllegalTransition
from bastion.services.antivirus import Antivirus
from bastion.services.joins import found
from bastion.services.sessions import carrier
from bastion.store.database import Database
from bastion.store.quarantine import Arrival, Quarantine
from bastion.store.unit_of_work import UnitOfWork
from policies.guards.examine import examine
from policies.guards.verdict import Finding, FindingKind
from policies.model import Sas

__all__ = ["Arrival", "FileKeeping", "Files"]

MOST_GUARDS: Final = 2
"""Files the guard reads at the same time: each takes a processor. It has threads of its own, so that a file made to
take long keeps nobody waiting who does not want one looked at: recordings are put on the disk by the other threads."""
GUARD_SECONDS: Final = 900.0
"""What takes longer to look through is held for a person."""
NO_ROOM: Final = "no_room"
CONTENT_CHANGED: Final = "content_changed"
BASTION_STOPPED: Final = "bastion_stopped"
TECHNICIAN_LEFT: Final = "technician_left"
DEVICE_FAILED: Final = "device_failed"
"""Why a file broke off, as the audit trail names it."""
CHANGED: Final = "This file is no longer what was released. Send it again, or call the hospital."

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FileKeeping:
    """Where content lies, who looks for viruses in it, and how long it may wait."""

    quarantine: Quarantine
    antivirus: Antivirus
    held_for: timedelta


class Files:
    def __init__(self, database: Database, keeping: FileKeeping) -> None:
        self._database = database
        self._quarantine = keeping.quarantine
        self._antivirus = keeping.antivirus
        self._held_for = keeping.held_for
        self._guards = ThreadPoolExecutor(MOST_GUARDS, thread_name_prefix="guard")
        self._out: set[str] = set()
        self._carried: set[str] = set()

    # -- arriving ------------------------------------------------------------------------------------------------------
    @property
    def scans(self) -> bool:
        """Whether files are looked at for viruses; else none is let through by rule."""
        return self._antivirus.set_up

    async def arriving(
        self, record: SessionRecord, grant: Grant, direction: Direction, path: str
    ) -> tuple[HeldFile, Arrival]:
        """Begin to keep a file aside. Raises `NoRoom`. It ends by `arrived` or by `broken`."""
        now = clock.now()
        file = HeldFile(
            id=new_id(now), session_id=record.id, grant_id=grant.id, request_id=grant.request_id,
            device_id=grant.device_id, facility_id=grant.facility_id, supplier_id=grant.supplier_id,
            technician_id=grant.technician_id, technician_name=record.technician_name, node=record.node,
            direction=direction, path=path, sas=grant.uploads if direction is Direction.IN else grant.downloads,
            arrived_at=now, expires_at=now + self._held_for,
        )  # fmt: skip
        async with self._database.write() as uow:
            await uow.held_files.add(file)
        try:
            return file, await asyncio.to_thread(self._quarantine.create, file.id)
        except BaseException:
            await self.broken(record, file, NO_ROOM)
            raise

    async def arrived(self, record: SessionRecord, file: HeldFile, arrival: Arrival) -> HeldFile:
        """It is here: put it on the disk, look at it, and let it through or hold it."""
        content = await arrival.finish()
        checks = await self._check(file, content) if file.sas is not Sas.FREE else Checks()
        now = clock.now()
        async with self._database.write() as uow:
            current = found(await uow.held_files.get(file.id))
            saved = await uow.held_files.save(current.arrive(content, checks, now))
            await _audit_arrived(uow, carrier(record), saved, now)
            uow.hint("held_file", saved.id)
        return saved

    async def broken(self, record: SessionRecord, file: HeldFile, why: str) -> None:
        """It never came whole, or cannot be delivered: nothing of it stays."""
        await self._break(carrier(record), file, why)

    # -- handing out ---------------------------------------------------------------------------------------------------
    async def get(self, file_id: str) -> HeldFile:
        async with self._database.read(quick=True) as uow:
            return found(await uow.held_files.get(file_id), file_id)

    async def waiting_for(self, record: SessionRecord) -> list[HeldFile]:
        """What this technician brought for this device and a person has released, the oldest first."""
        async with self._database.read(quick=True) as uow:
            return await uow.held_files.released(record.technician_id, record.device_id, record.node, clock.now())

    async def fetched(self, record: SessionRecord, path: str) -> HeldFile | None:
        """The newest copy of `path` taken under this grant that is held, or that a person has released."""
        async with self._database.read(quick=True) as uow:
            return await uow.held_files.fetched(record.grant_id, path, record.node, clock.now())

    @contextmanager
    def carrying(self, waiting: Iterable[HeldFile]) -> Iterator[frozenset[str]]:
        """Let one session of this node bring each of them, not every one that its technician has open.

        Yields the ids of those that nobody else brings now: read them again, for somebody may just have.
        """
        mine = {file.id for file in waiting} - self._carried
        self._carried |= mine
        try:
            yield frozenset(mine)
        finally:
            self._carried -= mine

    @asynccontextmanager
    async def take(self, file: HeldFile) -> AsyncIterator[BinaryIO]:
        """Read the content of a released file, by one at a time and exactly as it was released (T43).

        Raises `IllegalTransition` when it is not released (any more), `Conflict` when somebody else has it or when it
        has been changed. Whoever brought it where it belongs says so by `delivered`.
        """
        if file.id in self._out:
            raise Conflict(f"file {file.id} is being handed out")
        self._out.add(file.id)
        try:
            current = await self.get(file.id)
            state = current.state(clock.now())
            if state is not FileState.RELEASED:
                raise IllegalTransition(file.id, state=state.value)
            if not await self._quarantine.intact(current.id, current.content):
                await self._break(system_actor(), current, CONTENT_CHANGED)
                raise Conflict(f"content of {file.id}", sentence=CHANGED)
            with self._quarantine.open(current.id) as content:
                yield content
        finally:
            self._out.discard(file.id)

    async def delivered(self, record: SessionRecord, file: HeldFile) -> HeldFile:
        """It has reached the device, or the technician. There is no second time (T43)."""
        now = clock.now()
        async with self._database.write() as uow:
            current = found(await uow.held_files.get(file.id))
            saved = await uow.held_files.save(current.deliver(now))
            await _audit(uow, "file:delivered", carrier(record), saved, now, session=record.id)
            uow.hint("held_file", saved.id)
        await asyncio.to_thread(self._quarantine.remove, file.id)
        return saved

    # -- keeping order -------------------------------------------------------------------------------------------------
    async def purge(self, node: str) -> int:
        """Remove what waited too long, and content nobody needs any more; return how many files ran out of time."""
        lying = await asyncio.to_thread(lambda: list(self._quarantine.ids()))
        now = clock.now()
        async with self._database.write() as uow:
            over = await uow.held_files.over(node, now)
            for file in over:
                saved = await uow.held_files.save(file.purge())
                await _audit(uow, "file:purged", system_actor(), saved, now)
                uow.hint("held_file", saved.id)
            needed = {file.id for file in await uow.held_files.some(lying) if file.stored_state in KEPT}
        for ident in set(lying) - needed:
            await asyncio.to_thread(self._quarantine.remove, ident)
        return len(over)

    async def recover(self, node: str) -> int:
        """What was on its way here when the node died never arrives; return how many."""
        async with self._database.read() as uow:
            left = await uow.held_files.unfinished(node)
        for file in left:
            await self._break(system_actor(), file, BASTION_STOPPED)
        return len(left)

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _check(self, file: HeldFile, content: Content) -> Checks:
        with self._quarantine.open(file.id) as stream:
            scanned = await self._antivirus.scan(stream, content.size)
        if file.direction is Direction.OUT:
            return Checks(scanned.scan, scanned.name, Announced.NONE, await self._guard(file))
        async with self._database.read() as uow:
            request = found(await uow.requests.get(file.request_id))
        announced = announced_file.compare(content.size, content.sha256, request.announced)
        return Checks(scanned.scan, scanned.name, announced)

    async def _guard(self, file: HeldFile) -> tuple[str, ...]:
        """Look for data of patients in what leaves (R-44)."""
        stop = threading.Event()
        too_large = (Finding(FindingKind.TOO_LARGE, file.name, 1, "").line,)

        def look() -> tuple[str, ...]:
            with self._quarantine.open(file.id) as stream:
                try:
                    verdict = examine(_Until(stop, stream.fileno()), file.name)
                except _Stopped:
                    return too_large
            return tuple(one.line for one in verdict.findings) if verdict.complete or verdict.findings else too_large

        try:
            return await asyncio.get_running_loop().run_in_executor(self._guards, look)
        finally:
            stop.set()  # a thread does not end by itself when nobody waits for it any more

    async def _break(self, actor: Actor, file: HeldFile, why: str) -> None:
        now = clock.now()
        async with self._database.write() as uow:
            current = found(await uow.held_files.get(file.id))
            if FileEvent.BREAK in TABLE[current.state(now)]:
                saved = await uow.held_files.save(current.break_off(now))
                await _audit(uow, "file:broken", actor, saved, now, why=why)
                uow.hint("held_file", saved.id)
        await asyncio.to_thread(self._quarantine.remove, file.id)


class _Stopped(Exception):
    """Nobody waits for the guard's answer any more, or nobody should."""


class _Until(io.FileIO):
    """A file that can be read until `stop` is set, or for so long."""

    def __init__(self, stop: threading.Event, fd: int) -> None:
        super().__init__(fd, "rb", closefd=False)
        self._stop = stop
        self._end = time.monotonic() + GUARD_SECONDS

    def read(self, size: int | None = -1) -> bytes:
        if self._stop.is_set() or time.monotonic() > self._end:
            raise _Stopped
        return super().read(size)


async def _audit_arrived(uow: UnitOfWork, actor: Actor, file: HeldFile, now: datetime) -> None:
    if file.stored_state is FileState.RELEASED:
        await _audit(uow, "file:released", actor, file, now, how=file.sas.value)
        return
    scanned = file.scan_name if file.scan is not Scan.CLEAN else ""
    await _audit(
        uow, "file:held", actor, file, now, scan=file.scan, signature=scanned, announced=file.announced,
        findings="; ".join(" ".join(line.split("\t")) for line in file.findings)[:2000],
    )  # fmt: skip


async def _audit(uow: UnitOfWork, tag: str, actor: Actor, file: HeldFile, now: datetime, **fields: object) -> None:
    facts: dict[str, object] = {
        "session": file.session_id, "direction": file.direction, "size": file.size, "sha256": file.sha256,
        "path": file.path, "technician": file.technician_name,
    }  # fmt: skip
    await uow.audit.append(
        tag, actor=actor, subject=("file", file.id), facility_id=file.facility_id, at=now, **(facts | fields)
    )
