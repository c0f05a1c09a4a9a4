"""`bastion thread` and `bastion report`: what was asked, answered and reported. A named person asks, in the console."""

from typing import Annotated

import typer

from bastion.cli.terminal import AsJson, complain, perform, show, t
from bastion.domain.parties import Actor
from bastion.domain.remark import Remark
from bastion.services.bundle import Services
from bastion.services.reports import Reported

WHOLE_ID = 32
Number = Annotated[str, typer.Argument(help="Reference of the request, as `requests` shows it, or its id.")]


def thread(request: Number, *, as_json: AsJson = False) -> None:
    """Show the questions and answers on a request, the first one first."""

    async def work(services: Services, me: Actor) -> list[Remark]:
        return await services.threads.of(me, await _ident(services, me, request))

    rows = [{"at": one.at, "side": one.side, "who": one.author_name, "text": one.text} for one in perform(work)]
    show(rows, as_json=as_json)


def report(request: Number, *, as_json: AsJson = False) -> None:
    """Show what was reported on an intervention, and whether a report is owed."""

    async def work(services: Services, me: Actor) -> Reported:
        return await services.reports.of(me, await _ident(services, me, request))

    about = perform(work)
    rows = [
        {
            "at": one.at, "who": one.author_name, "after": one.after, "text": one.done, "taken": one.taken,
            "erased_by": one.erased_by,
        }
        for one in about.reports
    ]  # fmt: skip
    show(rows, as_json=as_json)
    if about.owed and about.due is not None:
        due = about.due.due_at.isoformat(timespec="minutes") if about.due.due_at else "–"
        complain(t("A report is owed; due: {due}.", due=due))


async def _ident(services: Services, me: Actor, said: str) -> str:
    """The id behind a reference. What names no request is taken for an id, and then not found."""
    if len(said) == WHOLE_ID:
        return said
    found = await services.asked.search(me, text=said, limit=10)
    return next((view.request.id for view in found if view.request.ref.lower() == said.lower()), said)
