"""`/forecast`: who would have to agree to a request, and why, before anybody makes it."""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query

from bastion.domain.access_request import InterventionKind
from bastion.domain.emergency import Call
from bastion.domain.timebox import whole_minutes
from bastion.domain.work_plan import PatientData, WorkPlan
from bastion.services.drafts import RequestDraft
from bastion.services.views import Forecast
from web.api.bearer import Me, Use
from web.api.shapes import Instant, Shape

AskedMinutes = Annotated[int, Query(ge=1, le=24 * 60, description="Minutes of work.")]


class Asker(StrEnum):
    """Who would ask: the owner of the token, or the technician himself."""

    ME = "me"
    TECHNICIAN = "technician"


class ForecastShape(Shape):
    """`allowed` is what the rules say of asking; `obstacles` are what else stands in the way today."""

    allowed: bool
    reasons: list[str]
    policy_ids: list[str]
    quorum: int
    approvers: list[str]
    """Who could decide; whoever asks is left out."""
    turns: list[list[str]]
    """For each agreement that is needed, who could give it then; the same people unless they agree in turn."""
    too_few: bool
    """More people would have to agree than there are."""
    minutes: int
    """For how long it could be at most."""
    watcher: bool
    obstacles: list[str]

    @classmethod
    def of(cls, seen: Forecast) -> Self:
        return cls(
            allowed=seen.allowed, reasons=list(seen.reasons), policy_ids=list(seen.policy_ids), quorum=seen.quorum,
            approvers=list(seen.approvers),
            turns=[list(turn) for turn in seen.turns], too_few=seen.too_few, minutes=whole_minutes(seen.agreed),
            watcher=seen.watcher, obstacles=list(seen.obstacles),
        )  # fmt: skip


def add_to(router: APIRouter) -> None:
    router.add_api_route("/forecast", foresee, methods=["GET"])


def about(
    device: str, kind: InterventionKind, minutes: AskedMinutes, *, emergency: bool = False,
    start: Instant | None = None, patient_data: PatientData = PatientData.NONE, professional: str = "",
) -> RequestDraft:  # fmt: skip
    """What somebody would ask for. Without `start` the work may begin as soon as it is agreed; `professional` would
    answer for patient data that it needs.
    """
    plan = WorkPlan(patient_data=patient_data, professional=professional)
    return RequestDraft(device, kind, "", minutes, start=start, plan=plan, emergency=Call("") if emergency else None)


About = Annotated[RequestDraft, Depends(about)]


async def foresee(me: Me, use: Use, technician: str, draft: About, asks: Asker = Asker.ME) -> ForecastShape:
    """Who would have to agree, and why: a dry run. Nothing is kept, nobody is asked."""
    named = replace(draft, technician_login=technician)
    return ForecastShape.of(await use.forecasts.of(me, named, by_technician=asks is Asker.TECHNICIAN))
