"""What a request declared beside what was observed of its sessions, put together from the records and the trail (R-60).

Bounded: of a session with more facts than are looked through, that is said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from bastion import clock
from bastion.domain import act
from bastion.domain.access_request import AccessRequest
from bastion.domain.comparison import (
    Comparison,
    Declared,
    Observed,
    Reporting,
    SeenFile,
    Unseen,
    compare,
)
from bastion.domain.device import ChannelKind
from bastion.domain.events import AuditEvent
from bastion.domain.grant import Grant
from bastion.domain.held_file import Direction, FileState, HeldFile
from bastion.domain.parties import Actor
from bastion.domain.report import Report, ReportDue
from bastion.domain.session_record import SessionRecord
from bastion.errors import NotFound
from bastion.services.joins import found
from bastion.services.requests import seen_with_company
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from policies.guards.verdict import UNSEEN, FindingKind
from policies.model import Sas

MOST_FACTS: Final = 1000
MOST_HELD: Final = 200
MOST_SESSIONS: Final = 30
_ALTERING: Final = frozenset({"remove", "rename", "mkdir", "rmdir", "link"})
_GONE: Final = frozenset({FileState.ARRIVING, FileState.BROKEN})


class Comparisons:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_request(self, actor: Actor, request_id: str) -> Comparison | None:
        """All its sessions; nothing where there was none. Raises `NotFound`."""
        async with self._database.read() as uow:
            request = await seen_with_company(uow, actor, request_id)
            return await of_request(uow, request)

    async def of_session(self, actor: Actor, session_id: str) -> Comparison:
        """One session alone, for the hospital. Raises `NotFound`."""
        async with self._database.read() as uow:
            record = found(await uow.sessions.get(session_id), session_id)
            if not actor.covers(record.facility_id):
                raise NotFound(session_id)
            return await of_session(uow, record)


async def of_session(uow: UnitOfWork, record: SessionRecord) -> Comparison:
    request, grant = found(await uow.requests.get(record.request_id)), found(await uow.grants.get(record.grant_id))
    return compare(_declared(request, grant), [await _observed(uow, record)], clock.now())


async def of_request(uow: UnitOfWork, request: AccessRequest) -> Comparison | None:
    """Nothing for a request for more time: it is the work under the first one that is compared."""
    if not request.grant_id or request.extends_grant_id:
        return None
    grant, now = found(await uow.grants.get(request.grant_id)), clock.now()
    own = [one for one in await uow.sessions.of_grant(grant.id) if one.request_id == request.id]
    if not own:
        return None
    sessions = [await _observed(uow, one) for one in own[-MOST_SESSIONS:]]
    if len(own) > MOST_SESSIONS:
        sessions[0] = replace(sessions[0], unseen=sessions[0].unseen | {Unseen.MORE})
    due, written = await uow.report_dues.get(request.id), await uow.reports.of(request.id)
    reporting = _reporting(due, written)
    return compare(_declared(request, grant), sessions, now, whole=True, report=reporting)


def _reporting(due: ReportDue | None, written: Sequence[Report]) -> Reporting | None:
    if due is None:
        return None
    return Reporting(len(written), due.owed_since is not None, due.overdue(clock.now()))


def _declared(request: AccessRequest, grant: Grant) -> Declared:
    return Declared(
        request.kind, request.wanted, grant.length, request.plan.patients, request.plan.software,
        request.announced, ChannelKind.FORWARD in grant.channels,
    )  # fmt: skip


async def _observed(uow: UnitOfWork, record: SessionRecord) -> Observed:
    facts = await uow.audit.search(subject_id=record.id, limit=MOST_FACTS)
    held = await uow.held_files.search(session_id=record.id, now=clock.now(), limit=MOST_HELD)
    channels = [event.fields for event in facts if event.tag == "channel:opened"]
    refused = [event.fields for event in facts if event.tag == "channel:refused"]
    files = [event.fields for event in facts if event.tag == "file:passed"]
    kinds = {FindingKind(finding) for finding in record.screen_findings}
    unseen = [
        (Unseen.MORE, len(facts) == MOST_FACTS or len(held) == MOST_HELD), (Unseen.SCREEN, bool(kinds & UNSEEN)),
        (Unseen.NOT_SEALED, not record.live and not record.recording_digest),
    ]  # fmt: skip
    return Observed(
        record.id, record.started_at, record.ended_at, len(channels),
        files=_files([one for one in files if _went(one)], held),
        altered=sum(one["op"] in _ALTERING and one["outcome"] == "done" for one in files),
        tried=_tried(facts),
        broken=sum(bool(one["direction"]) and one["outcome"] != "done" for one in files),
        acts=act.read(record.acts), tunnels=sum(one["kind"] == ChannelKind.FORWARD for one in channels),
        tunnels_refused=sum(one["kind"] == ChannelKind.FORWARD for one in refused),
        screens=record.shows_health_data, unseen=frozenset(reason for reason, so in unseen if so),
    )  # fmt: skip


def _went(said: dict[str, str]) -> bool:
    return bool(said["direction"]) and said["outcome"] == "done"


def _tried(facts: Iterable[AuditEvent]) -> int:
    """What was asked of files and refused; of a flood the trail has the rest as one number."""
    return sum(int(event.fields.get("count") or 1) for event in facts if event.tag == "file:refused")


def _files(passed: Iterable[dict[str, str]], held: Iterable[HeldFile]) -> tuple[SeenFile, ...]:
    """Each content once: what the release desk knows of it, and whether it passed."""
    known: dict[tuple[str, str], SeenFile] = {}
    for one in held:
        if one.state(clock.now()) not in _GONE:
            known[(one.direction, one.sha256)] = _held(one)
    for said in passed:
        way, sha256 = Direction(said["direction"]), said["sha256"]
        was = known.get((way, sha256))
        fresh = SeenFile(said["path"], way, int(said["size"]), sha256, looked_at=way is Direction.IN)
        known[(way, sha256)] = replace(was, passed=True) if was else fresh
    return tuple(known.values())


def _held(file: HeldFile) -> SeenFile:
    kinds = {FindingKind(line.partition("\t")[0]) for line in file.findings}
    return SeenFile(
        file.path, file.direction, file.size, file.sha256, passed=file.stored_state is FileState.DELIVERED,
        patients=bool(kinds - UNSEEN), looked_at=file.sas is not Sas.FREE and not kinds & UNSEEN,
    )  # fmt: skip
