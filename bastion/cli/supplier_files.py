"""`bastion admin subcontractor` and `bastion admin roster` (R-46, R-18)."""

from functools import partial
from typing import Annotated

import typer

from bastion import clock
from bastion.cli.terminal import AsJson, group, one, perform, say, show
from bastion.domain.country import HOME
from bastion.domain.parties import Actor, Supplier, Technician
from bastion.domain.roster import Confirmation
from bastion.domain.subcontractor import Subcontractor
from bastion.services.bundle import Services
from bastion.services.rosters import Roster
from bastion.services.subcontractors import SubcontractorForm

subcontractors = group("Subcontractors of the suppliers: declared, and objected to within 21 days.")
rosters = group("The lists of people that suppliers confirm.")

Code = Annotated[str, typer.Argument(help="Code of the company.")]
Number = Annotated[str, typer.Argument(help="Number of the subcontractor, as `list` shows it.")]


@subcontractors.command("declare")
def declare(
    supplier: Code,
    name: Annotated[str, typer.Argument(help="Name of the subcontractor.")],
    *,
    registration: Annotated[str, typer.Option(help="Its number in the register of companies (SIREN).")] = "",
    country: Annotated[str, typer.Option(help="Where it works from (FR).")] = HOME,
) -> None:
    """Register what a supplier declared; the hospital has 21 days to object."""
    form = SubcontractorForm(name, registration, country)

    async def work(services: Services, me: Actor) -> Subcontractor:
        return await services.subcontractors.declare(me, (await _company(services, me, supplier)).id, form)

    made = perform(work)
    say("Registered. Allowed from {day} unless the hospital objects. Number: {number}",
        day=made.allowed_from.date().isoformat(), number=made.id)  # fmt: skip


@subcontractors.command("list")
def list_subcontractors(supplier: Code, *, as_json: AsJson = False) -> None:
    """List every subcontractor a supplier ever declared, the newest first."""

    async def work(services: Services, me: Actor) -> list[Subcontractor]:
        return await services.subcontractors.of(me, (await _company(services, me, supplier)).id)

    now = clock.now()
    rows = [
        {
            "id": s.id, "name": s.name, "country": s.country, "state": s.state(now), "declared_at": s.declared_at,
            "allowed_from": s.allowed_from, "objection": s.objection,
        }
        for s in perform(work)
    ]  # fmt: skip
    show(rows, as_json=as_json)


@subcontractors.command("object")
def object_to(number: Number, reason: Annotated[str, typer.Option(help="Why; kept with the record.")]) -> None:
    """Object: its people work no longer, also in sessions under way."""
    perform(lambda services, me: services.subcontractors.object(me, number, reason))
    say("The objection is registered.")


@subcontractors.command("end")
def end(number: Number) -> None:
    """Say that it works for the supplier no longer."""
    perform(lambda services, me: services.subcontractors.end(me, number))
    say("The subcontractor is no longer employed.")


@rosters.command("show")
def show_roster(supplier: Code, *, as_json: AsJson = False) -> None:
    """List a supplier's people and until when it has confirmed each."""

    async def work(services: Services, me: Actor) -> Roster:
        return await services.rosters.of(me, (await _company(services, me, supplier)).id)

    rows = [
        {
            "login": one.technician.login, "name": one.technician.name, "state": one.state,
            "due_at": one.confirmed.due_at, "suspended_at": one.confirmed.suspended_at,
        }
        for one in perform(work).people
    ]  # fmt: skip
    show(rows, as_json=as_json)


@rosters.command("confirm")
def confirm(
    supplier: Code,
    logins: Annotated[
        list[str] | None, typer.Argument(help="Logins it still names; who is left out keeps his date.")
    ] = None,
    *,
    reference: Annotated[str, typer.Option(help="Where its letter is filed.")],
) -> None:
    """Record what a supplier has confirmed of its list."""

    async def work(services: Services, me: Actor) -> Confirmation:
        company = await _company(services, me, supplier)
        people = [p.technician for p in (await services.rosters.of(me, company.id)).people]
        chosen = [one(people, partial(_named, login), login).id for login in logins or ()]
        return await services.rosters.confirm(me, company.id, chosen, reference)

    made = perform(work)
    say("Confirmed: {count}; left out: {left}.", count=len(made.people), left=made.left_out)


def _named(login: str, person: Technician) -> bool:
    return person.login == login


async def _company(services: Services, me: Actor, code: str) -> Supplier:
    return one(await services.directory.suppliers(me), lambda s: s.code == code, code)
