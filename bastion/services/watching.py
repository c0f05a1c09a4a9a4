"""Following an intervention in the hospital's name (R-34): who takes the watch, who is there, who has left."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bastion import clock
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, ActorKind, system_actor
from bastion.domain.session_record import SessionRecord
from bastion.domain.watch import Left, Watch
from bastion.errors import Conflict, Forbidden, NotFound
from bastion.services.authentication import Authentication
from bastion.services.decisions import Decisions, reasons
from bastion.services.joins import Joins, found
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Action, Decision

NO_NEED = "Nobody has to follow this session."
NOT_YOURS = "You do not follow this session. Take the watch again if it is still needed."
NOT_FOR_YOU = "You may not follow this session: another person of the hospital must, who did not ask for the work."


@dataclass(frozen=True, slots=True)
class Offer:
    """What one browser may do about following a session. `mine` says that it follows already."""

    may: bool
    why_not: tuple[str, ...] = ()
    mine: bool = False


@dataclass(frozen=True, slots=True)
class _Facts:
    record: SessionRecord
    decision: Decision


class Watching:
    def __init__(self, database: Database, decisions: Decisions, authentication: Authentication) -> None:
        self._database = database
        self._decisions = decisions
        self._authentication = authentication

    # -- for staff -----------------------------------------------------------------------------------------------------
    async def offer(self, actor: Actor, session_id: str, holder: str) -> Offer:
        """Say whether this person may follow the session, and whether he does in the browser named `holder`."""
        async with self._database.read() as uow:
            facts = await self._facts(uow, actor, session_id)
            mine = await _mine(uow, facts.record, actor, holder)
        if not facts.decision.allowed:
            return Offer(may=False, why_not=reasons(facts.decision, actor.language))
        return Offer(may=True, mine=mine is not None)

    async def take(self, actor: Actor, session_id: str, holder: str) -> Watch:
        """Begin to follow. Needs a fresh code of this very browser (T11); whoever asked for the work may not."""
        self._authentication.require_fresh(actor)
        if actor.kind is not ActorKind.STAFF or not holder:
            raise Forbidden("only a person before a page follows a session")
        async with self._database.write() as uow:
            await uow.locks.hold()  # whoever ends the authorisation takes it before its request, and is not to wait
            now = clock.now()
            facts = await self._facts(uow, actor, session_id)
            await self._require_needed(uow, facts)
            mine = await _mine(uow, facts.record, actor, holder)
            if mine is not None:
                return mine
            record = facts.record
            watch = Watch(new_id(now), record.grant_id, record.id, actor.id, actor.name, holder, now)
            await uow.watches.add(watch)
            await _note(uow, "watch:taken", actor, record, now)
        return watch

    async def beat(self, actor: Actor, session_id: str, holder: str) -> None:
        """Count a sign of life of the open page. Raises when the watch is over, or the duty was lost meanwhile."""
        async with self._database.write() as uow:
            facts = await self._facts(uow, actor, session_id)
            watch = await _mine(uow, facts.record, actor, holder)
            allowed = facts.decision.allowed
            if watch is not None and allowed:
                await uow.watches.beat(watch.id)
            elif watch is not None:
                await _end(uow, watch, facts.record, actor, Left.NOT_ALLOWED)
        if watch is None:
            raise Conflict(session_id, sentence=NOT_YOURS)
        if not allowed:
            raise Forbidden(f"watch by {actor.login}", sentence=NOT_FOR_YOU)

    async def leave(self, actor: Actor, session_id: str, holder: str) -> None:
        """Stop following. Whoever is not there any more need not leave."""
        async with self._database.write() as uow:
            record = await _seen(uow, actor, session_id)
            watch = await _mine(uow, record, actor, holder)
            if watch is not None:
                await _end(uow, watch, record, actor, Left.BY_HAND)

    # -- for the node that carries the sessions ------------------------------------------------------------------------
    async def standing(self, grant_ids: Iterable[str]) -> list[Watch]:
        async with self._database.read() as uow:
            return await uow.watches.open_on(sorted(grant_ids))

    async def judged(self, present: Mapping[str, bool], lapsed: Iterable[Watch]) -> None:
        """Keep who is there and who is not, so that the pages can tell; end what was silent for too long."""
        async with self._database.write() as uow:
            for ident, there in present.items():
                await uow.watches.judge(ident, present=there)
            for watch in lapsed:
                record = found(await uow.sessions.get(watch.session_id))
                await _end(uow, watch, record, system_actor(), Left.SILENT)
            uow.hint("session", "watched")

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _facts(self, uow: UnitOfWork, actor: Actor, session_id: str) -> _Facts:
        record = await _seen(uow, actor, session_id)
        joins = Joins(uow)
        request, device = await joins.request(record.request_id), await joins.device(record.device_id)
        return _Facts(record, self._decisions.on_watch(actor, request, device, clock.now()))

    async def _require_needed(self, uow: UnitOfWork, facts: _Facts) -> None:
        if not facts.decision.allowed:
            raise Forbidden(f"{Action.WATCH} of {facts.record.id}", sentence=NOT_FOR_YOU)
        if not facts.record.live:
            raise Conflict(facts.record.id, sentence="This session has ended already.")
        if not (await Joins(uow).grant(facts.record.grant_id)).watcher:
            raise Conflict(facts.record.id, sentence=NO_NEED)


async def end_watches(uow: UnitOfWork, record: SessionRecord, now: datetime) -> None:
    """The last session under a grant has ended: there is nothing left to follow."""
    for watch in await uow.watches.open_on([record.grant_id]):
        await _end(uow, watch, record, system_actor(), Left.SESSION_OVER, now)


async def _seen(uow: UnitOfWork, actor: Actor, session_id: str) -> SessionRecord:
    record = found(await uow.sessions.get(session_id), session_id)
    if not actor.covers(record.facility_id):
        raise NotFound(session_id)
    return record


async def _mine(uow: UnitOfWork, record: SessionRecord, actor: Actor, holder: str) -> Watch | None:
    watches = await uow.watches.open_on([record.grant_id])
    return next((one for one in watches if (one.staff_id, one.holder) == (actor.id, holder)), None)


async def _end(
    uow: UnitOfWork, watch: Watch, record: SessionRecord, actor: Actor, why: Left, at: datetime | None = None
) -> None:
    now = at or clock.now()
    if await uow.watches.leave(watch.id, max(now, watch.taken_at), why):
        whose = system_actor(watch.staff_name) if actor.kind is ActorKind.SYSTEM else actor
        await _note(uow, "watch:left", whose, record, now, how=why)


async def _note(uow: UnitOfWork, tag: str, actor: Actor, record: SessionRecord, now: datetime, **more: object) -> None:
    await uow.audit.append(
        tag, actor=actor, subject=("session", record.id), facility_id=record.facility_id, at=now, session=record.id,
        grant=record.grant_id, **more,
    )  # fmt: skip
    uow.hint("session", record.id)
