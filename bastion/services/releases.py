"""The release desk: what is held, and letting it through or refusing it (R-41, R-42, R-44)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.device import Device
from bastion.domain.held_file import FileState, HeldFile
from bastion.domain.parties import Actor, ActorKind, Facility, Supplier
from bastion.domain.place import Place
from bastion.errors import BastionError, Conflict, NotFound
from bastion.i18n import sentence
from bastion.services import reasons
from bastion.services.authentication import Authentication
from bastion.services.decisions import Decisions, explained
from bastion.services.joins import Joins, found, scope
from bastion.store.database import Database


@dataclass(frozen=True, slots=True)
class FoundThing:
    """One finding of the guard: what kind of data, where in the file, how often, and how it was recognised."""

    kind: str
    where: str
    count: int
    evidence: str


@dataclass(frozen=True, slots=True)
class FileView:
    """A held file with its neighbours; `state` as the clock has it now."""

    file: HeldFile
    device: Device
    facility: Facility
    supplier: Supplier
    request: AccessRequest
    state: FileState
    findings: tuple[FoundThing, ...]
    can_decide: bool
    why_not: str


class Releases:
    def __init__(self, database: Database, decisions: Decisions, authentication: Authentication) -> None:
        self._database = database
        self._decisions = decisions
        self._authentication = authentication

    # -- reading -------------------------------------------------------------------------------------------------------
    async def search(
        self, actor: Actor, *, state: str = "", session_id: str = "", text: str = "", before: datetime | None = None,
        after: Place | None = None, limit: int = 50, offset: int = 0,
    ) -> list[FileView]:  # fmt: skip
        """Newest first; a technician sees his own. Some texts are looked for as far back as `reach` says."""
        now = clock.now()
        mine = actor.id if actor.kind is ActorKind.TECHNICIAN else ""
        async with self._database.read() as uow:
            joins = Joins(uow)
            files = await uow.held_files.search(
                state=state, session_id=session_id, text=text, technician_id=mine, now=now,
                facility_ids=None if mine else scope(actor), before=before, after=after, limit=limit,
                offset=offset,
            )  # fmt: skip
            await joins.about(files)
            await joins.know("request", (file.request_id for file in files))
            return [await self._view(joins, actor, file, now) for file in files]

    async def reach(
        self, actor: Actor, *, text: str, state: str = "", session_id: str = "", before: datetime | None = None
    ) -> datetime | None:
        """Up to when `search` looked for this text: look further back from there. `None`: everything was looked at."""
        async with self._database.read() as uow:
            return await uow.held_files.reach(
                text, state=state, session_id=session_id, facility_ids=scope(actor), before=before, now=clock.now()
            )

    async def get(self, actor: Actor, file_id: str) -> FileView:
        async with self._database.read() as uow:
            file = found(await uow.held_files.get(file_id), file_id)
            _require_sight(actor, file)
            return await self._view(Joins(uow), actor, file, clock.now())

    async def count(self, actor: Actor) -> int:
        """How many files wait for a decision in the actor's facilities."""
        async with self._database.read() as uow:
            return await uow.held_files.count_held(scope(actor), clock.now())

    # -- deciding ------------------------------------------------------------------------------------------------------
    async def release(self, actor: Actor, file_id: str, version: int, note: str) -> HeldFile:
        """Let exactly this file through, once (T43)."""
        said = reasons.for_the_technician(note, "note")
        return await self._decide(
            actor, file_id, version, "file:released", lambda f, now: f.release(actor.id, actor.name, said, now),
            how="person", note=said,
        )  # fmt: skip

    async def refuse(self, actor: Actor, file_id: str, version: int, note: str) -> HeldFile:
        """Let it go nowhere, with the reason the technician will read."""
        said = reasons.for_the_technician(note, "note")
        return await self._decide(
            actor,
            file_id,
            version,
            "file:rejected",
            lambda f, now: f.refuse(actor.id, actor.name, said, now),
            note=said,
        )

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _decide(
        self, actor: Actor, file_id: str, version: int, tag: str, change: Callable[[HeldFile, datetime], HeldFile],
        **fields: object,
    ) -> HeldFile:  # fmt: skip
        self._authentication.require_fresh(actor)
        now = clock.now()
        async with self._database.write() as uow:
            file = found(await uow.held_files.get(file_id), file_id)
            _require_sight(actor, file)
            request = found(await uow.requests.get(file.request_id))
            device = found(await uow.devices.get(file.device_id))
            decision = self._decisions.require_release(actor, request, device, now)
            if file.version != version:
                raise Conflict(f"file {file_id} is at version {file.version}, not {version}")
            saved = await uow.held_files.save(change(file, now))
            await uow.audit.append(
                tag, actor=actor, subject=("file", file.id), facility_id=file.facility_id, at=now,
                session=file.session_id, direction=file.direction, size=file.size, sha256=file.sha256, path=file.path,
                technician=file.technician_name, **explained(decision), **fields,
            )  # fmt: skip
            uow.hint("held_file", file.id)
        return saved

    async def _view(self, joins: Joins, actor: Actor, file: HeldFile, now: datetime) -> FileView:
        device = await joins.device(file.device_id)
        request = await joins.request(file.request_id)
        why_not = self._why_not(actor, file, request, device, now)
        return FileView(
            file, device, await joins.facility(file.facility_id), await joins.supplier(file.supplier_id), request,
            file.state(now), tuple(map(read_finding, file.findings)), not why_not, why_not,
        )  # fmt: skip

    def _why_not(self, actor: Actor, file: HeldFile, request: AccessRequest, device: Device, now: datetime) -> str:
        """Why this actor cannot decide on this file now; empty when he can."""
        try:
            file.release(actor.id, actor.name, "", now)  # first what is decided: the policy costs more
            self._decisions.require_release(actor, request, device, now)
        except BastionError as problem:
            return sentence(problem, actor.language)
        return ""


def read_finding(line: str) -> FoundThing:
    """Take apart what `Finding.line` made; an odd one shows as it is."""
    kind, where, count, evidence = [*line.split("\t"), "", "", ""][:4]
    return FoundThing(kind, where, int(count) if count.isdecimal() else 1, evidence)


def _require_sight(actor: Actor, file: HeldFile) -> None:
    mine = actor.kind is ActorKind.TECHNICIAN and actor.id == file.technician_id
    if not mine and not actor.covers(file.facility_id):
        raise NotFound(file.id)
