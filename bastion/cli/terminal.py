"""What every command shares: the operator who acts, the language he reads, and how tables, JSON and QR codes look."""

import asyncio
import contextlib
import dataclasses
import getpass
import json
import os
import shlex
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bastion import config, logs
from bastion.domain.local_time import HOME_ZONE, YEARS, day_end, last_day, midnight
from bastion.domain.parties import Actor, operator_actor
from bastion.errors import Invalid
from bastion.i18n import translator, yes
from bastion.secret import Secret

if TYPE_CHECKING:
    from bastion.services.bundle import Services

T = TypeVar("T")
Rows = list[dict[str, Any]]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def group(text: str) -> typer.Typer:
    """Make a group of subcommands; plain help, so that it reads the same in a log as on a terminal."""
    return typer.Typer(
        help=text, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
    )


def language() -> str:
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "fr" if spoken.startswith("fr") else "en"


def t(english: str, **facts: object) -> str:
    """Translate a sentence and fill in its facts."""
    return translator(language())(english).format(**facts)


def say(english: str, **facts: object) -> None:
    typer.echo(logs.escape(t(english, **facts)))


def complain(text: str) -> None:
    typer.echo(logs.escape(text), err=True)


def called() -> str:
    """How this program was called, so that a command that is printed can be pasted as it stands."""
    if Path(sys.argv[0]).name != "__main__.py":
        return "bastion"
    home = os.environ.get("BASTION_HOME")
    place = f"BASTION_HOME={shlex.quote(home)} " if home else ""
    return f"{place}{shlex.quote(os.path.relpath(sys.executable))} -m bastion"


def operator() -> Actor:
    """Whoever runs this command; in the audit trail under his login on this machine."""
    return operator_actor(os.environ.get("SUDO_USER") or getpass.getuser())


def perform(work: "Callable[[Services, Actor], Awaitable[T]]") -> T:
    """Open the records, let `work` do its use cases as the operator, and close them again."""
    from bastion import parts  # noqa: PLC0415 - all of the product below the faces; not every command needs it

    settings = config.load()
    logs.setup(settings.log_format, "debug" if settings.log_level == "debug" else "warning")

    async def opened() -> T:
        async with parts.opened(settings) as built:
            return await work(built.services, operator())

    return asyncio.run(opened())


def show(rows: Rows, *, as_json: bool) -> None:
    """Print rows as JSON, or as a table whose columns are as wide as what stands in them."""
    if as_json:
        typer.echo(json.dumps([plain(row) for row in rows], ensure_ascii=False, indent=2))
        return
    if not rows:
        say("Nothing.")
        return
    titles = list(rows[0])
    lines = [[title.replace("_", " ") for title in titles], *([_cell(row[title]) for title in titles] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def plain(value: Any) -> Any:
    """Turn domain data into what JSON knows; sets are sorted so that two runs print the same."""
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(plain(inner) for inner in value)
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return _scalar(value)


def _scalar(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case bytes() | Secret():
            return "<secret>"
    return value


def agrees(question: str) -> bool:
    """Ask, until the answer is yes or no in either language; where nobody is there to answer, it is no."""
    typer.echo(t(question), nl=False)
    while line := sys.stdin.readline():
        if (answer := yes(line)) is not None:
            return answer
        typer.echo(f"{t('Please answer yes or no.')} {t(question)}", nl=False)
    return False


def read_secret(prompt: str, *, from_stdin: bool) -> Secret:
    """Ask for a secret without showing it, or take standard input whole (but for the last newline)."""
    text = sys.stdin.read().removesuffix("\n") if from_stdin else getpass.getpass(f"{t(prompt)} ")
    return Secret.of(text)


def instant(text: str) -> datetime | None:
    """Read when something begins: `2026-12-31`, with that day at home, or `2026-12-31T18:00+01:00`; a time without zone
    is UTC, an empty text is no instant.
    """
    moment = _moment(text) if text else None
    return moment if moment is None or isinstance(moment, datetime) else midnight(moment, HOME_ZONE)


def end(text: str) -> datetime | None:
    """Read when something is over: a day is its last one."""
    moment = _moment(text) if text else None
    return moment if moment is None or isinstance(moment, datetime) else day_end(moment)


def day(at: datetime | None) -> str | None:
    """The last day of something that is over at `at`, as `end` reads it."""
    return last_day(at).isoformat() if at else None


def _moment(text: str) -> date:
    """A day, or an instant."""
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(text) if len(text) > len("2026-12-31") else date.fromisoformat(text)
        if moment.year in YEARS:
            return moment.replace(tzinfo=UTC) if isinstance(moment, datetime) and moment.tzinfo is None else moment
    raise Invalid(text, sentence="“{text}” is no date; write it like 2026-12-31 or 2026-12-31T18:00+01:00.", text=text)


def said(**options: object) -> dict[str, Any]:
    """What was said of a thing that is to be changed; an option that was left out leaves it as it is.

    Lists become tuples. Raises `Invalid` when nothing was said.
    """
    changes = {name: tuple(v) if isinstance(v, list) else v for name, v in options.items() if v is not None}
    if not changes:
        raise Invalid("nothing to change", sentence="Say what is to be changed: --help lists the options.")
    return changes


def with_days(changes: dict[str, Any], **read: Callable[[str], datetime | None]) -> dict[str, Any]:
    """The changes with their days read, each by `instant` or `end`; an empty text takes a day away."""
    return changes | {name: how(changes[name]) for name, how in read.items() if name in changes}


def one(things: Iterable[T], wanted: Callable[[T], bool], name: str) -> T:
    """Return the thing that is meant, or raise `Invalid` with the name that was typed."""
    for thing in things:
        if wanted(thing):
            return thing
    raise Invalid(name, sentence="There is no “{name}” here; list what there is first.", name=name)


def _cell(value: Any) -> str:
    match plain(value):
        case None | "":
            return "-"
        case bool() as truth:
            return t("yes") if truth else t("no")
        case list() as many:
            return " ".join(_cell(item) for item in many) or "-"
        case other:
            return logs.escape(str(other))
