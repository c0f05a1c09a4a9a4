"""What a person says who asks for access, whether it is complete, and what it names (R-25, T33)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bastion import clock
from bastion.domain import conditions, work_plan
from bastion.domain.access_request import AccessRequest, InterventionKind
from bastion.domain.announced_file import AnnouncedFile, checked
from bastion.domain.device import Device, DeviceAccount
from bastion.domain.emergency import Call, refuse_later
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, ActorKind, Supplier, Technician
from bastion.domain.work_plan import UNSAID, WorkPlan
from bastion.errors import DeviceNotReady, Faults, Forbidden, Invalid, NotFound, ReasonNeeded
from bastion.services import reasons
from bastion.services.decisions import policy_ids
from bastion.services.joins import found
from bastion.services.requests import check_minutes, person
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Decision

PENDING_LIFE: Final = timedelta(hours=2)
ONE_DEVICE: Final = "Name an account only where you ask for one device."
PAST: Final = "The start lies in the past. Choose a later one."


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
    plan: WorkPlan = UNSAID
    """Of which nothing is said until somebody says it."""
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
    plan: WorkPlan = UNSAID
    """What was said of the work, with whoever answers for patient data as the hospital's list names him."""


def complete(draft: RequestDraft, now: datetime) -> RequestDraft:
    """Everything that a request must say is said, and no text runs on for ever (R-25)."""
    faults, call = Faults(), draft.emergency
    faults.check(work_said, draft.reason)
    for name in ("work_order", "account"):
        faults.check(reasons.note, getattr(draft, name), name)
    faults.check(check_minutes, draft.minutes)
    if call is not None:
        call = faults.check(call.checked)
    begins = faults.check(check_start, draft, now) or now
    changes = draft.kind is not InterventionKind.TELEDIAGNOSTIC
    tidy = partial(work_plan.checked, draft.plan, begins, may_change=changes)
    plan, files = faults.check(tidy), faults.check(checked, draft.announced)
    faults.settle()
    return replace(draft, announced=files or (), plan=plan or draft.plan, emergency=call)


def work_said(reason: str) -> str:
    """Return what is going to be done, without blanks around; `Invalid` for what does not say it."""
    said = reasons.note(reason, "reason")
    if len(said) < reasons.LEAST:
        raise ReasonNeeded("request", field="reason", sentence="Please say in a few words what you are going to do.")
    return said


def check_start(draft: RequestDraft, now: datetime) -> datetime:
    """Return when the work begins; `Invalid` for a start that has passed or is too far ahead, for an emergency sooner
    than for other work.
    """
    if draft.start is not None and (draft.start.tzinfo is None or draft.start < now - timedelta(minutes=5)):
        raise Invalid("start", field="start", sentence=PAST)
    if draft.start is not None and draft.start > now + conditions.FARTHEST:
        raise Invalid("start", field="start", sentence=conditions.TOO_FAR)
    if draft.emergency is not None:
        refuse_later(draft.start, now)
    return max(draft.start or now, now)


def for_each(draft: RequestDraft, codes: tuple[str, ...], now: datetime) -> list[RequestDraft]:
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


async def is_unseen(uow: UnitOfWork, actor: Actor, technician: Technician, draft: RequestDraft) -> bool:
    try:
        await resolve(uow, actor, technician, draft)
    except NotFound:
        return True
    except DeviceNotReady:  # which is said further on
        return False
    return False


async def technician_of(uow: UnitOfWork, actor: Actor, login: str) -> Technician:
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
        wanted=ask.wanted, created_at=now, expires_at=draft.start + ask.wanted if draft.start else now + PENDING_LIFE,
        created_by=person(actor), quorum=decision.obligations.approvals,
        max_duration=decision.obligations.max_duration, policy_hash=decision.policy_hash,
        policy_ids=policy_ids(decision), source=actor.source, start=draft.start,
        announced=draft.announced, plan=ask.plan, template_id=ask.template_id,
        batch_id=draft.batch,
        notice_accepted_at=now if draft.notice_accepted and actor.kind is ActorKind.TECHNICIAN else None,
    )  # fmt: skip
