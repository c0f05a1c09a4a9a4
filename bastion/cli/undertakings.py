"""`bastion admin undertaking` (R-47)."""

from pathlib import Path
from typing import Annotated

import typer

from bastion.cli.terminal import AsJson, group, language, perform, say, show

undertakings = group("The confidentiality undertaking that each technician accepts in person.")

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A text file (UTF-8).")]


@undertakings.command("show")
def show_text() -> None:
    """Print the text in force."""
    newest = perform(lambda services, me: services.undertakings.versions(me))[0]
    say("Version {version}, published by {who}:", version=newest.version, who=newest.published_by)
    typer.echo(newest.text(language()))


@undertakings.command("list")
def list_versions(*, as_json: AsJson = False) -> None:
    """List every version there ever was, the newest first."""
    found = perform(lambda services, me: services.undertakings.versions(me))
    rows = [{"version": v.version, "published_by": v.published_by, "published_at": v.published_at} for v in found]
    show(rows, as_json=as_json)


@undertakings.command("owing")
def list_owing(*, as_json: AsJson = False) -> None:
    """List the technicians who have not accepted the version in force: nothing opens for them."""
    found, _ = perform(lambda services, me: services.undertakings.owing(me))
    show([{"login": person.login, "name": person.name} for person in found], as_json=as_json)


@undertakings.command("publish")
def publish(french: File, english: File) -> None:
    """Publish a new version, in French and in English; everybody accepts it before his next session."""
    texts = french.read_text(errors="replace"), english.read_text(errors="replace")
    made = perform(lambda services, me: services.undertakings.publish(me, *texts))
    say("Version {version} is published.", version=made.version)
