"""`bastion demo`: everything on one machine, to try it."""

import os
from typing import Annotated

import typer

from bastion import config
from bastion.cli.terminal import one, say
from bastion.config import PREFIX
from bastion.demo import screen
from bastion.demo.facts import Account, Facts
from bastion.errors import Invalid

HOME = "var/demo"


def demo(
    *,
    qr: Annotated[str, typer.Option(help="Only show the QR code of this account.", metavar="NAME")] = "",
    code: Annotated[str, typer.Option(help="Only show the present code of this account.", metavar="NAME")] = "",
) -> None:
    """Start a bastion, its console and two demo devices in `var/demo` (BASTION_HOME moves it)."""
    os.environ.setdefault(f"{PREFIX}HOME", HOME)
    if qr:
        typer.echo("\n".join(screen.qr_code(_account(qr))))
        say("Scan this with an authenticator app.")
    elif code:
        typer.echo(screen.code(_account(code)))
    else:
        from bastion.demo import run  # noqa: PLC0415 - the whole bastion; a code need not wait for it

        run.run(config.load())


def _account(login: str) -> Account:
    facts = Facts.read(config.home_folder())
    if facts is None:
        raise Invalid("no demo", sentence="There is no demo yet; start it with `make demo`.")
    return one(facts.accounts, lambda account: account.login == login, login)
