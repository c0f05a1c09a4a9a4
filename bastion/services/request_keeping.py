"""Keeping what was asked for, and what the trail says of it: allowed or refused (R-38, R-43)."""

from datetime import datetime

from bastion.domain.access_request import AccessRequest
from bastion.domain.emergency import Call, Emergency
from bastion.domain.parties import Actor
from bastion.domain.timebox import whole_minutes
from bastion.domain.work_plan import WorkPlan
from bastion.services.decisions import explained, policy_ids, reasons
from bastion.services.drafts import Ask
from bastion.services.emergencies import announce
from bastion.services.joins import Joins
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Decision


async def keep(
    uow: UnitOfWork, actor: Actor, made: AccessRequest, ask: Ask, decision: Decision, now: datetime,
    call: Call | None = None,
) -> None:  # fmt: skip
    """Keep what the rules let be asked for, and tell of it; of what they refuse, the trail keeps that it was asked."""
    if decision.allowed:
        await uow.requests.add(made)
        emergency = await announce(uow, made, call, now) if call else await Joins(uow).emergency(made)
        await _audit_created(uow, actor, made, ask, decision, now, emergency)
        uow.hint("request", made.id)
        return
    await uow.audit.append(
        "request:refused", actor=actor, subject=("device", ask.device.id), facility_id=ask.device.facility_id,
        at=now, kind=made.kind, minutes=whole_minutes(made.wanted), device=ask.device.code, supplier=ask.supplier.code,
        policy=" ".join(policy_ids(decision)), why=" ".join(reasons(decision, "en")),
        technician=ask.technician.login, reason=made.reason,
    )  # fmt: skip


async def _audit_created(
    uow: UnitOfWork, actor: Actor, made: AccessRequest, ask: Ask, decision: Decision, now: datetime,
    emergency: Emergency | None,
) -> None:  # fmt: skip
    await uow.audit.append(
        "request:created", actor=actor, subject=("request", made.id), facility_id=made.facility_id, at=now,
        kind=made.kind, minutes=whole_minutes(made.wanted), work_order=made.work_order, **explained(decision),
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
