"""`bastion admin window`: maintenance windows. A named person proposes and agrees, in the console."""

from typing import Annotated

import typer

from bastion import clock
from bastion.cli.terminal import AsJson, group, perform, say, show
from bastion.domain.parties import Actor
from bastion.services.bundle import Services

windows = group("Maintenance windows: times that come again, agreed to once.")


@windows.command("list")
def list_windows(*, as_json: AsJson = False) -> None:
    """List the maintenance windows, the newest first."""
    found = perform(lambda services, me: services.maintenance.search(me, 500))
    now = clock.now()
    rows = [
        {
            "id": v.window.id, "status": v.window.status(now), "device": v.device.code,
            "supplier": v.supplier.code if v.supplier else "", "kind": v.window.kind, "standing": v.standing,
            "next": v.next[0].start if v.next else None, "until": v.window.ends,
            "promised_until": v.until, "agreed_by": v.window.agreed_names,
        }
        for v in found
    ]  # fmt: skip
    show(rows, as_json=as_json)


@windows.command("end")
def end(
    number: Annotated[str, typer.Argument(help="Number of the window, as `list` shows it.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; the technician will read it.")],
) -> None:
    """End a maintenance window; what it opened closes now."""

    async def work(services: Services, me: Actor) -> None:
        await services.maintenance.end(me, number, reason)

    perform(work)
    say("The window has ended.")
