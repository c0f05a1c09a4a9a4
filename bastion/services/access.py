"""Asking for access, and for more time (R-24, R-25). Reading it is `asked.py`, deciding `approvals.py`."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bastion import clock
from bastion.domain import batch
from bastion.domain.access_request import AccessRequest, InterventionKind, RequestState
from bastion.domain.emergency import refuse_reviewed
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, ActorKind
from bastion.domain.work_order import OrderLook
from bastion.errors import Conflict, NotFound
from bastion.services import reasons
from bastion.services.answering import answered_for, still_answered_for
from bastion.services.decisions import Decisions, Urgency, policy_ids, refusal
from bastion.services.drafts import (
    Ask,
    RequestDraft,
    complete,
    drafted,
    for_each,
    is_unseen,
    resolve,
    technician_of,
)
from bastion.services.forms import MAX_NAME, plain
from bastion.services.hindrances import hindrances
from bastion.services.joins import found
from bastion.services.maintenance import Maintenance
from bastion.services.paperwork import lacks_of
from bastion.services.reports import overdue_of
from bastion.services.request_keeping import keep
from bastion.services.requests import check_minutes, person, refuse_beyond
from bastion.services.templates import offered_for
from bastion.services.urgency import unreviewed
from bastion.services.work_orders import WorkOrders
from bastion.services.works import goes_on
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Action, Decision

NOT_OPEN_ANY_MORE = "This authorisation is not open any more; ask for a new one."
NOT_YET_OPEN = "This authorisation has not begun yet; more time can be asked for once it has."


class Access:
    def __init__(
        self, database: Database, decisions: Decisions, maintenance: Maintenance, orders: WorkOrders
    ) -> None:  # fmt: skip
        self._maintenance = maintenance
        self._database = database
        self._decisions = decisions
        self._orders = orders

    async def request(self, actor: Actor, draft: RequestDraft) -> AccessRequest:
        """Ask for access, for oneself or, as staff, for a technician. Raises `PolicyRefused`, `Locked`, `Invalid`."""
        return (await self.request_several(actor, draft, (draft.device_code,)))[0]

    async def request_several(self, actor: Actor, draft: RequestDraft, codes: Iterable[str]) -> list[AccessRequest]:
        """Ask for the same on each of these devices: one request each, all of them or none."""
        now = clock.now()
        drafts = for_each(complete(draft, now), batch.codes(codes), now)
        await self._refuse_unseen(actor, drafts, now)
        orders = await asyncio.gather(*(self._look_at_order(actor, one) for one in drafts))
        async with self._database.write() as uow:
            await uow.locks.hold()  # of two posts at once one asks, and the other finds that it waits already
            now = clock.now()
            judged = [
                (one, order, *await self._judge(uow, actor, one, now))
                for one, order in zip(drafts, orders, strict=True)
            ]
            refused = [(ask, decision) for _one, _order, ask, decision in judged if not decision.allowed]
            made = [
                await self._make(uow, actor, one, order, ask, decision, now)
                for one, order, ask, decision in judged
                if not refused or not decision.allowed
            ]
        if refused:
            ask, decision = refused[0]
            raise refusal(decision, actor.language, ask.device.code if len(drafts) > 1 else "")
        return made

    async def _refuse_unseen(self, actor: Actor, drafts: list[RequestDraft], now: datetime) -> None:
        """To staff a device of another hospital is as one there is not: in words and in work; the trail tells (T33)."""
        if actor.kind is not ActorKind.STAFF:
            return
        async with self._database.read() as uow:
            technician = await technician_of(uow, actor, drafts[0].technician_login)
            unseen = [one for one in drafts if await is_unseen(uow, actor, technician, one)]
        if not unseen:
            return
        async with self._database.write() as uow:
            supplier = found(await uow.suppliers.get(technician.supplier_id))
            for one in unseen:
                device = await uow.devices.by_code(one.device_code)
                await uow.audit.append(
                    "request:refused", actor=actor, subject=("device", device.id if device else ""), at=now,
                    facility_id=device.facility_id if device else "", kind=one.kind, minutes=one.minutes,
                    device=plain(one.device_code)[:MAX_NAME], supplier=supplier.code, why=NotFound.sentence,
                    technician=technician.login, reason=one.reason.strip(),
                )  # fmt: skip
        raise NotFound(f"device {unseen[0].device_code}")

    async def _judge(self, uow: UnitOfWork, actor: Actor, draft: RequestDraft, now: datetime) -> tuple[Ask, Decision]:
        """Whether it may be asked for; raises what stands in the way besides the policy."""
        ask = await resolve(uow, actor, await technician_of(uow, actor, draft.technician_login), draft)
        start = max(draft.start or now, now)
        template_id = await offered_for(uow, draft.template, ask.device, others=bool(draft.batch))
        for problem in await hindrances(uow, ask, draft, now):
            raise problem
        plan = await answered_for(uow, draft.plan, ask.device, start, start + ask.wanted)
        ask = replace(ask, template_id=template_id, plan=plan)
        urgency = Urgency(await unreviewed(uow, ask.supplier.id, now)) if draft.emergency else None
        owed = await overdue_of(uow, ask.supplier.id, now)
        return ask, await self._ask_policy(uow, actor, ask, draft.kind, now, urgency, owed)

    async def _make(
        self, uow: UnitOfWork, actor: Actor, draft: RequestDraft, order: OrderLook | None, ask: Ask,
        decision: Decision, now: datetime,
    ) -> AccessRequest:  # fmt: skip
        """Keep a request; of one the policy refuses, the trail keeps that."""
        made = drafted(actor, draft, ask, decision, now)
        await keep(uow, actor, made, ask, decision, now, draft.emergency)
        if decision.allowed and draft.emergency is None and (order is None or order.fits):  # else a person reads it
            made = await self._maintenance.stand_in(uow, actor, made, ask.device, ask.supplier, now)
        if decision.allowed and order is not None:
            await uow.order_looks.add(replace(order, id=new_id(now), request_id=made.id))
        return made

    async def longest(self, actor: Actor, draft: RequestDraft) -> timedelta | None:
        """How long the rules let work like this last; `None` where they refuse it however short. Nothing is kept."""
        now = clock.now()
        async with self._database.read() as uow:
            who = await technician_of(uow, actor, draft.technician_login)
            ask = await resolve(uow, actor, who, replace(draft, minutes=1))
            urgency = Urgency(await unreviewed(uow, ask.supplier.id, now)) if draft.emergency else None
            owed = await overdue_of(uow, ask.supplier.id, now)
            decision = await self._ask_policy(uow, actor, ask, draft.kind, now, urgency, owed)
        return decision.obligations.max_duration if decision.allowed else None

    async def extend(self, actor: Actor, grant_id: str, minutes: int, reason: str) -> AccessRequest:
        """Ask for more time under a grant: a new fact under the request's own quorum (R-35)."""
        check_minutes(minutes)
        reason = reasons.note(reason, "reason")
        async with self._database.write() as uow:
            await uow.locks.hold()
            now = clock.now()
            grant = found(await uow.grants.get(grant_id))
            if actor.id != grant.technician_id and not actor.covers(grant.facility_id):
                raise NotFound(grant_id)
            if grant.status(now) is not GrantStatus.OPEN:
                early = grant.status(now) is GrantStatus.SCHEDULED
                raise Conflict("not open", sentence=NOT_YET_OPEN if early else NOT_OPEN_ANY_MORE)
            waiting = await uow.requests.open_for(grant.technician_id, grant.device_id, now)
            if any(one.extends_grant_id == grant.id for one in waiting):
                raise Conflict("pending", sentence="More time was asked for already; see the state of that request.")
            ask = await self._resolve_grant(uow, grant, minutes)
            first = found(await uow.requests.get(grant.request_id))
            refuse_reviewed(await uow.emergencies.get(first.work_id))
            await still_answered_for(uow, first.plan, ask.device, now, grant.latest + timedelta(minutes=minutes))
            urgency = Urgency() if grant.emergency else None
            decision = await self._ask_policy(uow, actor, ask, grant.kind, now, urgency)
            if decision.allowed:
                refuse_beyond(grant, ask.wanted, decision)
            made = _make_extension(actor, await goes_on(uow, first, actor, now), grant, decision, minutes, reason, now)
            await keep(uow, actor, made, ask, decision, now)
        if not decision.allowed:
            raise refusal(decision, actor.language)
        return made

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _look_at_order(self, actor: Actor, draft: RequestDraft) -> OrderLook | None:
        """Ask the hospital's GMAO, between two transactions: the records do not wait for another machine."""
        async with self._database.read() as uow:
            ask = await resolve(uow, actor, await technician_of(uow, actor, draft.technician_login), draft)
        return await self._orders.check(
            actor, draft.work_order, ask.device, ask.supplier, emergency=draft.emergency is not None
        )

    async def _resolve_grant(self, uow: UnitOfWork, grant: Grant, minutes: int) -> Ask:
        """The whole window, extension included, is what the policy judges."""
        technician = found(await uow.technicians.get(grant.technician_id))
        return Ask(
            technician, found(await uow.suppliers.get(grant.supplier_id)),
            found(await uow.devices.get(grant.device_id)), found(await uow.accounts.get(grant.account_id)),
            grant.whole + timedelta(minutes=minutes),
        )  # fmt: skip

    async def _ask_policy(
        self, uow: UnitOfWork, actor: Actor, ask: Ask, kind: InterventionKind, now: datetime,
        urgency: Urgency | None = None, owed: tuple[str, ...] = (),
    ) -> Decision:  # fmt: skip
        lacks = replace(await lacks_of(uow, ask.technician, ask.supplier, now), reports=owed)
        return self._decisions.on_device(
            Action.REQUEST, actor, ask.supplier, ask.device, kind, ask.wanted, now, lacks=lacks, urgency=urgency
        )


def _make_extension(
    actor: Actor, first: AccessRequest, grant: Grant, decision: Decision, minutes: int, reason: str, now: datetime
) -> AccessRequest:
    return replace(
        first, id=new_id(now), reason=reason.strip() or first.reason,
        wanted=timedelta(minutes=minutes), created_at=now, expires_at=grant.end, created_by=person(actor),
        quorum=decision.obligations.approvals, max_duration=decision.obligations.max_duration - grant.whole,
        policy_hash=decision.policy_hash, policy_ids=policy_ids(decision),
        source=actor.source, start=None, extends_grant_id=grant.id, template_id="", batch_id="",
        stored_state=RequestState.PENDING, approvals=(), decided_at=None, decided_by="", decision_note="", grant_id="",
        version=1,
    )  # fmt: skip
