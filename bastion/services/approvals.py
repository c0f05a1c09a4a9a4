"""Deciding on a request: agree, refuse, take back. The last agreement of the quorum makes the grant (R-17, R-23)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.conditions import PLAIN, Terms
from bastion.domain.device import Device
from bastion.domain.emergency import Emergency, refuse_later, refuse_reviewed
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, Lent, Supplier, Technician
from bastion.domain.timebox import whole_minutes
from bastion.domain.working_days import WorkingDays
from bastion.errors import AlreadyAgreed, Conflict, Invalid, NotFound
from bastion.services import emergencies, reasons
from bastion.services.answering import still_answered_for
from bastion.services.authentication import Authentication
from bastion.services.decisions import Decisions, Urgency, explained, refusal
from bastion.services.emergencies import REVIEW_WITHIN
from bastion.services.joins import Joins, found
from bastion.services.paperwork import Lacks, lacks_of
from bastion.services.requests import (
    audit_decision,
    check_minutes,
    may_see,
    person,
    refuse_beyond,
    refuse_if_locked,
)
from bastion.services.revoking import revoke
from bastion.services.takeovers import refuse_nothing_left, take_over
from bastion.services.terms_ahead import refuse_past_terms
from bastion.services.waiting import asker, under_rules, whole_of
from bastion.services.work_orders import WorkOrders
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Action, Counted, Decision

NOT_USABLE: Final = "{technician} may not work here any more; nothing but refusing is left."
OUT_OF_USE: Final = "The device {device} is no longer in use: nothing but refusing is left."
LIKE_THE_CALLER: Final = "Your name is like the caller’s. Say that you did not make this call, or let another decide."


@dataclass(frozen=True, slots=True)
class _Asked:
    """What somebody decides on, by which rules, and in whose name if not in his own."""

    request: AccessRequest
    device: Device
    lent: Lent | None
    emergency: Emergency | None
    decision: Decision
    stored: AccessRequest
    """As it was asked for; `request` has how many the rules want now, and who has asked for the work by now."""

    def kept(self, decided: AccessRequest) -> AccessRequest:
        """What was asked does not change."""
        return replace(decided, quorum=self.stored.quorum, earlier_askers=self.stored.earlier_askers)


@dataclass(frozen=True, slots=True)
class _Work:
    """Who would work on what, and what the rules look at besides."""

    technician: Technician
    supplier: Supplier
    device: Device
    lacks: Lacks
    urgency: Urgency | None
    whole: timedelta
    """All of its time, as the rules judge it."""


class Approvals:
    def __init__(
        self,
        database: Database,
        decisions: Decisions,
        authentication: Authentication,
        orders: WorkOrders,
        review_within: WorkingDays = REVIEW_WITHIN,
    ) -> None:
        """`review_within`: within how many working days somebody else looks at an emergency (R-26)."""
        self._review_within = review_within
        self._orders = orders
        self._database = database
        self._decisions = decisions
        self._authentication = authentication

    async def approve(
        self, actor: Actor, request_id: str, version: int, minutes: int, note: str = "", terms: Terms = PLAIN, *,
        not_caller: bool = False,
    ) -> AccessRequest:  # fmt: skip
        """Agree, to `minutes` at most and on `terms`; the last agreement of the quorum makes or extends the grant.

        `not_caller`: he says that he did not make the call about this emergency. `Invalid` for whom it may have been.
        """
        self._authentication.require_fresh(actor)
        check_minutes(minutes)
        note = reasons.note(note)
        await self._look_again(actor, request_id, version)
        async with self._database.write() as uow:
            await uow.locks.hold()  # or what is cut, or whoever leaves, at this moment would keep what is agreed here
            now = clock.now()  # after the wait, in which it may have lapsed
            asked = await self._for_decision(uow, actor, request_id, version, now)
            request, device, lent = asked.request, asked.device, asked.lent
            refuse_reviewed(asked.emergency)
            if not device.active:
                raise Conflict(device.code, sentence=OUT_OF_USE, device=device.code)
            await self._refuse_a_locked_decision(uow, request, now)
            disowned = self._decisions.must_disown(actor, request, device, now, asked.emergency)
            if disowned and not not_caller:
                raise Invalid("not_caller", field="not_caller", sentence=LIKE_THE_CALLER)
            agreed = request.approve(person(actor, lent), timedelta(minutes=minutes), note, now, terms)
            if asked.emergency is not None:
                refuse_later(agreed.begins, now)
            await self._refuse_past_terms(uow, agreed, now)
            await self._refuse_impossible(uow, agreed, device, now)
            if agreed.stored_state is RequestState.APPROVED:
                agreed = await self._grant(uow, actor, agreed, device, now)
            kept = await uow.requests.save(asked.kept(agreed))
            saved = replace(kept, quorum=agreed.quorum)
            await audit_decision(
                uow, "request:approved", actor, saved, now, minutes=minutes, missing=saved.missing, note=note,
                agreed=whole_minutes(saved.agreed), **explained(asked.decision),
                conditions=" ".join(sorted(terms.conditions)), start=terms.start.isoformat() if terms.start else "",
                emergency="yes" if asked.emergency else "", disowned="yes" if disowned else "", **_for(lent),
            )  # fmt: skip
        return saved

    async def followed(self, made: AccessRequest) -> bool:
        """Whether somebody of the hospital must follow what was agreed to just now."""
        async with self._database.read() as uow:
            grant = await uow.grants.get(made.grant_id) if made.grant_id else None
        return grant is not None and grant.watcher

    async def deny(self, actor: Actor, request_id: str, version: int, note: str) -> AccessRequest:
        """Refuse, with the reason the technician will read."""
        note = reasons.for_the_technician(note, "note")
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()  # before any row: whoever ends an authorisation takes its rows the other way round
            now = clock.now()
            asked = await self._for_decision(uow, actor, request_id, version, now)
            denied = asked.request.deny(person(actor, asked.lent), note, now)
            saved = await uow.requests.save(asked.kept(denied))
            said = explained(asked.decision) | _for(asked.lent)
            await audit_decision(uow, "request:denied", actor, saved, now, note=note, **said)
        return saved

    async def revoke(self, actor: Actor, grant_id: str, reason: str) -> Grant:
        """Take an agreed right back; its live sessions end."""
        reason = reasons.for_the_technician(reason, "reason")
        async with self._database.write() as uow:
            await uow.locks.hold()
            now = clock.now()
            grant = found(await uow.grants.get(grant_id), grant_id)
            if not actor.covers(grant.facility_id):
                raise NotFound(grant_id)
            device = found(await uow.devices.get(grant.device_id))
            decision = self._decisions.require_about(Action.INTERRUPT, actor, device, now)
            return await revoke(uow, actor, grant, reason, now, decision)

    async def conclude(
        self, uow: UnitOfWork, actor: Actor, request: AccessRequest, device: Device, now: datetime
    ) -> AccessRequest:
        """Make the grant of a request whose quorum is reached, within the caller's transaction; it ends where it ends,
        whenever the first connection comes.
        """
        return await self._grant(uow, actor, request, device, now, fixed=True)

    async def revoke_within(self, uow: UnitOfWork, actor: Actor, request_id: str, reason: str, now: datetime) -> None:
        """Take back what came of a request, if anything is left of it, within the caller's transaction."""
        made = await uow.grants.of_request(request_id)
        grant = await uow.grants.get(made.id) if made else None  # its technician may be at it this very moment
        if grant is not None and grant.status(now) in {GrantStatus.SCHEDULED, GrantStatus.OPEN}:
            await revoke(uow, actor, grant, reason, now)

    async def _look_again(self, actor: Actor, request_id: str, version: int) -> None:
        """Ask the hospital's GMAO about the order of planned work, for whoever may decide; between two transactions."""
        async with self._database.read() as uow:
            request = await uow.requests.get(request_id)
            if request is None or request.start is None:
                return
            asked = await self._for_decision(uow, actor, request_id, version, clock.now())
        await self._orders.look_again(actor, asked.request, asked.device)

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _for_decision(
        self, uow: UnitOfWork, actor: Actor, request_id: str, version: int, now: datetime
    ) -> _Asked:
        stored = found(await uow.requests.get(request_id), request_id)
        if not may_see(actor, stored):
            raise NotFound(request_id)
        joins = Joins(uow)
        device = await joins.device(stored.device_id)
        request = await under_rules(joins, self._decisions, stored, now)
        emergency = await joins.emergency(request)
        decision = self._decisions.require_approve(actor, request, device, now, emergency)
        if request.version != version:
            raise _overtaken(request, actor, version)
        lent = self._decisions.in_whose_name(Action.APPROVE, actor, request, device, now, emergency)
        return _Asked(request, device, lent, emergency, decision, stored)

    async def _refuse_a_locked_decision(self, uow: UnitOfWork, request: AccessRequest, now: datetime) -> None:
        """Nothing opens while a lock stands, so nothing is agreed either."""
        technician = found(await uow.technicians.get(request.technician_id))
        await refuse_if_locked(uow, technician, found(await uow.devices.get(request.device_id)), now)

    async def _refuse_past_terms(self, uow: UnitOfWork, agreed: AccessRequest, now: datetime) -> None:
        """It may be put off, and the contract have become shorter since it was asked for."""
        technician = found(await uow.technicians.get(agreed.technician_id))
        refuse_past_terms(technician, found(await uow.suppliers.get(agreed.supplier_id)), agreed.box(now), now)

    async def _refuse_impossible(
        self, uow: UnitOfWork, agreed: AccessRequest, device: Device, now: datetime
    ) -> None:  # fmt: skip
        """Asked of everybody who agrees, not of the last alone: of several starts the latest counts, so that one person
        could choose what nobody after him can agree to or take back.
        """
        if not agreed.extends_grant_id:
            box = await refuse_nothing_left(uow, agreed, now)
            await still_answered_for(uow, agreed.plan, device, box.start, box.end)

    async def _grant(
        self, uow: UnitOfWork, actor: Actor, request: AccessRequest, device: Device, now: datetime, *,
        fixed: bool = False,
    ) -> AccessRequest:  # fmt: skip
        emergency = await Joins(uow).emergency(request)
        if emergency is not None:
            await emergencies.agreed(uow, actor, emergency, request, device, self._review_within, now)
        technician = found(await uow.technicians.get(request.technician_id))
        if not technician.usable(now):
            raise Conflict(technician.login, sentence=NOT_USABLE, technician=technician.name)
        supplier = found(await uow.suppliers.get(request.supplier_id))
        lacks = await lacks_of(uow, technician, supplier, now)
        whole = await whole_of(Joins(uow), request, request.agreed)
        work = _Work(technician, supplier, device, lacks, Urgency() if emergency else None, whole)
        if request.extends_grant_id:
            return await self._extend_grant(uow, actor, request, work, now)
        grant, decision = self._make_grant(request, work, now, actor.language)
        if fixed:
            grant = replace(grant, slack=timedelta())
        grant = await take_over(uow, actor, request, grant, now)
        answered = await still_answered_for(uow, request.plan, device, max(grant.start, grant.planned), grant.end)
        grant = grant.not_before(answered.since).over_by(answered.until)
        await uow.grants.add(grant)
        await uow.audit.append(
            "grant:created", actor=actor, subject=("grant", grant.id), facility_id=grant.facility_id, at=now,
            request=request.id, device=device.code, supplier=supplier.code, technician=technician.login,
            start=grant.start.isoformat(), end=grant.end.isoformat(), kind=grant.kind,
            channels=" ".join(sorted(grant.channels)), files=" ".join(sorted(grant.files)), hash=grant.policy_hash,
            **explained(decision),
            emergency="yes" if grant.emergency else "", conditions=" ".join(sorted(grant.conditions)),
        )  # fmt: skip
        uow.hint("grant", grant.id)
        return replace(request, grant_id=grant.id)

    def _require_connect(
        self, request: AccessRequest, work: _Work, now: datetime, language: str
    ) -> Decision:  # fmt: skip
        """What is agreed to is judged anew at the agreement: much may have changed since it was asked for."""
        decision = self._decisions.on_device(
            Action.CONNECT, asker(request, work.technician, work.supplier), work.supplier, work.device, request.kind,
            work.whole, now, len(request.approvals), lacks=work.lacks, urgency=work.urgency,
        )  # fmt: skip
        if not decision.allowed:
            raise refusal(decision, language)
        return decision

    def _make_grant(self, request: AccessRequest, work: _Work, now: datetime, language: str) -> tuple[Grant, Decision]:
        decision = self._require_connect(request, work, now, language)
        technician, device = work.technician, work.device
        box, rules = request.box(now), decision.obligations
        planned = box.start > now
        begun = request.begins is not None and not planned
        late = rules.late if planned else timedelta()
        slack = box.length if rules.counted is Counted.CONNECTION and not begun else min(late, box.length)
        early = timedelta() if request.put_off else rules.early
        scope = self._decisions.scope(
            asker(request, technician, work.supplier), work.supplier, device, request.kind, work.whole, now,
            len(request.approvals), lacks=work.lacks, urgency=work.urgency,
        )  # fmt: skip
        made = Grant(
            new_id(now), request.id, technician.id, work.supplier.id, device.id, device.facility_id, request.account_id,
            request.kind, scope.channels, max(box.start - early, now), box.end,
            idle_seconds=int(rules.idle.total_seconds()), watcher=rules.watcher,
            due=box.start, slack=slack,
            policy_hash=decision.policy_hash, approved_by=tuple(a.staff_name for a in request.approvals),
            files=scope.files, uploads=scope.uploads, downloads=scope.downloads,
            emergency=work.urgency is not None,
            acknowledged_at=request.notice_accepted_at,
        ).under(request.conditions)  # fmt: skip
        return made, decision

    async def _extend_grant(
        self, uow: UnitOfWork, actor: Actor, request: AccessRequest, work: _Work, now: datetime
    ) -> AccessRequest:
        grant = found(await uow.grants.get(request.extends_grant_id))
        decision = self._require_connect(request, work, now, actor.language)
        refuse_beyond(grant, work.whole, decision)
        answered = await still_answered_for(uow, request.plan, work.device, now, grant.latest + request.agreed)
        saved = await uow.grants.save(grant.extend(grant.end + request.agreed, now, answered.until))
        await uow.audit.append(
            "grant:extended", actor=actor, subject=("grant", grant.id), facility_id=grant.facility_id, at=now,
            end=saved.end.isoformat(), request=request.id, **explained(decision),
        )  # fmt: skip
        uow.hint("grant", grant.id)
        return replace(request, grant_id=grant.id)


def _overtaken(request: AccessRequest, actor: Actor, version: int) -> Conflict:
    """Why a decision comes too late: a page sent twice, somebody who was faster, or else what was read has changed."""
    detail = f"request {request.id} is at version {request.version}, not {version}"
    if request.stored_state is RequestState.PENDING:
        mine = any(one.staff_id == actor.id for one in request.approvals)
        return AlreadyAgreed(detail) if mine else Conflict(detail)
    if request.decided_by == actor.name:
        return Conflict(detail, sentence="You have decided on this already; nothing was done twice.")
    return Conflict(detail, sentence="{who} was faster: nothing is left to decide here.", who=request.decided_by)


def _for(lent: Lent | None) -> dict[str, str]:
    """What the trail says of a decision in another's name."""
    return {"delegation": lent.delegation_id, "in_name_of": lent.by_name} if lent else {}
