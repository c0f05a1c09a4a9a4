"""`bastion demo`: everything on one machine, to try it."""

import os
import sys
from typing import Annotated

import typer

from bastion import config
from bastion.cli.terminal import language, say
from bastion.config import PREFIX
from bastion.errors import NotFound

HOME = "var/demo"
LOOPBACK = "127.0.0.0/8,::1/128"


def demo(
    *,
    code: Annotated[str, typer.Option(help="Only show the present code of this account.", metavar="NAME")] = "",
    reset: Annotated[
        bool, typer.Option("--reset", help="Only forget the demo: its accounts, keys and recordings.")
    ] = False,
) -> None:
    """Start a bastion, its console and three demo devices in `var/demo` (BASTION_HOME moves it)."""
    os.environ.setdefault(f"{PREFIX}HOME", HOME)
    os.environ.setdefault(f"{PREFIX}TEST_NETWORKS", LOOPBACK)  # where the demo devices are
    if code:
        _show_code(code)
    elif reset:
        from bastion.demo import home  # noqa: PLC0415 - the whole bastion; a code need not wait for it

        there = home.forget(config.home_folder())
        say("The demo is forgotten." if there else "There is no demo yet; start it with `make demo`.")
    else:
        from bastion.demo import run  # noqa: PLC0415 - the whole bastion; a code need not wait for it

        run.run(config.load(), language())


def _show_code(login: str) -> None:
    """On a terminal with its QR code; for a script the six digits alone."""
    from bastion.demo import screen  # noqa: PLC0415 - no other command draws
    from bastion.demo.facts import Facts  # noqa: PLC0415

    facts = Facts.read(config.home_folder())
    if facts is None:
        raise NotFound("no demo", sentence="There is no demo yet; start it with `make demo`.")
    account = facts.account(login)
    if account is None:
        raise NotFound(
            login, sentence="The demo knows no “{name}”. It knows: {names}.", name=login,
            names=", ".join(each.login for each in facts.accounts),
        )  # fmt: skip
    if sys.stdout.isatty():
        typer.echo("\n".join(screen.qr_code(account)))
        say("Scan this as {login}, or type the code. It works once; the next one comes in {seconds} s:", login=login,
            seconds=screen.seconds_left())  # fmt: skip
    typer.echo(screen.code(account))
