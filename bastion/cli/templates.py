"""`bastion admin template`: usual requests of a model. A biomedical engineer writes them, in the console (R-28)."""

from typing import Annotated

import typer

from bastion.cli.terminal import AsJson, group, perform, say, show

templates = group("Usual requests: what is asked for again and again on a model of device.")


@templates.command("list")
def list_templates(
    *,
    retired: Annotated[bool, typer.Option("--retired", help="Also those no longer offered.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the usual requests, by model."""
    found = perform(lambda services, me: services.templates.search(me, retired=retired, limit=500))
    rows = [
        {
            "id": v.template.id, "maker": v.template.maker, "model": v.template.model, "name": v.template.name,
            "facility": v.facility.code if v.facility else "*", "kind": v.template.kind, "edition": v.template.edition,
            "created_by": v.template.created_by, "retired_at": v.template.retired_at,
        }
        for v in found
    ]  # fmt: skip
    show(rows, as_json=as_json)


@templates.command("retire")
def retire(number: Annotated[str, typer.Argument(help="Number of the usual request, as `list` shows it.")]) -> None:
    """Offer a usual request no longer."""
    perform(lambda services, me: services.templates.retire(me, number))
    say("It is no longer offered.")
