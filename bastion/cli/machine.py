"""`bastion init`, `serve`, `demo`, `migrate`, `check`, `verify`, `vault` and `policies`: the machine itself."""

import asyncio
import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bastion import config, logs, parts
from bastion.cli import check as checking
from bastion.cli.exits import Exit
from bastion.cli.terminal import AsJson, complain, group, operator, perform, say, show, t
from bastion.domain.parties import Actor
from bastion.services.bundle import Services
from bastion.store.audit_log import AuditVerdict
from recordings.model import Verification

vaults = group("The vault of device secrets.")
policies = group("The hospital's rules.")


class Part(StrEnum):
    PROXY = "proxy"
    WEB = "web"
    PORTAL = "portal"


def init(
    login: Annotated[str, typer.Option(help="Login of the first administrator.")] = "admin",
    name: Annotated[str, typer.Option(help="Name of the first administrator.")] = "Administrator",
) -> None:
    """Make keys, folders and database, and print the one-time secret of the first administrator."""
    settings = config.load()
    logs.setup(settings.log_format, "warning")
    parts.prepare(settings)
    secret = perform(lambda services, me: services.enrolment.first_administrator(me, login, name))
    say("This bastion is set up in {home}.", home=settings.home.absolute())
    say("Start it with `bastion serve`, open {url}/setup and enter this secret, once, within 72 hours:",
        url=settings.console_url)  # fmt: skip
    typer.echo(secret)


def serve(
    only: Annotated[
        Part | None, typer.Option(help="Run one face alone: proxy or portal in the DMZ, web inside.")
    ] = None,
) -> None:
    """Run the bastion until SIGTERM or Ctrl-C."""
    settings = config.load()
    logs.setup(settings.log_format, settings.log_level)
    from bastion import app  # noqa: PLC0415 - the faces; no other command waits for them

    app.run(settings, only.value if only else "")


def migrate() -> None:
    """Bring the database's tables up to this version."""
    settings = config.load()
    logs.setup(settings.log_format, "warning")
    asyncio.run(parts.migrate(settings))
    say("The database is up to date.")


def check(*, as_json: AsJson = False) -> None:
    """Look whether this bastion would work and is safe; changes nothing."""
    settings = config.load()
    logs.setup(settings.log_format, "error")
    found = checking.findings(settings)
    rows = [dataclasses.asdict(finding) for finding in found]
    show(rows, as_json=as_json)
    if any(finding.verdict is checking.Verdict.BAD for finding in found):
        raise typer.Exit(Exit.CHECK_FAILED)


def verify(
    session: Annotated[str, typer.Argument(help="Id of one session's recording.")] = "",
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every sealed recording.")] = False,
    audit: Annotated[bool, typer.Option("--audit", help="The audit trail.")] = False,
    public_key: Annotated[Path | None, typer.Option(help="Public key (PEM); default: this bastion's own.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Folder of recordings; default: this bastion's own.")
    ] = None,
) -> None:
    """Prove that recordings, or the audit trail, are what was sealed. Recordings need no database and no secret."""
    if not (session or everything or audit):
        raise typer.BadParameter(t("say what: a session's id, --all or --audit"))
    good = True
    if session or everything:
        good = _verify_recordings(session, folder, public_key)
    if audit:
        good = _verify_audit() and good
    if not good:
        raise typer.Exit(Exit.DAMAGED)


@vaults.command("rotate")
def rotate() -> None:
    """Make a new master key and wrap every secret anew under it."""
    count = perform(lambda services, me: services.upkeep.rotate_vault(me))
    say("{count} secrets are wrapped under a new key.", count=count)


@policies.command("check")
def check_policies(folder: Annotated[Path, typer.Argument(help="Folder of *.cedar and examples.toml.")]) -> None:
    """Say whether a policy set could be loaded; all problems at once."""
    loaded = parts.load_policies(config.load(policies_dir=folder))
    say("The policy set is sound: {hash}", hash=loaded.hash)


def _verify_recordings(session: str, folder: Path | None, public_key: Path | None) -> bool:
    good = True
    for outcome in parts.verify_recordings(config.load(), session, folder, public_key):
        good = good and outcome.ok
        verdict = _verdict(outcome)
        (typer.echo if outcome.ok else complain)(logs.escape(f"{outcome.recording_id}  {verdict}"))
    return good


def _verdict(outcome: Verification) -> str:
    if not outcome.ok:
        return t("DAMAGED at {where}", where=outcome.where)
    return t("erased on {day}", day=outcome.erased_at[:10]) if outcome.erased_at else t("intact")


def _verify_audit() -> bool:
    async def work(services: Services, me: Actor) -> AuditVerdict:
        return await services.audit.verify(me)

    verdict = perform(work)
    if verdict.ok:
        say("The audit trail is intact: {count} events.", count=verdict.count)
        return True
    complain(t("The audit trail is BROKEN at event {seq}: {why}", seq=verdict.broken_at, why=verdict.why))
    return False


__all__ = ["check", "init", "migrate", "operator", "policies", "serve", "vaults", "verify"]
