"""`bastion admin emergency`: what waits for a review. A named person signs it, in the console or by the API."""

from datetime import datetime
from typing import Annotated

import typer

from bastion import clock
from bastion.cli.terminal import AsJson, group, perform, show
from bastion.services.emergencies import EmergencyView

emergencies = group("Emergencies and their reviews.")


@emergencies.command("list")
def list_emergencies(
    *,
    every: Annotated[bool, typer.Option("--all", help="Those that are reviewed too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the emergencies that wait for a review, the earliest due first."""
    found = perform(
        lambda services, me: services.emergencies.search(me, 500) if every else services.emergencies.to_review(me)
    )
    now = clock.now()
    show([row(one, now) for one in found], as_json=as_json)


def row(v: EmergencyView, now: datetime) -> dict[str, object]:
    """One line: who was at it and who agreed to any part of it are of the whole work."""
    return {
        "ref": v.emergency.ref, "status": v.emergency.status(now), "review_due": v.emergency.review_due_at,
        "facility": v.facility.code, "device": v.device.code, "supplier": v.supplier.code,
        "technicians": list(v.technicians), "agreed_by": list(v.agreed_by), "parts": len(v.parts),
        "sessions": len(v.sessions), "reviewed_by": v.emergency.reviewed_by,
    }  # fmt: skip
