"""Watching sessions from the console: live ones, past ones, and freezing, thawing or cutting them (R-34, R-64)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain.grant import GrantStatus
from bastion.domain.parties import Actor, Role
from bastion.domain.place import Place
from bastion.domain.session_record import SessionRecord
from bastion.errors import Conflict, Forbidden, IllegalTransition, NotFound
from bastion.services import reasons
from bastion.services.answering import unanswered
from bastion.services.authentication import Authentication
from bastion.services.decisions import Decisions, explained
from bastion.services.joins import Joins, found, scope
from bastion.services.revoking import revoke
from bastion.services.views import SessionView
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Action, Decision

NOT_THE_FIRST: Final = (
    "This session begins once somebody of the hospital who did not ask for the work lets it go on: you may not."
)
MOST_BESIDE: Final = 50
"""Of so many live sessions of a device the others are looked for."""
REPLAYERS = (Role.SECURITY, Role.AUDITOR)


class Supervision:
    def __init__(self, database: Database, decisions: Decisions, authentication: Authentication) -> None:
        self._database = database
        self._decisions = decisions
        self._authentication = authentication

    async def live(self, actor: Actor) -> list[SessionView]:
        """The sessions going on now in the actor's facilities, newest first."""
        return await self.search(actor, live=True, limit=500)

    async def search(
        self, actor: Actor, *, technician: str = "", supplier_id: str = "", device_id: str = "", outcome: str = "",
        since: datetime | None = None, until: datetime | None = None, text: str = "", live: bool | None = None,
        health_data: bool = False, differs: bool = False, after: Place | None = None, limit: int = 50, offset: int = 0,
        to_replay: bool = False,
    ) -> list[SessionView]:  # fmt: skip
        """Sessions of the actor's hospitals; `to_replay`: of those where he may ask for the recording."""
        roles = REPLAYERS if to_replay else ()
        async with self._database.read() as uow:
            records = await uow.sessions.search(
                facility_ids=scope(actor, *roles), technician=technician, supplier_id=supplier_id,
                device_id=device_id,
                outcome=outcome, since=since, until=until, text=text, live=live, health_data=health_data,
                differs=differs, after=after, limit=limit, offset=offset,
            )  # fmt: skip
            return await Joins(uow).sessions(records)

    async def reach(
        self, actor: Actor, *, text: str, technician: str = "", supplier_id: str = "", device_id: str = "",
        outcome: str = "", since: datetime | None = None, until: datetime | None = None, live: bool | None = None,
        health_data: bool = False, differs: bool = False,
    ) -> datetime | None:  # fmt: skip
        """Up to when `search` looked for this text among what he may replay: look further back from there. `None`:
        everything was looked at.
        """
        async with self._database.read() as uow:
            return await uow.sessions.reach(
                text, facility_ids=scope(actor, *REPLAYERS), technician=technician, supplier_id=supplier_id,
                device_id=device_id, outcome=outcome, since=since, until=until, live=live, health_data=health_data,
                differs=differs,
            )  # fmt: skip

    async def get(self, actor: Actor, session_id: str) -> SessionView:
        async with self._database.read() as uow:
            record = found(await uow.sessions.get(session_id), session_id)
            if not actor.covers(record.facility_id):
                raise NotFound(session_id)
            view = await Joins(uow).session(record)
            plan = view.request.plan
            silent = await unanswered(uow, plan, view.device.facility_id, clock.now()) if record.live else ""
            return replace(view, unanswered=silent)

    async def beside(self, actor: Actor, record: SessionRecord) -> list[SessionView]:
        """The other sessions under the same authorisation that go on when this one is cut, or once it was: whoever
        stops one of two must learn of the other. There is no other authorisation at a time on a device (R-37). Without
        those that are being cut; none where the authorisation was taken back, for they end with it.
        """
        if not actor.covers(record.facility_id):
            raise NotFound(record.id)
        if not record.live and record.cut_at is None:
            return []
        async with self._database.read() as uow:
            live = await uow.sessions.live_on_device(record.device_id, MOST_BESIDE)
            others = [
                one for one in live if one.grant_id == record.grant_id and one.id != record.id and one.cut_at is None
            ]
            grant = await uow.grants.get(record.grant_id) if others else None
            return [] if grant is None or grant.revoked_at is not None else await Joins(uow).sessions(others)

    async def freeze(self, actor: Actor, session_id: str) -> SessionRecord:
        """Hold the technician's input back; the device keeps its connection (domain 3.3). It asks for no code."""

        def frozen(record: SessionRecord, now: datetime) -> SessionRecord:
            if record.frozen_at is not None:
                raise IllegalTransition(session_id, state="frozen")
            return replace(record, frozen_at=now, frozen_by=actor.name)

        return await self._change(actor, session_id, "session:freeze_asked", frozen)

    async def thaw(self, actor: Actor, session_id: str) -> SessionRecord:
        """Let the technician's input through again. Where a session began frozen, whoever may not follow it does not
        let it begin either: he asked for the work (R-34).
        """

        def thawed(record: SessionRecord, _now: datetime) -> SessionRecord:
            if record.frozen_at is None:
                raise IllegalTransition(session_id, state="active")
            return replace(record, frozen_at=None, frozen_by="")

        async def also(uow: UnitOfWork, record: SessionRecord, now: datetime, _decision: Decision) -> None:
            if not await self._may_begin(uow, actor, record, now):
                raise Forbidden(f"first thaw of {record.id}", sentence=NOT_THE_FIRST)

        return await self._change(actor, session_id, "session:thaw_asked", thawed, also)

    async def held_for_others(self, actor: Actor, record: SessionRecord) -> str:
        """Return the sentence that `thaw` would refuse this person with; empty where others need not let it begin."""
        if not record.held_first:  # nothing is asked of the database at every look
            return ""
        async with self._database.read() as uow:
            return "" if await self._may_begin(uow, actor, record, clock.now()) else NOT_THE_FIRST

    async def cut(self, actor: Actor, session_id: str, why: str, *, withdraw: bool = False) -> SessionRecord:
        """End a session now; the technician reads who did it and why. `withdraw`: what was agreed ends with it, so
        that he reads both at once.
        """
        said = reasons.for_the_technician(why, "why")
        self._authentication.require_fresh(actor)

        def cut(record: SessionRecord, now: datetime) -> SessionRecord:
            return record if record.cut_at else replace(record, cut_at=now, cut_by=actor.name, cut_why=said)

        async def also(uow: UnitOfWork, record: SessionRecord, now: datetime, decision: Decision) -> None:
            grant = found(await uow.grants.get(record.grant_id))
            if grant.status(now) in {GrantStatus.SCHEDULED, GrantStatus.OPEN}:
                await revoke(uow, actor, grant, said, now, decision)

        ends = also if withdraw else None
        return await self._change(actor, session_id, "session:cut_asked", cut, ends, hold=withdraw, why=said)

    async def _may_begin(self, uow: UnitOfWork, actor: Actor, record: SessionRecord, now: datetime) -> bool:
        if not record.held_first:
            return True
        joins = Joins(uow)
        request, device = await joins.request(record.request_id), await joins.device(record.device_id)
        return self._decisions.on_watch(actor, request, device, now).allowed

    async def _change(
        self, actor: Actor, session_id: str, tag: str, change: Callable[[SessionRecord, datetime], SessionRecord],
        also: Callable[[UnitOfWork, SessionRecord, datetime, Decision], Awaitable[None]] | None = None,
        *, hold: bool = False, **fields: object,
    ) -> SessionRecord:  # fmt: skip
        """`hold`: authorisations end with it; whoever decides on what waits for one takes the rows in another order."""
        async with self._database.write() as uow:
            if hold:
                await uow.locks.hold()
            now = clock.now()
            record, decision = await self._live_record(uow, actor, session_id, now)
            saved = await uow.sessions.save(change(record, now))
            await uow.audit.append(
                tag, actor=actor, subject=("session", session_id), facility_id=record.facility_id, at=now,
                **explained(decision), **fields,
            )  # fmt: skip
            if also:
                await also(uow, record, now, decision)
            uow.hint("session", session_id)
        return saved

    async def _live_record(
        self, uow: UnitOfWork, actor: Actor, session_id: str, now: datetime
    ) -> tuple[SessionRecord, Decision]:
        record = found(await uow.sessions.get(session_id), session_id)
        if not actor.covers(record.facility_id):
            raise NotFound(session_id)
        device = found(await uow.devices.get(record.device_id))
        decision = self._decisions.require_about(Action.INTERRUPT, actor, device, now)
        if not record.live:
            raise Conflict(session_id, sentence="This session has ended already.")
        return record, decision
