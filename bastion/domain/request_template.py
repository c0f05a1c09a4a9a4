"""What is usually asked for on one model of device: written once by the hospital, offered to whoever asks (R-25).

A template never changes: a corrected one is another edition that takes its place. So a request can name the one it
came from, and whoever decides reads what differs from the usual.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bastion.domain import work_plan
from bastion.domain.access_request import AccessRequest, InterventionKind
from bastion.domain.conditions import Condition
from bastion.domain.device import Device
from bastion.domain.parties import EVERYWHERE
from bastion.domain.work_plan import ANSWERED, LATER, UNSAID, WorkPlan
from bastion.errors import IllegalTransition, Invalid

LONGEST: Final = timedelta(hours=24)
COMPARED: Final = (
    "keeps", "procedure", "patient_data", "patient_why", "software_change", "backup_place", "rollback", "professional",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """`facility_id` may be `EVERYWHERE`; `conditions` are what the approver is proposed to demand."""

    id: str
    facility_id: str
    maker: str
    model: str
    name: str
    kind: InterventionKind
    reason: str
    wanted: timedelta
    created_by_id: str
    created_by: str
    created_at: datetime
    plan: WorkPlan = UNSAID
    conditions: frozenset[Condition] = frozenset()
    replaces_id: str = ""
    edition: int = 1
    retired_at: datetime | None = None
    retired_by: str = ""

    @property
    def key(self) -> str:
        return model_key(self.maker, self.model)

    def fits(self, device: Device) -> bool:
        """Whether it is offered to whoever asks for this device."""
        here = self.facility_id in {EVERYWHERE, device.facility_id}
        return self.retired_at is None and here and self.key == model_key(device.maker, device.model)

    def retire(self, by: str, now: datetime) -> "RequestTemplate":
        if self.retired_at is not None:
            raise IllegalTransition(f"template {self.id}", state="retired")
        return replace(self, retired_at=now, retired_by=by)

    def differs(self, request: AccessRequest) -> tuple[str, ...]:
        """What the request says otherwise, by field; what the template leaves open is not compared."""
        pairs = [(name, getattr(self, name), getattr(request, name)) for name in ("kind", "reason", "wanted")]
        pairs += [(name, _usually(self.plan, name), getattr(request.plan, name)) for name in COMPARED]
        return tuple(name for name, usual, said in pairs if _said(usual) not in {"", _said(said)})


@dataclass(frozen=True, slots=True)
class Origin:
    """What a request was made from, and what it says otherwise."""

    template: RequestTemplate
    changed: tuple[str, ...]


def model_key(maker: str, model: str) -> str:
    """A model is typed by hand, on each device anew: case and blanks make no other model of it."""
    return "\n".join(" ".join(text.casefold().split()) for text in (maker, model))


def checked(template: RequestTemplate) -> RequestTemplate:
    """Return the template, tidied; raise `Invalid` for what is missing or could never be asked for."""
    if not timedelta(minutes=1) <= template.wanted <= LONGEST:
        raise Invalid("minutes", field="minutes", sentence="Choose a duration of at least one minute.")
    reason = template.reason.strip()
    if len(reason) < work_plan.FEWEST:
        raise Invalid("reason", field="reason", sentence="Please say in a few words what is usually done.")
    if len(reason) > work_plan.LONGEST:
        raise Invalid(
            "reason", field="reason", sentence="This text is too long: {limit} characters at most.",
            limit=work_plan.LONGEST,
        )  # fmt: skip
    return replace(template, reason=reason, plan=_usual(template.plan, template.kind, template.created_at))


def _usual(plan: WorkPlan, kind: InterventionKind, now: datetime) -> WorkPlan:
    """A plan as a request would have it, but for what it leaves open and what only the request knows: people, and when
    the backup was made.
    """
    stands = replace(
        plan, people=(), backup_at=now if plan.software_change else None, keeps=plan.keeps.strip() or LATER,
        backup_place=plan.backup_place.strip() or LATER, professional=plan.professional.strip() or LATER, said=ANSWERED,
    )  # fmt: skip
    tidy = work_plan.checked(stands, now, may_change=kind is not InterventionKind.TELEDIAGNOSTIC)
    keeps, place, who = ("" if said == LATER else said for said in (tidy.keeps, tidy.backup_place, tidy.professional))
    return replace(tidy, backup_at=None, keeps=keeps, backup_place=place, professional=who, said=plan.said)


def _usually(plan: WorkPlan, name: str) -> object:
    """What it says of this, or nothing where it leaves the question to the request."""
    if name == "patient_data":
        return plan.patients or ""
    return getattr(plan, name)


def _said(value: object) -> str:
    """As it is read: how lines are broken says nothing, and “no” is what was left open."""
    return "" if value is False else " ".join(str(value).split())
