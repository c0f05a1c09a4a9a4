"""`bastion admin review` (R-19)."""

from typing import Annotated

import typer

from bastion.cli.terminal import AsJson, day, end, group, perform, say, show
from bastion.domain.parties import Actor
from bastion.domain.review import LineState, ReviewLine, Verdict
from bastion.errors import Invalid
from bastion.services.bundle import Services
from bastion.services.reviews import CampaignForm

reviews = group("Reviews of access rights.")

Number = Annotated[str, typer.Argument(help="Number of the review, as `list` shows it.")]


@reviews.command("start")
def start(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    *,
    due: Annotated[
        str, typer.Option(help="The last day for it (2026-12-31): what is not confirmed is suspended then.")
    ],
    facility: Annotated[list[str] | None, typer.Option(help="Code of a hospital; repeatable; none means all.")] = None,
) -> None:
    """Begin a review of the roles of staff, the people of suppliers and the standing windows.

    Roles in every hospital stand in a review of all of them only: begin one too.
    """
    last = end(due)
    if last is None:
        raise Invalid("due", field="due_at", sentence="Give a date such as 2026-11-22.")
    form = CampaignForm(name, last, tuple(facility or ()))
    made = perform(lambda services, me: services.reviews.start(me, form))
    say("The review is begun. Number: {number}", number=made.id)


@reviews.command("list")
def list_reviews(*, as_json: AsJson = False) -> None:
    """List the reviews and how far each is."""
    found = perform(lambda services, me: services.reviews.all(me))
    rows = [
        {
            "id": one.campaign.id, "name": one.campaign.name,
            "facilities": [place.code for place in one.facilities] or ["*"], "due_at": day(one.campaign.due_at),
            "state": one.state,
            "signed_by": one.signature.signed_by if one.signature else "",
            **{state.value: one.counts[state] for state in LineState},
        }
        for one in found
    ]  # fmt: skip
    show(rows, as_json=as_json)


@reviews.command("show")
def show_review(number: Number, *, as_json: AsJson = False) -> None:
    """Show every line of a review, what waits first; `*` is a role in every hospital."""
    found = perform(lambda services, me: services.reviews.of(me, number))
    rows = [
        {
            "id": one.line.id, "kind": one.line.kind, "name": one.line.name, "company": one.line.company,
            "right": one.line.right, "facility": "*" if one.everywhere else one.facility.code if one.facility else "",
            "correspondent": one.correspondent, "state": one.state, "decided_by": one.line.decided_by,
        }
        for one in found.lines
    ]  # fmt: skip
    show(rows, as_json=as_json)


@reviews.command("confirm")
def confirm(
    number: Number, lines: Annotated[list[str], typer.Argument(help="Numbers of lines, as `show` lists them.")]
) -> None:
    """Confirm lines: the way back when a review has suspended whoever could have done it in the console."""

    async def work(services: Services, me: Actor) -> list[ReviewLine]:
        return await services.reviews.decide(me, number, lines, Verdict.CONFIRMED)

    say("Confirmed: {count}.", count=len(perform(work)))


@reviews.command("sign")
def sign(
    number: Number,
    *,
    remark: Annotated[str, typer.Option(help="What is to be said with it; kept with the signature.")] = "",
) -> None:
    """Sign for a whole review, once no line of it is open."""
    made = perform(lambda services, me: services.reviews.sign(me, number, remark))
    say("The review is signed. SHA-256 of what was signed: {digest}", digest=made.digest)
