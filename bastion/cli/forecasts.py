"""`bastion who-decides`: who would have to agree to a request, and why. Nothing is kept, and nobody is asked."""

from typing import Annotated

import typer

from bastion.cli.terminal import AsJson, instant, perform, show, t
from bastion.domain.access_request import InterventionKind
from bastion.domain.emergency import Call
from bastion.domain.timebox import whole_minutes
from bastion.domain.work_plan import PatientData, WorkPlan
from bastion.services.drafts import RequestDraft


def who_decides(
    technician: Annotated[str, typer.Argument(help="Login of the technician.")],
    device: Annotated[str, typer.Argument(help="Code of the device.")],
    *,
    kind: Annotated[InterventionKind, typer.Option(help="Kind of work.")] = InterventionKind.TELEMAINTENANCE,
    minutes: Annotated[int, typer.Option(help="Minutes of work.")] = 60,
    emergency: Annotated[bool, typer.Option("--emergency", help="It cannot wait.")] = False,
    start: Annotated[str, typer.Option(help="Planned start (2026-11-22T08:00+01:00); empty: as soon as agreed.")] = "",
    patient_data: Annotated[PatientData, typer.Option(help="Whether it meets patient data.")] = PatientData.NONE,
    professional: Annotated[str, typer.Option(help="Who would answer for patient data that it needs.")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell who would have to agree if a technician asked for a device, and why."""
    draft = RequestDraft(
        device, kind, "", minutes, start=instant(start), technician_login=technician,
        plan=WorkPlan(patient_data=patient_data, professional=professional), emergency=Call("") if emergency else None,
    )  # fmt: skip
    seen = perform(lambda services, me: services.forecasts.of(me, draft, by_technician=True))
    stuck = [t(seen.stuck)] if seen.stuck else []
    row = {
        "allowed": seen.allowed, "quorum": seen.quorum, "approvers": "; ".join(seen.approvers),
        "in turn": " > ".join(", ".join(turn) for turn in seen.turns) if seen.in_turn else "",
        "minutes": whole_minutes(seen.agreed), "watcher": seen.watcher,
        "rules": " ".join(seen.policy_ids), "why": " ".join((*seen.reasons, *seen.obstacles, *stuck)),
    }  # fmt: skip
    show([row], as_json=as_json)
