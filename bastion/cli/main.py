"""Joins the groups into one command, and turns every error into one sentence and an exit code."""

import os
import sys

import structlog

from bastion import logs
from bastion.cli import demo, devices, locks, machine, people, recordings, records, registers
from bastion.cli.exits import Exit, code_of
from bastion.cli.terminal import complain, group, language, t
from bastion.config import PREFIX
from bastion.errors import BastionError
from bastion.i18n import sentence

command = group("A privileged-access bastion for supplier telemaintenance in hospitals.")
admin = group("Registers: hospitals, suppliers, people, devices.")

command.command("init")(machine.init)
command.command("serve")(machine.serve)
command.command("demo")(demo.demo)
command.command("migrate")(machine.migrate)
command.command("check")(machine.check)
command.command("verify")(machine.verify)
command.command("unlock")(locks.lift)
command.command("sessions")(records.list_sessions)
command.command("requests")(records.list_requests)

command.add_typer(admin, name="admin")
command.add_typer(locks.locks, name="lock")
command.add_typer(records.exports, name="export")
command.add_typer(recordings.recordings, name="recording")
command.add_typer(machine.vaults, name="vault")
command.add_typer(machine.policies, name="policies")
for name, part in {
    "facility": registers.facilities,
    "supplier": registers.suppliers,
    "technician": people.technicians,
    "key": people.keys,
    "staff": people.staff,
    "token": people.tokens,
    "device": devices.devices,
    "endpoint": devices.endpoints,
    "account": devices.accounts,
}.items():
    admin.add_typer(part, name=name)


def run(words: list[str]) -> int:
    """Carry out one command line; return the exit code. Nothing escapes but the exit itself."""
    logs.setup(level="debug" if os.environ.get(f"{PREFIX}LOG_LEVEL", "").lower() == "debug" else "warning")
    try:
        command(args=words, prog_name="bastion")
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
