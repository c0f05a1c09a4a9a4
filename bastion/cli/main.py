"""Joins the groups into one command, and turns every error into one sentence and an exit code.

A group is loaded when its name is said: `bastion lock` does not wait for what other commands need.
"""

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import structlog
import typer

from bastion import logs
from bastion.cli.exits import Exit, code_of
from bastion.cli.terminal import complain, group, language, t
from bastion.config import PREFIX
from bastion.errors import BastionError
from bastion.i18n import sentence

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "init": "machine:init",
        "serve": "machine:serve",
        "demo": "demo:demo",
        "migrate": "machine:migrate",
        "check": "machine:check",
        "verify": "machine:verify",
        "lock": "locks:locks",
        "unlock": "locks:lift",
        "sessions": "records:list_sessions",
        "requests": "records:list_requests",
        "thread": "threads:thread",
        "report": "threads:report",
        "who-decides": "forecasts:who_decides",
        "admin": "",
        "export": "records:exports",
        "import": "imports:imports",
        "recording": "recordings:recordings",
        "vault": "machine:vaults",
        "policies": "machine:policies",
    }
)
"""Where each command stands: a module of this package, and in it a function or a group."""
REGISTERS: Mapping[str, str] = MappingProxyType(
    {
        "facility": "registers:facilities",
        "supplier": "registers:suppliers",
        "paper": "papers:papers",
        "professional": "professionals:professionals",
        "rota": "duty:rota",
        "delegation": "duty:delegations",
        "review": "reviews:reviews",
        "subcontractor": "supplier_files:subcontractors",
        "roster": "supplier_files:rosters",
        "gmao": "gmaos:gmaos",
        "undertaking": "undertakings:undertakings",
        "emergency": "emergencies:emergencies",
        "window": "windows:windows",
        "template": "templates:templates",
        "technician": "people:technicians",
        "key": "people:keys",
        "staff": "people:staff",
        "token": "people:tokens",
        "device": "devices:devices",
        "endpoint": "devices:endpoints",
        "account": "devices:accounts",
        "derogation": "derogations:derogations",
    }
)


def command(words: list[str]) -> typer.Typer:
    """Return the command with the part of it that `words` name; all of it for a name there is not, and for help."""
    whole = group("A privileged-access bastion for supplier telemaintenance in hospitals.")
    for name in _named(COMMANDS, words[:1]):
        part = _admin(words[1:2]) if name == "admin" else _load(COMMANDS[name])
        _add(whole, name, part)
    return whole


def _admin(words: list[str]) -> typer.Typer:
    admin = group("Registers: hospitals, suppliers, people, devices.")
    for name in _named(REGISTERS, words):
        _add(admin, name, _load(REGISTERS[name]))
    return admin


def _named(table: Mapping[str, str], words: list[str]) -> list[str]:
    return [word for word in words if word in table] or list(table)


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(f"bastion.cli.{module}"), name)


def _add(whole: typer.Typer, name: str, part: Any) -> None:
    if isinstance(part, typer.Typer):
        whole.add_typer(part, name=name)
    else:
        whole.command(name)(part)
        whole.callback()(_nothing)  # else a group of one command would be that command


def _nothing() -> None:
    pass


def run(words: list[str]) -> int:
    """Carry out one command line; return the exit code. Nothing escapes but the exit itself."""
    logs.setup(level="debug" if os.environ.get(f"{PREFIX}LOG_LEVEL", "").lower() == "debug" else "warning")
    try:
        command(words)(args=words, prog_name="bastion")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else Exit.UNEXPECTED
    except BastionError as error:
        structlog.get_logger(__name__).debug("refused", code=error.code, detail=error.detail)
        complain(sentence(error, language()))
        return code_of(error)
    except OSError as error:
        complain(t("{file}: {why}", file=error.filename or "", why=error.strerror or str(error)).removeprefix(": "))
        return Exit.UNEXPECTED
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last net: a person reads a sentence, the log gets the rest
        structlog.get_logger(__name__).debug("unexpected", exc_info=error)
        complain(
            t(
                "Something unexpected went wrong ({kind}). BASTION_LOG_LEVEL=debug shows where.",
                kind=type(error).__name__,
            )
        )
        return Exit.UNEXPECTED
    return Exit.DONE


def main() -> None:
    sys.exit(run(sys.argv[1:]))
