"""What asking and deciding share: who may see a request, the view of it, and its audit line."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest, Person, RequestState
from bastion.domain.conditions import Condition
from bastion.domain.device import SESSIONS, Device
from bastion.domain.emergency import Emergency, refuse_reviewed
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.lock import Subject, first_hit
from bastion.domain.parties import Actor, ActorKind, Lent, Technician
from bastion.domain.timebox import whole_minutes
from bastion.errors import BastionError, Invalid, Locked, NotFound
from bastion.i18n import sentence
from bastion.services.answering import unanswered, unanswered_when_it_opens
from bastion.services.decisions import Decisions, Scope, Urgency
from bastion.services.joins import Joins, found
from bastion.services.occupied import occupied
from bastion.services.paperwork import lacks_of
from bastion.services.portal import speaks_for
from bastion.services.reaching import reachable
from bastion.services.standby import Standby
from bastion.services.suspension import refuse_if_suspended
from bastion.services.telling_log import told_of
from bastion.services.templates import origin_of
from bastion.services.terms_ahead import papers_to_renew
from bastion.services.turns import asked_now, stuck
from bastion.services.views import RequestView, SessionView
from bastion.services.waiting import asker, look_around, under_rules, whole_of, with_askers
from bastion.services.works import other_parts
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Action, Decision

LEFT: Final = "The rules give this work {most} minutes in all; {left} of them are left."


class RequestViews:
    """Joins a request with everything an approver needs on one screen (domain 3.12)."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    async def rows(self, joins: Joins, actor: Actor, requests: Sequence[AccessRequest]) -> list[RequestView]:
        """Many at once, for a list: without what happened on each device before."""
        now = clock.now()
        await joins.about(requests)
        await joins.equipment(request.device_id for request in requests)
        await joins.know("grant", (request.grant_id for request in requests))
        await look_around(joins, requests, now)
        standing = [await under_rules(joins, self._decisions, request, now) for request in requests]
        return [await self._view(joins, actor, request) for request in standing]

    async def to_decide(self, joins: Joins, actor: Actor, requests: Sequence[AccessRequest]) -> int:
        """How many of these somebody can decide on now, without the names and histories a screen shows."""
        await joins.know("device", (request.device_id for request in requests))
        await joins.look_for_emergencies(requests)
        await joins.look_for_works(requests)
        now = clock.now()
        standing = [await with_askers(joins, request, now) for request in requests]
        return sum(
            [
                not self._why_not(actor, one, await joins.device(one.device_id), await joins.emergency(one))
                for one in standing
            ]
        )

    async def view(self, joins: Joins, actor: Actor, request: AccessRequest) -> RequestView:
        row = await self._view(joins, actor, request)
        return replace(row, history=await joins.history(request.device_id))

    async def _view(self, joins: Joins, actor: Actor, request: AccessRequest) -> RequestView:
        device = await joins.device(request.device_id)
        logins = {account.id: account.login for account in await joins.accounts(device.id)}
        emergency = await joins.emergency(request)
        why_not = self._why_not(actor, request, device, emergency)
        lent = self._lent(actor, request, device, emergency) if actor.lent and not why_not else None
        way = reachable(device, await joins.endpoints(device.id), await joins.derogations(device.id), clock.now())
        return RequestView(
            request, await joins.technician(request.technician_id), await joins.supplier(request.supplier_id), device,
            await joins.facility(request.facility_id), logins.get(request.account_id, ""),
            endpoint_ready=way is not None, history=(),
            decision_reasons=self._decisions.explain(request.policy_ids, actor.language),
            can_decide=not why_not, why_not=why_not,
            must_disown=not why_not and self._decisions.must_disown(actor, request, device, clock.now(), emergency),
            approvers=tuple(s.name for s in await joins.approvers(device)), in_name_of=lent.by_name if lent else "",
            grant=await joins.grant(request.grant_id) if request.grant_id else None,
            emergency=emergency, handover=await joins.handover(request),
            extends=await joins.grant(request.extends_grant_id) if request.extends_grant_id else None,
            endpoint=way[0] if way else None, derogations=way[1] if way else (),
        )  # fmt: skip

    async def whole(self, uow: UnitOfWork, actor: Actor, request: AccessRequest) -> RequestView:
        """The same, with what can be recorded of the device's services, and how files would pass (domain 2.3)."""
        joins = Joins(uow)
        request = await under_rules(joins, self._decisions, request, clock.now())
        view = await self.view(joins, actor, request)
        services = tuple(e for e in await joins.endpoints(request.device_id) if e.protocol not in SESSIONS)
        employer = await uow.subcontractors.get(view.technician.employer_id)
        asked, scope, why_stuck = Standby(), None, ""
        asks_now = request.stored_state is RequestState.PENDING
        if asks_now:
            scope = await self._scope(uow, joins, view)
            view = await self._with_followed(uow, joins, view)
            around = uow, self._decisions, request, view.device, clock.now(), view.emergency
            asked = await asked_now(*around)
            why_stuck = await stuck(*around, asked)
        thread = tuple(await uow.remarks.of(request.id))
        return replace(
            view,
            thread=thread,
            services=services,
            scope=scope,
            employer=employer,
            orders=tuple(await uow.order_looks.of(request.id)),
            standby=asked,
            stuck=why_stuck,
            approvers=tuple(one.name for one in asked.people),
            told=await told_of(uow, request),
            origin=await origin_of(uow, request),
            others=tuple(await self._others(uow, joins, actor, request)),
            parts=tuple(one for one in await other_parts(uow, request) if may_see(actor, one.request)),
            live=await self._live(uow, joins, view),
            occupants=await occupied(uow, joins, request, clock.now()) if actor.kind is ActorKind.STAFF else (),
            papers_to_renew=await papers_to_renew(uow, request, clock.now()) if asks_now else (),
            unanswered=await _unanswered(uow, view, clock.now()),
            lacks_key=not await uow.keys.of(request.technician_id),
            lacks_authenticator=not any(one.totp_sealed for one in await uow.credentials.some([request.technician_id])),
        )

    async def _scope(self, uow: UnitOfWork, joins: Joins, view: RequestView) -> Scope:
        """What its grant would hold by the rules of now; what was agreed to holds what it says."""
        request, now = view.request, clock.now()
        return self._decisions.scope(
            asker(request, view.technician, view.supplier), view.supplier, view.device, request.kind,
            await whole_of(joins, request, request.agreed), now, max(request.quorum, len(request.approvals)),
            lacks=await lacks_of(uow, view.technician, view.supplier, now),
            urgency=Urgency() if view.emergency else None,
        )  # fmt: skip

    async def _with_followed(self, uow: UnitOfWork, joins: Joins, view: RequestView) -> RequestView:
        """Say whether its session would have to be followed, while it waits; what is agreed to says so by its grant."""
        request, now = view.request, clock.now()
        if request.state(now) is not RequestState.PENDING:
            return view
        opened = self._decisions.on_device(
            Action.CONNECT, asker(request, view.technician, view.supplier), view.supplier, view.device, request.kind,
            await whole_of(joins, request, request.agreed), now, max(request.quorum, len(request.approvals)),
            lacks=await lacks_of(uow, view.technician, view.supplier, now),
            urgency=Urgency() if view.emergency else None,
        )  # fmt: skip
        wanted = opened.allowed and opened.obligations.watcher
        return replace(view, followed=wanted or Condition.WATCHER in request.conditions)

    async def _live(self, uow: UnitOfWork, joins: Joins, view: RequestView) -> tuple[SessionView, ...]:
        grant = view.extends or view.grant
        records = await uow.sessions.of_grant(grant.id) if grant else []
        return tuple(await joins.sessions(one for one in records if one.live))

    async def _others(
        self, uow: UnitOfWork, joins: Joins, actor: Actor, request: AccessRequest
    ) -> list[RequestView]:  # fmt: skip
        """What was asked for together with it, as far as this person may see."""
        together = [one for one in await uow.requests.of_batch(request.batch_id) if one.id != request.id]
        rows = await self.rows(joins, actor, [one for one in together if may_see(actor, one)])
        return [await self._with_followed(uow, joins, row) for row in rows]

    def _lent(self, actor: Actor, request: AccessRequest, device: Device, emergency: Emergency | None) -> Lent | None:
        return self._decisions.in_whose_name(Action.APPROVE, actor, request, device, clock.now(), emergency)

    def _why_not(self, actor: Actor, request: AccessRequest, device: Device, emergency: Emergency | None) -> str:
        """Why this actor cannot decide on this request now; empty when he can."""
        now = clock.now()
        try:
            lent = self._lent(actor, request, device, emergency) if actor.lent else None
            request.refuse_agreement(person(actor, lent), now)  # first what is decided: the policy costs more
            refuse_reviewed(emergency)
            self._decisions.require_approve(actor, request, device, now, emergency)
        except BastionError as problem:
            return sentence(problem, actor.language)
        return ""


