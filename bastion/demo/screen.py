"""The one screen the newcomer reads: 40 lines of 100 columns, with what to open, who to be, and what to type."""

from pathlib import Path
from typing import Final

import pyotp

from bastion import qr
from bastion.demo.facts import Account, Facts

HEIGHT: Final = 40
WIDTH: Final = 100
SHOWN: Final = ("alice", "claire")
DOES: Final = {
    "approver": "approves requests, watches and cuts live sessions",
    "security": "replays recordings, cuts everything",
    "auditor": "reads the audit trail and recordings",
    "admin": "keeps the registers",
    "technician": "connects by SSH",
}


def draw(facts: Facts, home: Path, *, real: bool) -> list[str]:
    """Return the screen. `real` says that the first device is a shell on this machine."""
    codes = [qr_code(account) for name in SHOWN if (account := facts.account(name))]
    height = max(len(lines) for lines in codes)
    padded = [lines + [" " * len(lines[0])] * (height - len(lines)) for lines in codes]
    return [
        f" Console   {facts.web_url}",
        *(_person(account) for account in facts.accounts),
        "",
        *("   ".join(pieces).rstrip() for pieces in zip(*padded, strict=True)),
        f" Scan both with an authenticator app; left: {SHOWN[0]}, right: {SHOWN[1]}. Or: make code WHO={SHOWN[0]}",
        "",
        *_try(facts, home, real=real),
    ]


def qr_code(account: Account) -> list[str]:
    """A QR code with the account's login in the app."""
    return qr.lines(pyotp.TOTP(account.totp_secret).provisioning_uri(name=account.login, issuer_name="Bastion"))


def code(account: Account) -> str:
    """The code an authenticator shows at this moment."""
    return pyotp.TOTP(account.totp_secret).now()


def _person(account: Account) -> str:
    return f"   {account.login:<8}{account.password or 'SSH key':<18}{account.role:<12}{DOES[account.role]}"


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


def _try(facts: Facts, home: Path, *, real: bool) -> list[str]:
    where = "a shell on this machine, as you" if real else "a simulated scanner"
    return [
        f" 1  ssh -F {_short(home / 'ssh.conf')} alice+ct-01@bastion        (port {facts.ssh_port} of 127.0.0.1)",
        f"    Give the code, ask for access, wait. ct-01 is {where};",
        "    ct-02 is a simulated scanner. Only `alice@bastion` shows a menu.",
        " 2  In the console, as claire: approve with a fresh code. The terminal opens by itself.",
        " 3  As claire freeze, thaw, cut it. As samir state why, then replay it. As denis see the registers.",
        f" 4  As samir cut everything. Or: BASTION_HOME={_short(home)} \\",
        "       .venv/bin/python -m bastion lock --all --reason drill",
        f" Log: {_short(home / 'bastion.log')}   For scripts: {_short(home / 'demo.json')}   Ctrl-C stops everything.",
    ]


def _short(path: Path) -> str:
    """As short as it can be typed from here."""
    here = Path.cwd()
    absolute = path.absolute()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)
