"""`bastion admin paper`."""

from typing import Annotated

import typer

from bastion.cli.terminal import AsJson, day, end, group, instant, one, perform, say, show
from bastion.domain.paper import Paper, PaperKind
from bastion.domain.parties import Actor
from bastion.services.bundle import Services
from bastion.services.papers import PaperForm, SupplierPapers

papers = group("Papers of the suppliers, and which are required.")

Supplier = Annotated[str, typer.Argument(help="Code of the company.")]
Kind = Annotated[PaperKind, typer.Argument(help="What it is.")]


@papers.command("add")
def add(
    supplier: Supplier,
    kind: Kind,
    reference: Annotated[str, typer.Argument(help="Reference under which it is filed.")],
    *,
    since: Annotated[str, typer.Option(help="When it begins (2026-01-01); now if not said.")] = "",
    until: Annotated[str, typer.Option(help="Its last day (2026-12-31); open-ended if not said.")] = "",
    note: Annotated[str, typer.Option(help="What else there is to know.")] = "",
) -> None:
    """Register a paper."""
    form = PaperForm(kind, reference, instant(since), end(until), note)

    async def work(services: Services, me: Actor) -> Paper:
        return await services.papers.add(me, (await _of(services, me, supplier)).supplier.id, form)

    made = perform(work)
    say("The paper is registered for {supplier}. Number: {number}", supplier=supplier, number=made.id)


@papers.command("list")
def list_papers(supplier: Supplier, *, as_json: AsJson = False) -> None:
    """List every paper a supplier ever had, the newest first."""
    view = perform(lambda services, me: _of(services, me, supplier))
    rows = [
        {
            "id": p.id, "kind": p.kind, "reference": p.reference, "valid_from": p.valid_from,
            "valid_to": day(p.valid_to), "withdrawn_at": p.withdrawn_at, "note": p.note,
        }
        for p in view.papers
    ]  # fmt: skip
    show(rows, as_json=as_json)


@papers.command("missing")
def missing(*, as_json: AsJson = False) -> None:
    """List the suppliers that are blocked for want of a paper, or soon will be."""
    found = perform(lambda services, me: services.papers.standing(me))
    rows = [
        {"supplier": v.supplier.code, "blocked_by": v.missing, "soon_by": v.coming}
        for v in found.values()
        if v.missing or v.coming
    ]
    show(rows, as_json=as_json)


@papers.command("withdraw")
def withdraw(number: Annotated[str, typer.Argument(help="Number of the paper, as `list` shows it.")]) -> None:
    """Say that a paper does not hold, or no longer."""
    perform(lambda services, me: services.papers.withdraw(me, number))
    say("The paper is withdrawn.")


@papers.command("require")
def require(
    kind: Kind,
    *,
    since: Annotated[str, typer.Option(help="From when its lack blocks (2026-12-31); never if not said.")] = "",
) -> None:
    """Say from when suppliers need such a paper; without --since: no longer."""
    perform(lambda services, me: services.papers.require(me, kind, instant(since)))
    say("The requirement is set.")


async def _of(services: Services, me: Actor, code: str) -> SupplierPapers:
    views = await services.papers.standing(me)
    return one(views.values(), lambda v: v.supplier.code == code, code)
