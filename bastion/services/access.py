"""Asking for access, for more time, and reading what became of it (R-17, R-24, R-25). Deciding is `approvals.py`."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bastion import clock
from bastion.domain import batch, conditions, work_plan
from bastion.domain.access_request import AccessRequest, InterventionKind, RequestState
from bastion.domain.announced_file import AnnouncedFile, checked
from bastion.domain.device import Device, DeviceAccount
from bastion.domain.emergency import Call, Emergency
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, ActorKind, Supplier, Technician
from bastion.domain.place import Place
from bastion.domain.work_order import OrderCheck
from bastion.domain.work_plan import PLAIN, WorkPlan
from bastion.errors import Conflict, DeviceNotReady, Forbidden, Invalid, NotFound, ReasonNeeded
from bastion.services.decisions import Decisions, Urgency, explained, policy_ids, reasons, refusal
from bastion.services.emergencies import announce
from bastion.services.forms import MAX_NAME, plain
from bastion.services.joins import Joins, found, scope
from bastion.services.maintenance import Maintenance
from bastion.services.paperwork import lacks_of
from bastion.services.reports import overdue_of
from bastion.services.requests import (
    RequestViews,
    audit_decision,
    check_minutes,
    may_see,
    minutes_of,
    person,
    refuse_if_locked,
)
from bastion.services.revoking import revoke
from bastion.services.templates import offered_for
from bastion.services.urgency import unreviewed
from bastion.services.views import GrantView, RequestView
from bastion.services.work_orders import WorkOrders
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Action, Decision

PENDING_LIFE = timedelta(hours=2)
MAX_TEXT = 2000
ONE_WAITS_ALREADY = "A request for {device} is waiting already; leave this device out, or take that request back."
WAITS_ALREADY = "A request for this device is waiting already; see its state first."
ONE_DEVICE = "Name an account only where you ask for one device."
AN_HOUR = timedelta(hours=1)
MOST_EMERGENCIES = 20
"""Of a supplier within an hour, those taken back too: each one wakes whoever is on call."""
TOO_MANY_EMERGENCIES = "Too many emergencies were called within an hour. Call the hospital."
PAST = "The start lies in the past. Choose a later one."
TOO_LONG = "This text is too long: {limit} characters at most."


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """What a person asks for. `minutes` of work; `start` aware UTC for later, `None` for as soon as agreed."""

    device_code: str
    kind: InterventionKind
    reason: str
    minutes: int
    work_order: str = ""
    account: str = ""
    start: datetime | None = None
    technician_login: str = ""
    notice_accepted: bool = False
    announced: tuple[AnnouncedFile, ...] = ()
    plan: WorkPlan = PLAIN
    template: str = ""
    """The id of what is usually asked for, if it was made from that."""
    batch: str = ""
    """Shared by those that are made at once; given here, never by whoever asks."""
    emergency: Call | None = None
    """That it cannot wait, and who called whom about it (R-26, R-27)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A draft with its names resolved."""

    technician: Technician
    supplier: Supplier
    device: Device
    account: DeviceAccount
    wanted: timedelta
    template_id: str = ""


class Access:
    def __init__(
        self, database: Database, decisions: Decisions, maintenance: Maintenance, orders: WorkOrders
    ) -> None:  # fmt: skip
        self._maintenance = maintenance
        self._database = database
        self._decisions = decisions
        self._orders = orders
        self._views = RequestViews(decisions)

    # -- asking --------------------------------------------------------------------------------------------------------
    async def request(self, actor: Actor, draft: RequestDraft) -> AccessRequest:
        """Ask for access, for oneself or, as staff, for a technician. Raises `PolicyRefused`, `Locked`, `Invalid`."""
        return (await self.request_several(actor, draft, (draft.device_code,)))[0]

    async def request_several(self, actor: Actor, draft: RequestDraft, codes: Iterable[str]) -> list[AccessRequest]:
        """Ask for the same on each of these devices: one request each, all of them or none."""
        now = clock.now()
        drafts = _for_each(_checked(draft, now), batch.codes(codes), now)
        await self._refuse_unseen(actor, drafts, now)
        orders = await asyncio.gather(*(self._look_at_order(actor, one) for one in drafts))
        async with self._database.write() as uow:
            await uow.locks.hold()  # of two posts at once one asks, and the other finds that it waits already
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
            technician = await _technician_of(uow, actor, drafts[0].technician_login)
            unseen = [one for one in drafts if await _is_unseen(uow, actor, technician, one)]
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
        ask = await resolve(uow, actor, await _technician_of(uow, actor, draft.technician_login), draft)
        ask = replace(ask, template_id=await offered_for(uow, draft.template, ask.device, others=bool(draft.batch)))
        await refuse_if_locked(uow, ask.technician, ask.device, now)
        if await uow.requests.open_for(ask.technician.id, ask.device.id, now):
            raise Conflict(
                "pending", sentence=ONE_WAITS_ALREADY if draft.batch else WAITS_ALREADY, device=ask.device.code
            )
        if draft.emergency and await uow.emergencies.begun(ask.supplier.id, now - AN_HOUR) >= MOST_EMERGENCIES:
            raise Conflict("emergencies", sentence=TOO_MANY_EMERGENCIES)
        urgency = Urgency(await unreviewed(uow, ask.supplier.id, now)) if draft.emergency else None
        owed = await overdue_of(uow, ask.supplier.id, now)
        return ask, await self._ask_policy(uow, actor, ask, draft.kind, now, urgency, owed)

    async def _make(
        self, uow: UnitOfWork, actor: Actor, draft: RequestDraft, order: OrderCheck | None, ask: Ask,
        decision: Decision, now: datetime,
    ) -> AccessRequest:  # fmt: skip
        """Keep a request; of one the policy refuses, the trail keeps that."""
        made = drafted(actor, draft, ask, decision, now)
        await self._keep_request(uow, actor, made, ask, decision, now, draft.emergency)
        if decision.allowed and draft.emergency is None and (order is None or order.fits):  # else a person reads it
            made = await self._maintenance.stand_in(uow, actor, made, ask.device, ask.supplier, now)
        if decision.allowed and order is not None:
            await uow.order_checks.add(replace(order, request_id=made.id))
        return made

    async def longest(self, actor: Actor, draft: RequestDraft) -> timedelta | None:
        """How long the rules let work like this last; `None` where they refuse it however short. Nothing is kept."""
        now = clock.now()
        async with self._database.read() as uow:
            who = await _technician_of(uow, actor, draft.technician_login)
            ask = await resolve(uow, actor, who, replace(draft, minutes=1))
            urgency = Urgency(await unreviewed(uow, ask.supplier.id, now)) if draft.emergency else None
            owed = await overdue_of(uow, ask.supplier.id, now)
            decision = await self._ask_policy(uow, actor, ask, draft.kind, now, urgency, owed)
        return decision.obligations.max_duration if decision.allowed else None

    async def extend(self, actor: Actor, grant_id: str, minutes: int, reason: str) -> AccessRequest:
        """Ask for more time under a grant: a new fact under the request's own quorum (R-35)."""
        check_minutes(minutes)
        if len(reason) > MAX_TEXT:
            raise Invalid("reason", field="reason", sentence=TOO_LONG, limit=MAX_TEXT)
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            grant = found(await uow.grants.get(grant_id))
            if actor.id != grant.technician_id and not actor.covers(grant.facility_id):
                raise NotFound(grant_id)
            if grant.status(now) is not GrantStatus.OPEN:
                raise Conflict("not open", sentence="This authorisation is not open any more; ask for a new one.")
            waiting = await uow.requests.open_for(grant.technician_id, grant.device_id, now)
            if waiting is not None and waiting.extends_grant_id == grant.id:
                raise Conflict("pending", sentence="More time was asked for already; see the state of that request.")
            ask = await self._resolve_grant(uow, grant, minutes)
            first = found(await uow.requests.get(grant.request_id))
            urgency = Urgency() if grant.emergency else None
            decision = await self._ask_policy(uow, actor, ask, grant.kind, now, urgency)
            made = _make_extension(actor, first, grant, minutes, reason, now)
            await self._keep_request(uow, actor, made, ask, decision, now)
        if not decision.allowed:
            raise refusal(decision, actor.language)
        return made

    async def withdraw(self, actor: Actor, request_id: str, note: str = "") -> AccessRequest:
        """Take a pending request back; the technician himself, or whoever made it for him."""
        now = clock.now()
        async with self._database.write() as uow:
            request = found(await uow.requests.get(request_id))
            if actor.id not in {request.technician_id, request.created_by.id}:
                raise NotFound(request_id)
            saved = await uow.requests.save(request.withdraw(person(actor), note, now))
            await audit_decision(uow, "request:withdrawn", actor, saved, now, note=note)
        return saved

    async def give_back(self, actor: Actor, grant_id: str, reason: str = "") -> Grant:
        """End an authorisation that is not wanted, or no longer; its live sessions end. The technician himself, whoever
        asked for him, or on the supplier's behalf somebody of the hospital who may end it.
        """
        said = reason.strip()
        if len(said) > MAX_TEXT:
            raise Invalid("reason", field="reason", sentence=TOO_LONG, limit=MAX_TEXT)
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            grant = found(await uow.grants.get(grant_id), grant_id)
            request = found(await uow.requests.get(grant.request_id))
            mine = actor.id in {grant.technician_id, request.created_by.id}
            if not mine and not actor.covers(grant.facility_id):
                raise NotFound(grant_id)
            device = found(await uow.devices.get(grant.device_id))
            decision = None if mine else self._decisions.require_about(Action.INTERRUPT, actor, device, now)
            return await revoke(uow, actor, grant, said, now, decision, given_back=True, behalf="" if mine else "yes")

    # -- reading -------------------------------------------------------------------------------------------------------
    async def get(self, actor: Actor, request_id: str) -> RequestView:
        async with self._database.read() as uow:
            request = found(await uow.requests.get(request_id), request_id)
            if not may_see(actor, request):
                raise NotFound(request_id)
            return await self._views.whole(uow, actor, request)

    async def to_decide(self, actor: Actor) -> int:
        """How many of `pending` this person can decide on: what every open page asks for after each decision."""
        async with self._database.read() as uow:
            waiting = await uow.requests.pending(clock.now(), scope(actor))
            return await self._views.to_decide(Joins(uow), actor, [r for r in waiting if may_see(actor, r)])

    async def pending(self, actor: Actor) -> list[RequestView]:
        """What waits for a decision in the actor's facilities, oldest first."""
        async with self._database.read() as uow:
            joins = Joins(uow)
            waiting = await uow.requests.pending(clock.now(), scope(actor))
            seen = [r for r in waiting if may_see(actor, r)]
            views = await self._views.rows(joins, actor, seen)
        return sorted(views, key=lambda v: v.request.created_at)

    async def search(
        self, actor: Actor, *, state: str = "", text: str = "", device_id: str = "", supplier_id: str = "",
        before: datetime | None = None, after: Place | None = None, limit: int = 50, offset: int = 0,
    ) -> list[RequestView]:  # fmt: skip
        """Newest first. A text that names nothing is looked for as far back as `reach` says."""
        mine = actor.id if actor.kind is ActorKind.TECHNICIAN else ""
        async with self._database.read() as uow:
            joins = Joins(uow)
            rows = await uow.requests.search(
                state=state, text=text, device_id=device_id, supplier_id=supplier_id, technician_id=mine,
                facility_ids=None if mine else scope(actor), before=before, now=clock.now(), after=after, limit=limit,
                offset=offset,
            )  # fmt: skip
            return await self._views.rows(joins, actor, rows)

    async def reach(
        self, actor: Actor, *, text: str, state: str = "", before: datetime | None = None
    ) -> datetime | None:
        """Up to when `search` looked for this text: look further back from there. `None`: everything was looked at."""
        async with self._database.read() as uow:
            return await uow.requests.reach(
                text, state=state, facility_ids=scope(actor), before=before, now=clock.now()
            )

    async def grants(self, actor: Actor, technician_id: str) -> list[GrantView]:
        """The open and coming grants of a technician that the actor may see."""
        now = clock.now()
        async with self._database.read() as uow:
            joins = Joins(uow)
            grants = await uow.grants.of_technician(technician_id, now)
            visible = [g for g in grants if actor.id == g.technician_id or actor.covers(g.facility_id)]
            return [
                GrantView(g, await joins.device(g.device_id), await joins.technician(g.technician_id)) for g in visible
            ]

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _look_at_order(self, actor: Actor, draft: RequestDraft) -> OrderCheck | None:
        """Ask the hospital's GMAO, between two transactions: the records do not wait for another machine."""
        async with self._database.read() as uow:
            ask = await resolve(uow, actor, await _technician_of(uow, actor, draft.technician_login), draft)
        return await self._orders.check(
            actor, draft.work_order, ask.device, ask.supplier, emergency=draft.emergency is not None
        )

    async def _resolve_grant(self, uow: UnitOfWork, grant: Grant, minutes: int) -> Ask:
        """The whole window, extension included, is what the policy judges."""
        technician = found(await uow.technicians.get(grant.technician_id))
        return Ask(
            technician, found(await uow.suppliers.get(grant.supplier_id)),
            found(await uow.devices.get(grant.device_id)), found(await uow.accounts.get(grant.account_id)),
            grant.length + timedelta(minutes=minutes),
        )  # fmt: skip

    async def _ask_policy(
        self, uow: UnitOfWork, actor: Actor, ask: Ask, kind: InterventionKind, now: datetime,
        urgency: Urgency | None = None, owed: tuple[str, ...] = (),
    ) -> Decision:  # fmt: skip
        lacks = replace(await lacks_of(uow, ask.technician, ask.supplier, now), reports=owed)
        return self._decisions.on_device(
            Action.REQUEST, actor, ask.supplier, ask.device, kind, ask.wanted, now, lacks=lacks, urgency=urgency
        )

    async def _keep_request(
        self, uow: UnitOfWork, actor: Actor, made: AccessRequest, ask: Ask, decision: Decision, now: datetime,
        call: Call | None = None,
    ) -> None:  # fmt: skip
        if decision.allowed:
            await uow.requests.add(made)
            emergency = await announce(uow, made, call, now) if call else None
            await _audit_created(uow, actor, made, ask, decision, now, emergency)
            uow.hint("request", made.id)
            return
        await uow.audit.append(
            "request:refused", actor=actor, subject=("device", ask.device.id), facility_id=ask.device.facility_id,
            at=now, kind=made.kind, minutes=minutes_of(made.wanted), device=ask.device.code, supplier=ask.supplier.code,
            policy=" ".join(policy_ids(decision)), why=" ".join(reasons(decision, "en")),
            technician=ask.technician.login, reason=made.reason,
        )  # fmt: skip


