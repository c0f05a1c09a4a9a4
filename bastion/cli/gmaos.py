"""`bastion admin gmao`."""

from typing import Annotated

import typer

from bastion.cli.terminal import AsJson, group, one, perform, say, show
from bastion.domain.parties import Actor
from bastion.domain.work_order import OrderRule
from bastion.services.bundle import Services
from bastion.services.work_orders import GmaoForm

gmaos = group("Where the hospitals' GMAOs answer, for work orders.")

Facility = Annotated[str, typer.Argument(help="Code of the hospital.")]


@gmaos.command("set")
def set_gmao(
    facility: Facility,
    url: Annotated[str, typer.Argument(help="Root of its interface, https.")],
    *,
    rule: Annotated[OrderRule, typer.Option(help="What its answer does.")] = OrderRule.WARN,
) -> None:
    """Say where it answers. The secret is shown once, the first time; later it is kept."""
    _made, secret = perform(lambda services, me: services.work_orders.save(me, GmaoForm(facility, url, rule)))
    say("The GMAO of {facility} is set.", facility=facility)
    if secret:
        say("Its secret, shown this once: {secret}", secret=secret)


@gmaos.command("list")
def list_gmaos(*, as_json: AsJson = False) -> None:
    """List them."""

    async def work(services: Services, me: Actor) -> list[dict[str, object]]:
        codes = {place.id: place.code for place in await services.directory.facilities(me)}
        rows = await services.work_orders.all(me)
        return [{"facility": codes.get(one.facility_id, ""), "url": one.url, "rule": one.rule} for one in rows]

    show(perform(work), as_json=as_json)


@gmaos.command("look")
def look(
    number: Annotated[str, typer.Argument(help="Number of a work order.")],
    device: Annotated[str, typer.Argument(help="Code of the device it should be for.")],
    supplier: Annotated[str, typer.Argument(help="Code of the company it should be for.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Ask the GMAO of the device's hospital for a work order, to see whether the two understand each other."""
    check = perform(lambda services, me: services.work_orders.look(me, number, device, supplier))
    row = {
        "number": check.number, "finding": check.finding, "title": check.title, "state": check.state,
        "asked_by": check.asked_by, "detail": check.detail,
    }  # fmt: skip
    show([row], as_json=as_json)


@gmaos.command("remove")
def remove(facility: Facility) -> None:
    """Ask it and tell it nothing more; its secret is forgotten."""

    async def work(services: Services, me: Actor) -> None:
        place = one(await services.directory.facilities(me), lambda f: f.code == facility, facility)
        row = one(await services.work_orders.all(me), lambda g: g.facility_id == place.id, facility)
        await services.work_orders.remove(me, row.id)

    perform(work)
    say("The GMAO of {facility} is removed.", facility=facility)
