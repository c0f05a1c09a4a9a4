"""`bastion admin emergency`: what waits for a review. A named person signs it, in the console or by the API."""

from typing import Annotated

import typer

from bastion import clock
from bastion.cli.terminal import AsJson, group, perform, show

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
    rows = [
        {
            "ref": v.emergency.ref, "status": v.emergency.status(now), "review_due": v.emergency.review_due_at,
            "facility": v.facility.code, "device": v.device.code, "supplier": v.supplier.code,
            "agreed_by": [a.staff_name for a in v.request.approvals], "reviewed_by": v.emergency.reviewed_by,
        }
        for v in found
    ]  # fmt: skip
    show(rows, as_json=as_json)
