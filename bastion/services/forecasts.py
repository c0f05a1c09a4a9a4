"""Who would have to agree to a request, and why: a dry run. Nothing is kept, and nobody is asked or told."""

from dataclasses import dataclass, replace
from datetime import datetime

from bastion import clock
from bastion.domain.parties import Actor, ActorKind, Staff, Technician
from bastion.errors import Invalid
from bastion.i18n import sentence
from bastion.services.decisions import Decisions, Urgency, judged_source, policy_ids, reasons
from bastion.services.drafts import Ask, RequestDraft, drafted, resolve
from bastion.services.emergencies import emergency_of
from bastion.services.hindrances import hindrances
from bastion.services.joins import Joins, found
from bastion.services.paperwork import lacks_of
from bastion.services.portal import need_technician
from bastion.services.reports import overdue_of
from bastion.services.requests import check_minutes
from bastion.services.turns import foreseen
from bastion.services.urgency import unreviewed
from bastion.services.views import Forecast, Outlook
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Action, Decision


@dataclass(frozen=True, slots=True)
class _Judged:
    asked: Decision
    watcher: bool
    obstacles: tuple[str, ...]


class Forecasts:
    """The rules answer as they would if the same were asked for, and agreed to, at this instant."""

    def __init__(self, database: Database, decisions: Decisions) -> None:
        self._database = database
        self._decisions = decisions

    async def of(self, actor: Actor, draft: RequestDraft, *, by_technician: bool = False) -> Forecast:
        """Foresee what becomes of `draft`, asked for by the actor himself or by the technician.

        The technician is taken to come from the first network that his company declared.
        """
        check_minutes(draft.minutes)
        now = clock.now()
        async with self._database.read() as uow:
            ask = await resolve(uow, actor, await _technician(uow, actor, draft.technician_login), draft)
            return await self._foresee(uow, actor, ask, draft, now, by_technician=by_technician)

    async def own(self, actor: Actor, draft: RequestDraft) -> Outlook:
        """The same for a supplier's person who would ask himself, from where he is now; a device that is not his is
        not there (T33).
        """
        check_minutes(draft.minutes)
        now = clock.now()
        async with self._database.read() as uow:
            me = found(await uow.technicians.get(need_technician(actor)))
            ask = await resolve(uow, actor, me, draft)
            judged = await self._judge(uow, actor, actor, ask, draft, actor.language, now)
        asked = judged.asked
        return Outlook(
            asked.allowed, self._told(asked, actor.language), asked.obligations.approvals,
            min(ask.wanted, asked.obligations.max_duration), judged.watcher, judged.obstacles,
        )  # fmt: skip

    async def _foresee(
        self, uow: UnitOfWork, actor: Actor, ask: Ask, draft: RequestDraft, now: datetime, *, by_technician: bool
    ) -> Forecast:
        joins, theirs = Joins(uow), _as_technician(ask)
        asker = theirs if by_technician else actor
        judged = await self._judge(uow, asker, theirs, ask, draft, actor.language, now)
        asked = judged.asked
        turns = await self._turns(uow, asker, ask, draft, asked, now) if asked.allowed else ()
        return Forecast(
            ask.technician, ask.supplier, ask.device, await joins.facility(ask.device.facility_id), draft.kind,
            ask.wanted, asked.allowed, self._told(asked, actor.language), policy_ids(asked),
            asked.obligations.approvals, asked.obligations.max_duration, watcher=judged.watcher,
            turns=tuple(tuple(one.name for one in turn) for turn in turns), obstacles=judged.obstacles,
        )  # fmt: skip

    async def _judge(
        self, uow: UnitOfWork, asker: Actor, theirs: Actor, ask: Ask, draft: RequestDraft, language: str, now: datetime
    ) -> _Judged:
        """What the rules say of asking, and of connecting after that; and what else stands in the way."""
        owed = await overdue_of(uow, ask.supplier.id, now)
        lacks = replace(await lacks_of(uow, ask.technician, ask.supplier, now), reports=owed)
        urgency = Urgency(await unreviewed(uow, ask.supplier.id, now)) if draft.emergency else None
        asked = self._decisions.on_device(
            Action.REQUEST, asker, ask.supplier, ask.device, draft.kind, ask.wanted, now, lacks=lacks, urgency=urgency
        )
        problems = await hindrances(uow, ask, draft, now)
        obstacles = tuple(sentence(problem, language) for problem in problems)
        if not asked.allowed:
            return _Judged(asked, watcher=False, obstacles=obstacles)
        agreed = min(ask.wanted, asked.obligations.max_duration)
        opened = self._decisions.on_device(
            Action.CONNECT, theirs, ask.supplier, ask.device, draft.kind, agreed, now, asked.obligations.approvals,
            lacks=lacks, urgency=Urgency() if urgency else None,
        )  # fmt: skip
        late = () if opened.allowed else reasons(opened, language)
        return _Judged(asked, watcher=opened.obligations.watcher, obstacles=(*obstacles, *late))

    def _told(self, asked: Decision, language: str) -> tuple[str, ...]:
        return self._decisions.explain(policy_ids(asked), language) if asked.allowed else reasons(asked, language)

    async def _turns(
        self, uow: UnitOfWork, asker: Actor, ask: Ask, draft: RequestDraft, asked: Decision, now: datetime
    ) -> tuple[tuple[Staff, ...], ...]:  # fmt: skip
        ahead = draft if draft.start is None or draft.start > now else replace(draft, start=None)
        made = drafted(asker, ahead, ask, asked, now)
        call = emergency_of(made, draft.emergency, await uow.staff.all(), now) if draft.emergency else None
        return await foreseen(uow, self._decisions, made, ask.device, now, call)


async def _technician(uow: UnitOfWork, actor: Actor, login: str) -> Technician:
    technician = await uow.technicians.by_login(login)
    if actor.kind is ActorKind.TECHNICIAN or technician is None or not technician.usable(clock.now()):
        raise Invalid(login, field="technician", sentence="There is no usable technician under that login.")
    return technician


def _as_technician(ask: Ask) -> Actor:
    who, source = ask.technician, judged_source("", supplier_asks=False, supplier=ask.supplier)
    return Actor(ActorKind.TECHNICIAN, who.id, who.login, who.name, source, supplier_id=who.supplier_id)
