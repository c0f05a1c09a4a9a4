"""How long recordings are kept, what holds one back, and the trace that an erased one leaves (R-54).

A hold is a reason somebody in charge of security gave (an incident, a complaint); as long as it stands, nothing erases
the recording. What remains of an erased one is its session, its digest in the audit chain, and a signed note.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain.grant import GrantStatus
from bastion.domain.parties import Actor, Role
from bastion.domain.place import Place
from bastion.domain.session_record import SessionRecord
from bastion.errors import Conflict, Forbidden, NotFound
from bastion.services import reasons
from bastion.services.joins import found
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from recordings import retention
from recordings.retention import Kept

AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Overdue:
    """A recording whose time was over at `since`."""

    record: SessionRecord
    since: datetime


class Retention:
    def __init__(self, database: Database, keep: retention.Retention) -> None:
        self._database = database
        self._keep = keep

    async def overdue(self, recording_ids: Sequence[str]) -> list[Overdue]:
        """Return those of `recording_ids` that may be erased now: over their term, not held, their grant not open."""
        found: list[Overdue] = []
        for start in range(0, len(recording_ids), AT_ONCE):
            async with self._database.read() as uow:
                found += await self._overdue(uow, list(recording_ids[start : start + AT_ONCE]), clock.now())
        return found

    async def promised(self) -> dict[str, str]:
        """Return the digests of the recordings that the store must have sealed, or as the note of an erased one, by
        session.
        """
        promised: dict[str, str] = {}
        full = True
        last: Place | None = None
        while full:
            async with self._database.read() as uow:
                page = await uow.sessions.search(live=False, limit=AT_ONCE, after=last)
            promised |= {record.id: record.recording_digest for record in page if record.recording_digest}
            full = len(page) == AT_ONCE
            last = Place(page[-1].started_at, page[-1].id) if full else None
        return promised

    async def erased(self, actor: Actor, one: Overdue, digest: str) -> None:
        """Keep that a recording is erased, before it is. Raises `Conflict` if it may not be any more."""
        record, now = one.record, clock.now()
        async with self._database.write() as uow:
            if not await self._overdue(uow, [record.id], now):
                raise Conflict(record.id, sentence="This recording may not be erased (any more).")
            await uow.audit.append(
                "recording:erased", actor=actor, subject=("session", record.id), facility_id=record.facility_id,
                at=now, session=record.id, digest=digest, due=one.since.isoformat(),
            )  # fmt: skip

    async def hold(self, actor: Actor, session_id: str, why: str) -> None:
        """Keep a recording beyond its term, until somebody releases it."""
        await self._change(actor, session_id, "recording:held", reasons.for_the_record(why, "why"), hold=True)

    async def release(self, actor: Actor, session_id: str, why: str) -> None:
        """Let the term of a held recording run again; if it is over, the recording is erased within a day."""
        said = reasons.for_the_record(why, "why")
        await self._change(actor, session_id, "recording:released", said, hold=False)

    async def _change(self, actor: Actor, session_id: str, tag: str, why: str, *, hold: bool) -> None:
        if Role.SECURITY not in actor.roles:
            raise Forbidden(actor.login)
        async with self._database.write() as uow:
            record = found(await uow.sessions.get(session_id), session_id)
            if not actor.covers(record.facility_id, Role.SECURITY):
                raise NotFound(session_id)
            if hold:
                await uow.settings.put(_key(session_id), why)
            elif not await uow.settings.remove(_key(session_id)):
                raise Conflict(session_id, sentence="This recording is not held.")
            await uow.audit.append(
                tag, actor=actor, subject=("session", record.id), facility_id=record.facility_id, at=clock.now(),
                session=record.id, why=why,
            )  # fmt: skip

    async def _overdue(self, uow: UnitOfWork, ids: list[str], now: datetime) -> list[Overdue]:
        records = {record.id: record for record in await uow.sessions.some(ids)}
        kept = [Kept(record.id, record.ended_at) for record in records.values() if record.ended_at is not None]
        over = [Overdue(records[one.recording_id], one.since) for one in retention.due(kept, now, self._keep)]
        return [one for one in over if not await _needed(uow, one.record, now)]


async def _needed(uow: UnitOfWork, record: SessionRecord, now: datetime) -> bool:
    """Whether somebody holds the recording, or the intervention it belongs to goes on."""
    if await uow.settings.get(_key(record.id)) is not None:
        return True
    grant = found(await uow.grants.get(record.grant_id))
    return grant.status(now) is GrantStatus.OPEN


def _key(session_id: str) -> str:
    return f"hold:{session_id}"