async def _unanswered(uow: UnitOfWork, view: RequestView, now: datetime) -> str:
    """Who does not answer for patient data (any more), of what waits or still opens something."""
    request, grant = view.request, view.extends or view.grant
    if grant is not None and grant.status(now) in {GrantStatus.SCHEDULED, GrantStatus.OPEN}:
        return await unanswered(uow, request.plan, view.device.facility_id, max(grant.start, now))
    if request.state(now) is RequestState.PENDING:
        return await unanswered_when_it_opens(uow, request, now)
    return ""


def check_minutes(minutes: int) -> None:
    if not 1 <= minutes <= 24 * 60:
        raise Invalid("minutes", field="minutes", sentence="Choose a duration of at least one minute.")


def refuse_beyond(grant: Grant, whole: timedelta, decision: Decision) -> None:
    """More time is no way around the longest time of the rules by which the work is allowed (R-22, R-26)."""
    most = decision.obligations.max_duration
    if whole > most:
        left = whole_minutes(max(most - grant.whole, timedelta()))
        raise Invalid("minutes", field="minutes", sentence=LEFT, most=whole_minutes(most), left=left)


async def refuse_if_locked(uow: UnitOfWork, technician: Technician, device: Device, now: datetime) -> None:
    """Nothing is asked or agreed for whom a lock names, or who is suspended."""
    hit = first_hit(await uow.locks.unlifted(), Subject(technician.id, technician.supplier_id, device.id), now)
    if hit is not None:
        raise Locked(hit.id, why=hit.reason)
    await refuse_if_suspended(uow, technician, device, now)