# -- small parts, without state ----------------------------------------------------------------------------------------
def _checked(draft: RequestDraft, now: datetime) -> RequestDraft:
    """Everything that a request must say is said, and no text runs on for ever (R-25)."""
    if len(draft.reason.strip()) < 3:
        raise ReasonNeeded("request", field="reason", sentence="Please say in a few words what you are going to do.")
    for name in ("reason", "work_order", "account"):
        if len(getattr(draft, name)) > MAX_TEXT:
            raise Invalid(name, field=name, sentence=TOO_LONG, limit=MAX_TEXT)
    check_minutes(draft.minutes)
    if draft.emergency is not None:
        draft = replace(draft, emergency=draft.emergency.checked())
    if draft.start is not None and (draft.start.tzinfo is None or draft.start < now - timedelta(minutes=5)):
        raise Invalid("start", field="start", sentence=PAST)
    if draft.start is not None and draft.start > now + conditions.FARTHEST:
        raise Invalid("start", field="start", sentence=conditions.TOO_FAR)
    changes = draft.kind is not InterventionKind.TELEDIAGNOSTIC
    plan = work_plan.checked(draft.plan, max(draft.start or now, now), may_change=changes)
    return replace(draft, announced=checked(draft.announced), plan=plan)


def _for_each(draft: RequestDraft, codes: tuple[str, ...], now: datetime) -> list[RequestDraft]:
    """The same for each device; several share a reference."""
    shared = new_id(now) if len(codes) > 1 else ""
    if shared and draft.account:
        raise Invalid("account", field="account", sentence=ONE_DEVICE)
    return [replace(draft, device_code=code, batch=shared) for code in codes]


