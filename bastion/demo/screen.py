"""The one screen the newcomer reads, whole on the smallest terminal there is: who to be, what to open, what to type.

What is needed first stands last, next to the cursor. A QR code is as high as all of it, so on a small terminal it is
drawn when asked for; where there is room, those of the roles stand above, as many as fit.
"""

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyotp

from bastion.demo.facts import Account, Facts
from bastion.i18n import translator

BETWEEN: Final = "  "
IN_TURN: Final = ("technician", "approver", "security", "auditor", "admin")
"""Whom the newcomer plays, in the order of the story."""
DUTIES: Final = {
    "approver": "agrees to requests, freezes and cuts sessions",
    "security": "replays recordings, cuts everything",
    "auditor": "reads the audit trail and recordings",
    "admin": "keeps the registers",
    "technician": "technician of a supplier",
}


def draw(facts: Facts, home: Path, *, real: bool, language: str = "en") -> list[str]:
    """Return the screen. `real` says that the first device is a shell on this machine."""
    t = translator(language)
    people = sorted(facts.accounts, key=lambda account: account.role == "technician")
    return [
        *(_person(account, t) for account in people),
        t(" In the browser alice and bob have an entrance of their own:  {url}").format(url=facts.supplier_url),
        t(" A code for anybody, to type or to scan:  make code WHO=alice"),
        t(" Log: {log}   For scripts: {facts}").format(
            log=_short(home / "bastion.log"), facts=_short(home / "demo.json")
        ),
        "",
        t(" Console  {url}").format(url=facts.web_url),
        *_try(home, t, real=real),
    ]


def _person(account: Account, t: Callable[[str], str]) -> str:
    return f"   {account.login:<8}{account.password or t('SSH key'):<18}{t(DUTIES[account.role])}"


def _try(home: Path, t: Callable[[str], str], *, real: bool) -> list[str]:
    return [
        f" 1  ssh -F {_short(home / 'ssh.conf')} alice+ct-01@bastion",
        t("    Give the code, say what is to be done, wait."),
        t("    ct-01 is a shell on this machine, as you.") if real else t("    ct-01 is a simulated scanner."),
        t(" 2  In the console claire agrees, with a new code; the session opens by itself."),
        t(" 3  As claire freeze it, thaw it, cut it. As samir replay it."),
        t(" 4  alice+ct-03@bastion: claire and paul agree, then one of them follows it."),
        t(" 5  As samir cut everything. Or here, in another terminal:"),
        f"    BASTION_HOME={_short(home)} .venv/bin/python -m bastion lock --all --reason drill",
        t(" Ctrl-C stops everything."),
    ]


def qr_code(account: Account) -> list[str]:
    """A QR code with the account's login in the app."""
    from bastion import qr  # noqa: PLC0415 - only this needs it

    return qr.lines(pyotp.TOTP(account.totp_secret).provisioning_uri(name=f"Bastion {account.login}"))


def codes(facts: Facts, columns: int, rows: int) -> list[str]:
    """The QR code of one account of each role, side by side, each under its login: as many as fit whole into `rows`
    lines of `columns` characters, those first whom the newcomer plays first.
    """
    of_each = {account.role: account for account in reversed(facts.accounts)}
    drawn = [[of_each[role].login, *qr_code(of_each[role])] for role in IN_TURN if role in of_each]
    width, height = max(map(len, itertools.chain(*drawn))), len(drawn[0])
    abreast = (columns + len(BETWEEN)) // (width + len(BETWEEN))
    fits = drawn[: abreast * (rows // height)]
    shelves = [fits[first : first + abreast] for first in range(0, len(fits), abreast or 1)]
    return [
        BETWEEN.join(line.ljust(width) for line in row).rstrip()
        for shelf in shelves
        for row in zip(*shelf, strict=True)
    ]


def code(account: Account) -> str:
    """The code an authenticator shows at this moment."""
    return pyotp.TOTP(account.totp_secret).now()


def seconds_left() -> int:
    """When everybody's next code comes."""
    return 30 - int(time.time()) % 30


def ssh_config(facts: Facts, home: Path) -> str:
    """Settings for `ssh -F`: where the bastion is, who it is, and which key is whose."""
    folder = home.absolute()
    people = [a for a in facts.accounts if a.private_key_path]
    matches = [
        f'Match originalhost bastion user {a.login},{a.login}+*\n  IdentityFile "{a.private_key_path}"\n'
        for a in people
    ]
    return (
        f"Host bastion\n  HostName 127.0.0.1\n  Port {facts.ssh_port}\n  IdentitiesOnly yes\n  IdentityAgent none\n"
        f'  UserKnownHostsFile "{folder / "known_hosts"}"\n' + "".join(matches)
    )


def _short(path: Path) -> str:
    """As short as it can be typed from here."""
    here = Path.cwd()
    absolute = path.absolute()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)