def person(actor: Actor, lent: Lent | None = None) -> Person:
    """Who acts, and by a delegation in whose name."""
    return Person(
        actor.id, actor.name, actor.supplier_id, lent.by_id if lent else "", lent.by_name if lent else ""
    )  # fmt: skip


def may_see(actor: Actor, request: AccessRequest) -> bool:
    if actor.kind is ActorKind.TECHNICIAN:
        return request.technician_id == actor.id
    return actor.covers(request.facility_id)


async def seen_with_company(uow: UnitOfWork, actor: Actor, request_id: str) -> AccessRequest:
    """The request, for whoever may see it: who did the work, who speaks for his company, the hospital (T33)."""
    request = found(await uow.requests.get(request_id), request_id)
    if may_see(actor, request):
        return request
    me = await uow.technicians.get(actor.id) if actor.kind is ActorKind.TECHNICIAN else None
    if me is None or me.supplier_id != request.supplier_id or not await speaks_for(uow, me):
        raise NotFound(request_id)
    return request


async def audit_decision(
    uow: UnitOfWork, tag: str, actor: Actor, request: AccessRequest, now: datetime, **fields: object
) -> None:
    await uow.audit.append(
        tag, actor=actor, subject=("request", request.id), facility_id=request.facility_id, at=now, **fields
    )
    uow.hint("request", request.id)