async def resolve(uow: UnitOfWork, actor: Actor, technician: Technician, draft: RequestDraft) -> Ask:
    """Find what a draft names. `NotFound`: there is no such device, his company does not maintain it, or it is of a
    hospital where who asks for him does not work (T33).
    """
    supplier = found(await uow.suppliers.get(technician.supplier_id))
    device = await uow.devices.by_code(draft.device_code)
    known = device is not None and device.active and supplier.id in device.supplier_ids
    if device is None or not known or not (actor.id == technician.id or actor.covers(device.facility_id)):
        raise NotFound(f"device {draft.device_code}")
    accounts = await uow.accounts.of(device.id)
    chosen = [a for a in accounts if not draft.account or a.login == draft.account]
    if not chosen:
        raise DeviceNotReady(device.code, device=device.code)
    return Ask(technician, supplier, device, chosen[0], timedelta(minutes=draft.minutes))


async def _is_unseen(uow: UnitOfWork, actor: Actor, technician: Technician, draft: RequestDraft) -> bool:
    try:
        await resolve(uow, actor, technician, draft)
    except NotFound:
        return True
    except DeviceNotReady:  # which is said further on
        return False
    return False


async def _technician_of(uow: UnitOfWork, actor: Actor, login: str) -> Technician:
    if actor.kind is ActorKind.TECHNICIAN:
        return found(await uow.technicians.get(actor.id))
    if actor.kind is not ActorKind.STAFF:
        raise Forbidden("only technicians and staff ask for access")
    technician = await uow.technicians.by_login(login)
    if technician is None or not technician.usable(clock.now()):
        raise Invalid(login, field="technician_login", sentence="There is no usable technician under that login.")
    return technician


