"""`/templates`: what is usually asked for on a model of device (R-25)."""

from datetime import datetime
from typing import Any, Self

from fastapi import APIRouter
from pydantic import Field

from bastion.domain.access_request import InterventionKind
from bastion.domain.conditions import Condition
from bastion.domain.request_template import RequestTemplate
from bastion.domain.timebox import whole_minutes
from bastion.domain.work_plan import UNSAID, PatientData
from bastion.services.templates import TemplateForm, TemplateView
from web.api.bearer import Me, Use, fresh
from web.api.request_shapes import KEEPS, SaidOfWork
from web.api.shapes import Code, Flag, Limit, Minutes, Offset, Reason, Several, Shape


class UsualPlan(SaidOfWork):
    """What is usually said of the work (R-25). What is left out, who takes part, and when the backup was made, each
    request says.
    """

    keeps: str = Field("", max_length=2000, description=KEEPS)
    procedure: str = Field("", max_length=2000)
    patient_data: PatientData | None = None
    professional: str = Field("", max_length=200)
    patient_why: str = Field("", max_length=2000)
    software_change: Flag | None = None
    backup_place: str = Field("", max_length=200)
    rollback: str = Field("", max_length=2000)


class TemplateBody(Shape):
    """`facility` is the code of a hospital; empty: for the whole group. `conditions` are proposed to the approver."""

    maker: str = Field(max_length=200)
    model: str = Field(max_length=200)
    name: str = Field(max_length=200)
    facility: str = Field("", max_length=64)
    kind: InterventionKind
    reason: Reason
    minutes: Minutes
    plan: UsualPlan | None = None
    conditions: Several[Condition] = frozenset()
    code: Code

    def form(self) -> TemplateForm:
        return TemplateForm(
            self.maker, self.model, self.name, self.kind, self.reason, self.minutes, self.facility,
            self.plan.plan() if self.plan else UNSAID, self.conditions,
        )  # fmt: skip


class Confirmed(Shape):
    code: Code


class OfferShape(Shape):
    """What a form may be filled in with; a request says as `template` which it was."""

    id: str
    maker: str
    model: str
    name: str
    kind: InterventionKind
    reason: str
    minutes: int
    plan: UsualPlan
    conditions: list[Condition]
    edition: int

    @classmethod
    def of(cls, one: RequestTemplate) -> Self:
        return cls(**_facts(one))


class TemplateShape(OfferShape):
    """`replaces` is the id of the edition before."""

    facility: str
    created_by: str
    created_at: datetime
    replaces: str
    retired_at: datetime | None
    retired_by: str

    @classmethod
    def seen(cls, view: TemplateView) -> Self:
        one = view.template
        return cls(
            **_facts(one), facility=view.facility.code if view.facility else "", created_by=one.created_by,
            created_at=one.created_at, replaces=one.replaces_id, retired_at=one.retired_at, retired_by=one.retired_by,
        )  # fmt: skip


def add_to(router: APIRouter) -> None:
    router.add_api_route("/templates", search, methods=["GET"])
    router.add_api_route("/templates", add, methods=["POST"], status_code=201)
    router.add_api_route("/templates/{ident}", get, methods=["GET"])
    router.add_api_route("/templates/{ident}", correct, methods=["PUT"])
    router.add_api_route("/templates/{ident}/retire", retire, methods=["POST"])
    router.add_api_route("/device-templates/{device}", offered, methods=["GET"])


async def search(
    me: Me, use: Use, text: str = "", retired: bool = False, limit: Limit = 50, offset: Offset = 0
) -> list[TemplateShape]:
    """List those of one's hospitals and of the group, by model; with `retired` also those no longer offered."""
    views = await use.templates.search(me, text=text, retired=retired, limit=limit, offset=offset)
    return [TemplateShape.seen(view) for view in views]


async def get(ident: str, me: Me, use: Use) -> TemplateShape:
    """One edition, also of those no longer offered."""
    return TemplateShape.seen(await use.templates.get(me, ident))


async def offered(device: str, me: Me, use: Use) -> list[OfferShape]:
    """What is offered to whoever asks for the device of this code."""
    return [OfferShape.of(one) for one in await use.templates.offered(me, device)]


async def add(body: TemplateBody, me: Me, use: Use) -> TemplateShape:
    """Write one; an approver of that hospital may, for the group one of the group. Needs a fresh code."""
    actor = await fresh(use, me, body.code)
    return await get((await use.templates.add(actor, body.form())).id, actor, use)


async def correct(ident: str, body: TemplateBody, me: Me, use: Use) -> TemplateShape:
    """Put another edition in its place, under another id. Needs a fresh code."""
    actor = await fresh(use, me, body.code)
    return await get((await use.templates.correct(actor, ident, body.form())).id, actor, use)


async def retire(ident: str, body: Confirmed, me: Me, use: Use) -> TemplateShape:
    """Offer it no longer. Needs a fresh code."""
    actor = await fresh(use, me, body.code)
    return await get((await use.templates.retire(actor, ident)).id, actor, use)


def _facts(one: RequestTemplate) -> dict[str, Any]:
    return {
        "id": one.id, "maker": one.maker, "model": one.model, "name": one.name, "kind": one.kind,
        "reason": one.reason, "minutes": whole_minutes(one.wanted), "plan": UsualPlan.of(one.plan),
        "conditions": sorted(one.conditions), "edition": one.edition,
    }  # fmt: skip
