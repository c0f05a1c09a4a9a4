"""`bastion admin rota` and `delegation`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from bastion import clock
from bastion.cli.terminal import AsJson, group, perform, say, show
from bastion.services.rota import ShiftForm

rota = group("Who is on call.")
delegations = group("Who decides in another's place.")

Number = Annotated[str, typer.Argument(help="Number of the entry, as the list shows.")]


@rota.command("add")
def add(
    login: Annotated[str, typer.Argument(help="Who: an approver of the place.")],
    facility: Annotated[str, typer.Argument(help="Code of the hospital.")],
    starts: Annotated[str, typer.Argument(help="From, on the hospital's clock (2026-11-22 18:00).")],
    ends: Annotated[str, typer.Argument(help="To, on the hospital's clock.")],
    *,
    ward: Annotated[str, typer.Option(help="Ward; the whole hospital if not said.")] = "",
    line: Annotated[int, typer.Option(help="1 is told first, 2 when nobody answers.")] = 1,
) -> None:
    """Enter that somebody is on call."""
    made = perform(lambda services, me: services.rota.add(me, ShiftForm(login, facility, starts, ends, ward, line)))
    say("{login} is on call. Number: {number}", login=login, number=made.id)


@rota.command("import")
def take(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV file.")],
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be entered.")] = False,
) -> None:  # fmt: skip
    """Enter the lines of a CSV file (login, from, to, facility, ward, line): all of them or none."""
    data = file.read_bytes()
    made, bad = perform(lambda services, me: services.rota.add_all(me, data, only_look=dry_run))
    if bad:
        show([{"line": one.number, "why": one.problem.public} for one in bad], as_json=False)
        say("Nothing was entered.")
        raise typer.Exit(2)
    if dry_run:
        say("Every line can be used. Entries it would make: {count}", count=len(made))
    else:
        say("Entries made: {count}", count=len(made))


@rota.command("export")
def take_away(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="CSV file to write.")],
    *, days: Annotated[int, typer.Option(min=1, max=366, help="How many days from now.")] = 7,
) -> None:  # fmt: skip
    """Write who is on call, now and in the coming days, as a CSV file that `import` takes."""
    now = clock.now()
    file.write_bytes(perform(lambda services, me: services.rota.export(me, now, now + timedelta(days=days))))
    say("Written: {file}", file=file)


@rota.command("list")
def list_rota(
    *, days: Annotated[int, typer.Option(min=1, max=366, help="How many days from now.")] = 7, as_json: AsJson = False
) -> None:
    """List who is on call, now and in the coming days."""
    now = clock.now()
    found = perform(lambda services, me: services.rota.between(me, now, now + timedelta(days=days)))
    rows = [
        {
            "id": v.shift.id, "login": v.person.login, "facility": v.facility.code, "ward": v.shift.ward,
            "line": v.shift.line, "starts": v.shift.starts, "ends": v.shift.ends,
        }
        for v in found
    ]  # fmt: skip
    show(rows, as_json=as_json)


@rota.command("withdraw")
def withdraw(number: Number) -> None:
    """Take an entry back."""
    perform(lambda services, me: services.rota.withdraw(me, number))
    say("The entry is withdrawn.")


@delegations.command("list")
def list_delegations(*, as_json: AsJson = False) -> None:
    """List the delegations in force and to come. They are made by the approver himself, in the console."""
    found = perform(lambda services, me: services.standins.delegations(me))
    rows = [
        {
            "id": v.delegation.id, "lender": v.lender.login, "to": v.to.login,
            "facility": v.facility.code if v.facility else "*", "starts": v.delegation.starts,
            "ends": v.delegation.ends, "reason": v.delegation.reason,
        }
        for v in found
    ]  # fmt: skip
    show(rows, as_json=as_json)


@delegations.command("revoke")
def revoke(number: Number) -> None:
    """End a delegation at once."""
    perform(lambda services, me: services.standins.revoke(me, number))
    say("The delegation is revoked.")