def drafted(actor: Actor, draft: RequestDraft, ask: Ask, decision: Decision, now: datetime) -> AccessRequest:
    """What becomes of a draft that the policy lets be asked for; nothing is kept yet."""
    return AccessRequest(
        id=new_id(now), technician_id=ask.technician.id, technician_name=ask.technician.name,
        supplier_id=ask.supplier.id, device_id=ask.device.id, facility_id=ask.device.facility_id,
        account_id=ask.account.id, kind=draft.kind, reason=draft.reason.strip(), work_order=draft.work_order.strip(),
        wanted=ask.wanted, created_at=now, expires_at=max(now, draft.start or now) + PENDING_LIFE,
        created_by=person(actor), quorum=decision.obligations.approvals,
        max_duration=decision.obligations.max_duration, policy_hash=decision.policy_hash,
        policy_ids=policy_ids(decision), source=actor.source, start=draft.start,
        announced=draft.announced, plan=draft.plan, template_id=ask.template_id,
        batch_id=draft.batch,
        notice_accepted_at=now if draft.notice_accepted and actor.kind is ActorKind.TECHNICIAN else None,
    )  # fmt: skip


def _make_extension(
    actor: Actor, first: AccessRequest, grant: Grant, minutes: int, reason: str, now: datetime
) -> AccessRequest:
    return replace(
        first, id=new_id(now), reason=reason.strip() or first.reason,
        wanted=timedelta(minutes=minutes), created_at=now, expires_at=grant.end, created_by=person(actor),
        source=actor.source, start=None, extends_grant_id=grant.id, template_id="", batch_id="",
        stored_state=RequestState.PENDING, approvals=(), decided_at=None, decided_by="", decision_note="", grant_id="",
        version=1,
    )  # fmt: skip


