"""`bastion admin professional`."""

from datetime import date, datetime
from typing import Annotated

import typer

from bastion.cli.terminal import AsJson, group, perform, say, show
from bastion.domain.local_time import last_day, local_date
from bastion.services.professionals import ProfessionalForm

professionals = group("Who may answer for a technical access to patient data.")

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day of the hospital's.")]


@professionals.command("add")
def add(
    facility: Annotated[str, typer.Argument(help="Code of the hospital.")],
    name: Annotated[str, typer.Argument(help="The person's name.")],
    title: Annotated[str, typer.Argument(help="The function.")],
    *,
    rpps: Annotated[str, typer.Option(help="RPPS number: eleven digits.")] = "",
    since: Day = None,
    until: Day = None,
) -> None:
    """Enter somebody; without --until until somebody retires the entry."""
    form = ProfessionalForm(facility, name, title, rpps, _day(since), _day(until))
    made = perform(lambda services, me: services.professionals.add(me, form))
    say("{name} is on the list. Number: {number}", name=made.name, number=made.id)


@professionals.command("list")
def listed(
    *, retired: Annotated[bool, typer.Option("--retired", help="Also those of before.")] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """List who may answer, hospital by hospital."""
    found = perform(lambda services, me: services.professionals.listed(me, retired=retired))
    rows = [
        {
            "id": v.one.id, "facility": v.facility.code, "name": v.one.name, "title": v.one.title, "rpps": v.one.rpps,
            "starts": local_date(v.one.starts, v.facility.timezone).isoformat(),
            "ends": last_day(v.one.ends, v.facility.timezone).isoformat() if v.one.ends else None,
            "retired_at": v.one.retired_at,
        }
        for v in found
    ]  # fmt: skip
    show(rows, as_json=as_json)


@professionals.command("retire")
def retire(number: Annotated[str, typer.Argument(help="Number of the entry, as the list shows.")]) -> None:
    """Retire an entry: no request names that person any more."""
    gone = perform(lambda services, me: services.professionals.retire(me, number))
    say("{name} is no longer on the list.", name=gone.name)


def _day(at: datetime | None) -> date | None:
    return at.date() if at else None
