"""Handing an open or a planned authorisation to a colleague of the same company: asked by its holder or by staff,
agreed to anew.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from bastion import clock
from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.device import Device
from bastion.domain.emergency import refuse_reviewed
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.handover import Handover
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, ActorKind, Supplier, Technician
from bastion.domain.timebox import TimeBox, whole_minutes
from bastion.errors import Conflict, Invalid, NotFound
from bastion.services import reasons
from bastion.services.answering import still_answered_for
from bastion.services.decisions import Decisions, Urgency, explained, policy_ids, refusal
from bastion.services.joins import Joins, found
from bastion.services.maintenance import Maintenance
from bastion.services.occupied import waits_already
from bastion.services.paperwork import lacks_of
from bastion.services.requests import person, refuse_if_locked
from bastion.services.terms_ahead import refuse_past_terms
from bastion.services.works import goes_on
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Action, Decision

NOBODY = "There is no usable technician of this company under that login."


@dataclass(frozen=True, slots=True)
class Passing:
    """Who could take an authorisation over, and who was asked for and waits for the hospital's word."""

    colleagues: tuple[Technician, ...]
    waiting: tuple[str, ...]


class Handovers:
    def __init__(self, database: Database, decisions: Decisions, maintenance: Maintenance) -> None:
        self._database = database
        self._decisions = decisions
        self._maintenance = maintenance

    async def ask(self, actor: Actor, grant_id: str, login: str, reason: str) -> AccessRequest:
        """Ask that a colleague takes over what is left of an authorisation, for a stated reason."""
        said = reasons.for_the_technician(reason, "reason")
        async with self._database.write() as uow:
            await uow.locks.hold()
            now = clock.now()
            grant = await self._held(uow, actor, grant_id, now)
            holder = found(await uow.technicians.get(grant.technician_id))
            colleague = await _colleague(uow, holder, login, now)
            device = found(await uow.devices.get(grant.device_id))
            supplier = found(await uow.suppliers.get(grant.supplier_id))
            begins = max(grant.planned, now)
            refuse_past_terms(colleague, supplier, TimeBox(begins, grant.end), now)
            await refuse_if_locked(uow, colleague, device, now)
            if await waits_already(
                uow, colleague.id, device.id, begins, grant.end, now, urgent=grant.emergency
            ):  # fmt: skip
                raise Conflict(login, sentence="Your colleague has a request waiting for this device; see it first.")
            first = found(await uow.requests.get(grant.request_id))
            await still_answered_for(uow, first.plan, device, begins, grant.end)
            decision = await self._judge(uow, actor, colleague, supplier, device, grant, now)
            first = await goes_on(uow, first, actor, now)
            made = _request(actor, first, grant, colleague, said, decision, now)
            await uow.requests.add(made)
            await uow.handovers.add(Handover(made.id, grant.id, holder.name, actor.name, now))
            emergency = await Joins(uow).emergency(made)
            refuse_reviewed(emergency)
            await _audit(uow, actor, made, device, supplier, colleague, said, emergency is not None, decision, now)
            uow.hint("request", made.id)
            if emergency is None:
                made = await self._maintenance.stand_in(uow, actor, made, device, supplier, now)
        return made

    async def passing(self, actor: Actor, grant_id: str) -> Passing:
        """What whoever holds an authorisation, or looks after it, needs to know before he hands it over."""
        now = clock.now()
        async with self._database.read() as uow:
            grant = await self._held(uow, actor, grant_id, now)
            people = await uow.technicians.of_supplier(grant.supplier_id)
            asked = [await uow.requests.get(one.id) for one in await uow.handovers.of_grant(grant.id)]
        able = [one for one in people if one.id != grant.technician_id and one.usable(now)]
        waiting = [one.technician_name for one in asked if one and one.state(now) is RequestState.PENDING]
        return Passing(tuple(able), tuple(waiting))

    async def _held(self, uow: UnitOfWork, actor: Actor, grant_id: str, now: datetime) -> Grant:
        grant = found(await uow.grants.get(grant_id), grant_id)
        mine = actor.kind is ActorKind.TECHNICIAN and actor.id == grant.technician_id
        if not mine and not actor.covers(grant.facility_id):
            raise NotFound(grant_id)
        if grant.status(now) not in {GrantStatus.SCHEDULED, GrantStatus.OPEN}:
            raise Conflict(grant_id, sentence="This authorisation is not open any more; ask for a new one.")
        return grant

    async def _judge(
        self, uow: UnitOfWork, actor: Actor, colleague: Technician, supplier: Supplier, device: Device, grant: Grant,
        now: datetime,
    ) -> Decision:  # fmt: skip
        decision = self._decisions.on_device(
            Action.REQUEST, actor, supplier, device, grant.kind, grant.whole, now,
            lacks=await lacks_of(uow, colleague, supplier, now), urgency=Urgency() if grant.emergency else None,
        )  # fmt: skip
        if not decision.allowed:
            raise refusal(decision, actor.language)
        return decision


async def _colleague(uow: UnitOfWork, holder: Technician, login: str, now: datetime) -> Technician:
    one = await uow.technicians.by_login(login.strip())
    if one is None or one.supplier_id != holder.supplier_id or one.id == holder.id or not one.usable(now):
        raise Invalid(login, field="technician", sentence=NOBODY)
    return one


def _request(
    actor: Actor, first: AccessRequest, grant: Grant, colleague: Technician, reason: str, decision: Decision,
    now: datetime,
) -> AccessRequest:  # fmt: skip
    return replace(
        first, id=new_id(now), technician_id=colleague.id, technician_name=colleague.name, reason=reason,
        wanted=grant.end - max(grant.planned, now), max_duration=decision.obligations.max_duration, created_at=now,
        expires_at=grant.end, created_by=person(actor), quorum=decision.obligations.approvals,
        policy_hash=decision.policy_hash, policy_ids=policy_ids(decision), source=actor.source,
        start=grant.planned if grant.planned > now else None, extends_grant_id="", batch_id="",
        notice_accepted_at=None,
        stored_state=RequestState.PENDING, approvals=(), decided_at=None, decided_by="", decision_note="", grant_id="",
        version=1,
    )  # fmt: skip


async def _audit(
    uow: UnitOfWork, actor: Actor, made: AccessRequest, device: Device, supplier: Supplier, colleague: Technician,
    reason: str, emergency: bool, decision: Decision, now: datetime,
) -> None:  # fmt: skip
    await uow.audit.append(
        "request:created", actor=actor, subject=("request", made.id), facility_id=made.facility_id, at=now,
        kind=made.kind, minutes=whole_minutes(made.wanted), work_order=made.work_order, **explained(decision),
        quorum=made.quorum, device=device.code, supplier=supplier.code, technician=colleague.login, reason=reason,
        emergency="yes" if emergency else "",
    )  # fmt: skip