async def _audit_created(
    uow: UnitOfWork, actor: Actor, made: AccessRequest, ask: Ask, decision: Decision, now: datetime,
    emergency: Emergency | None,
) -> None:  # fmt: skip
    await uow.audit.append(
        "request:created", actor=actor, subject=("request", made.id), facility_id=made.facility_id, at=now,
        kind=made.kind, minutes=minutes_of(made.wanted), work_order=made.work_order, **explained(decision),
        quorum=made.quorum, device=ask.device.code, supplier=ask.supplier.code, technician=ask.technician.login,
        reason=made.reason, template=made.template_id, batch=made.batch_id, emergency="yes" if emergency else "",
        caller=emergency.caller if emergency else "",
        **_plan_facts(made.plan),
    )  # fmt: skip


def _plan_facts(plan: WorkPlan) -> dict[str, object]:
    """What the trail keeps of the plan: who answers for patient data and why (R-38), and the way back (R-43)."""
    facts = {
        "patient_data": plan.patients or "", "professional": plan.professional, "patient_why": plan.patient_why,
        "software_change": {True: "yes", False: "no", None: ""}[plan.software], "rollback": plan.rollback,
        "backup": f"{plan.backup_at.isoformat()} {plan.backup_place}" if plan.backup_at else "",
        "keeps": plan.keeps, "people": "; ".join(plan.people),
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value}
