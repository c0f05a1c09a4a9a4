"""`bastion recording hold` and `release`: whether a recording outlives its term (R-54)."""

from typing import Annotated

import typer

from bastion.cli.terminal import group, perform, say

recordings = group("Keep recordings beyond their term.")

Session = Annotated[str, typer.Argument(help="Id of the session.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the record (R-54).")]


@recordings.command("hold")
def hold(session: Session, *, reason: Reason) -> None:
    """Keep a recording, whatever its age, until it is released: an incident, a complaint."""
    perform(lambda services, me: services.retention.hold(me, session, reason))
    say("The recording of {session} is kept until it is released.", session=session)


@recordings.command("release")
def release(session: Session, *, reason: Reason) -> None:
    """Let the term of a held recording run again; if it is over, the recording is erased within a day."""
    perform(lambda services, me: services.retention.release(me, session, reason))
    say("The recording of {session} is kept for its normal term again.", session=session)
