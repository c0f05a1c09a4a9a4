"""`bastion admin derogation`."""

from typing import Annotated

import typer

from bastion import clock
from bastion.cli.terminal import AsJson, day, end, group, one, perform, say, show
from bastion.domain.derogation import Derogation, DerogationKind
from bastion.domain.parties import Actor
from bastion.errors import Invalid
from bastion.services.bundle import Services
from bastion.services.derogations import DerogationForm
from bastion.services.views import DeviceView

derogations = group("What is allowed on an old device, who answers for it, and until when.")

Device = Annotated[str, typer.Argument(help="Code of the device.")]
ALL = 10_000


@derogations.command("add")
def add(
    device: Device,
    kind: Annotated[DerogationKind, typer.Argument(help="What is allowed.")],
    *,
    owner: Annotated[str, typer.Option(help="Who answers for this risk in the hospital.")],
    reason: Annotated[str, typer.Option(help="Why there is no other way.")],
    until: Annotated[str, typer.Option(help="Its last day, within a year (2026-12-31).")],
    algorithm: Annotated[
        list[str] | None, typer.Option(help="An algorithm an old SSH server needs, such as ssh-rsa; repeatable.")
    ] = None,
) -> None:
    """Allow something old on this one device (R-10)."""
    ends = end(until)
    if ends is None:
        raise Invalid(until, field="until")
    form = DerogationForm(kind, owner, reason, ends, tuple(algorithm or ()))

    async def work(services: Services, me: Actor) -> Derogation:
        view = await _device(services, me, device)
        return await services.derogations.make(me, view.device.id, form)

    made = perform(work)
    say("{device} may be reached so until {end}. Number of this derogation: {number}",
        device=device, end=until, number=made.id)  # fmt: skip


@derogations.command("list")
def list_all(device: Device, *, as_json: AsJson = False) -> None:
    """List what was ever allowed on a device, the newest first."""
    view = perform(lambda services, me: _device(services, me, device))
    now = clock.now()
    rows = [
        {
            "id": d.id, "kind": d.kind, "status": d.status(now), "algorithms": d.algorithms, "owner": d.owner,
            "ends": day(d.ends), "reason": d.reason,
        }
        for d in view.derogations
    ]  # fmt: skip
    show(rows, as_json=as_json)


@derogations.command("withdraw")
def withdraw(number: Annotated[str, typer.Argument(help="Number of the derogation, as `list` shows it.")]) -> None:
    """Take one back: sessions that stand on it end."""
    perform(lambda services, me: services.derogations.withdraw(me, number))
    say("The derogation is withdrawn; sessions that stood on it end.")


async def _device(services: Services, me: Actor, code: str) -> DeviceView:
    return one(await services.inventory.devices(me, code, limit=ALL), lambda v: v.device.code == code, code)
