"""`bastion check`: would this bastion work, and is it safe? Each finding is one line; nothing is changed."""

import asyncio
import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bastion import clock, config, limits, parts
from bastion.cli.terminal import t
from bastion.config import Settings
from bastion.domain.paper import NAMES
from bastion.errors import BastionError

TIME_SYNC_MARK = Path("/run/systemd/timesync/synchronized")
MIB = 1024 * 1024
FEW_SESSIONS = 200


class Verdict(StrEnum):
    GOOD = "good"
    DOUBT = "doubt"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    verdict: Verdict
    what: str
    text: str


def findings(settings: Settings) -> list[Finding]:
    """Look at everything; a check that itself goes wrong is a bad finding, never an exception."""
    found: list[Finding] = []
    for check in CHECKS:
        try:
            found.extend(check(settings))
        except BastionError as error:
            found.append(_bad(check.__name__.strip("_"), error.public))
        except OSError as error:
            found.append(_bad(check.__name__.strip("_"), f"{error.filename or ''} {error.strerror}".strip()))
    return found


def _settings(settings: Settings) -> Iterator[Finding]:
    for name in config.unknown_variables():
        yield _doubt("settings", t("{name} is no setting; is it misspelt?", name=name))
    yield _good("settings", t("home is {home}", home=settings.home.absolute()))


def _keys(settings: Settings) -> Iterator[Finding]:
    """Keys belong to us and nobody else may read them."""
    for path in (settings.vault_key, settings.signing_key, settings.host_key):
        if not path.exists():
            yield _missing_key(settings, path)
            continue
        facts = path.stat()
        if stat.S_IMODE(facts.st_mode) & 0o077:
            yield _bad("keys", t("others may read {path}; run: chmod 600 {path}", path=path))
        elif facts.st_uid != os.geteuid():
            yield _bad("keys", t("{path} belongs to another user", path=path))
        else:
            yield _good("keys", str(path))


def _missing_key(settings: Settings, path: Path) -> Finding:
    """A new vault key would not open what the old one sealed: that must not be advised."""
    count = asyncio.run(parts.sealed_secrets(settings)) if path == settings.vault_key else 0
    if not count:
        return _bad("keys", t("{path} is missing; run `bastion init`", path=path))
    return _bad("keys", t(
        "{path} is missing, but {count} secrets are sealed with it: put it back from your copy; without it, each secret"
        " and each authenticator must be registered anew", path=path, count=count,
    ))  # fmt: skip


def _folders(settings: Settings) -> Iterator[Finding]:
    for path in (settings.recordings, settings.spool):
        if not path.is_dir():
            yield _bad("folders", t("{path} is missing; run `bastion init`", path=path))
        elif not os.access(path, os.W_OK | os.X_OK):
            yield _bad("folders", t("{path} cannot be written", path=path))
        elif stat.S_IMODE(path.stat().st_mode) & 0o007:
            yield _doubt("folders", t("everybody may look into {path}; run: chmod 700 {path}", path=path))
        else:
            yield _good("folders", str(path))


def _disk(settings: Settings) -> Iterator[Finding]:
    for path in {settings.recordings, settings.spool}:
        if path.is_dir():
            free = shutil.disk_usage(path).free // MIB
            judge = _good if free >= settings.min_free_mb else _bad
            yield judge("disk", t("{free} MiB free for {path}", free=free, path=path))


def _files(_settings: Settings) -> Iterator[Finding]:
    files = limits.most_files()
    sessions = limits.sessions_in(files)
    if sessions >= FEW_SESSIONS:
        yield _good("files", t("{files} files may be open at once: about {sessions} sessions",
                               files=files, sessions=sessions))  # fmt: skip
    else:
        yield _doubt("files", t("{files} files may be open at once: about {sessions} sessions; raise LimitNOFILE or"
                                " ulimit -n", files=files, sessions=sessions))  # fmt: skip


def _ports(settings: Settings) -> Iterator[Finding]:
    for name, host, port in (
        ("ssh", settings.ssh_host, settings.ssh_port),
        ("console", settings.web_host, settings.web_port),
    ):
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError as error:
            why = error.strerror or str(error)
            yield _doubt("ports", t("{name}: {host}, port {port}: {why} (fine if the bastion is running)",
                                    name=name, host=host, port=port, why=why))  # fmt: skip
        else:
            yield _good("ports", t("{name}: {host}, port {port} is free", name=name, host=host, port=port))


def _certificates(settings: Settings) -> Iterator[Finding]:
    for path in (settings.web_tls_cert, settings.web_tls_key):
        if path is not None:
            judge, text = (
                (_good, str(path)) if os.access(path, os.R_OK) else (_bad, t("{path} cannot be read", path=path))
            )
            yield judge("tls", text)


def _records(settings: Settings) -> Iterator[Finding]:
    asyncio.run(parts.check_records(settings))
    yield _good("records", t("the database answers and its tables are up to date"))


def _rights(settings: Settings) -> Iterator[Finding]:
    """Each hospital decides for itself (R-70), nobody looks into his own doings (R-23); small ones may do otherwise,
    and know it.
    """
    rights = asyncio.run(parts.rights_to_doubt(settings))
    if rights.group_approvers:
        logins = ", ".join(rights.group_approvers)
        yield _doubt("rights", t("decide on access in every hospital: {logins}; where each can decide for itself, give"
                                 " this right hospital by hospital", logins=logins))  # fmt: skip
    if rights.own_judges:
        logins = ", ".join(rights.own_judges)
        yield _doubt("rights", t("administer the bastion and look into recordings or the trail: {logins}; give these"
                                 " rights to different people where you can", logins=logins))  # fmt: skip


def _reviews(settings: Settings) -> Iterator[Finding]:
    """Rights are reviewed twice a year (R-19)."""
    if places := ", ".join(asyncio.run(parts.without_review(settings))):
        yield _doubt("reviews", t("no review of access rights was begun for half a year in: {places}; begin one in the"
                                  " console or with `bastion admin review start`", places=places))  # fmt: skip


def _papers(settings: Settings) -> Iterator[Finding]:
    """What is renewed has a last day, or nobody is ever warned of it (R-6, R-67)."""
    for code, kinds in asyncio.run(parts.papers_without_end(settings)):
        yield _doubt("papers", t("no end: to be completed for {supplier}: {papers}", supplier=code,
                                 papers=", ".join(t(NAMES[kind]) for kind in kinds)))  # fmt: skip


def _networks(settings: Settings) -> Iterator[Finding]:
    """A declared network says from where a supplier works (R-5)."""
    if codes := ", ".join(asyncio.run(parts.from_everywhere(settings))):
        yield _doubt("networks", t("every address there is counts as no declared network: nobody connects by it for"
                                   " {suppliers}; declare those from which they work", suppliers=codes))  # fmt: skip


def _policies(settings: Settings) -> Iterator[Finding]:
    yield _good("policies", t("policy set {hash} is in force", hash=parts.load_policies(settings).hash[:12]))


def _clock(_settings: Settings) -> Iterator[Finding]:
    """Time boxes and evidence need a right clock; systemd leaves a mark once it has been set from the network."""
    now = f"{clock.now():%Y-%m-%d %H:%M:%S} UTC"
    if TIME_SYNC_MARK.exists():
        yield _good("clock", t("{now}, synchronised", now=now))
    else:
        yield _doubt("clock", t("{now}; whether it is synchronised cannot be told here: make sure it is", now=now))


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _settings, _keys, _folders, _disk, _files, _ports, _certificates, _records, _rights, _reviews, _papers, _networks,
    _policies, _clock,
)  # fmt: skip


def _good(what: str, text: str) -> Finding:
    return Finding(Verdict.GOOD, what, text)


def _doubt(what: str, text: str) -> Finding:
    return Finding(Verdict.DOUBT, what, text)


def _bad(what: str, text: str) -> Finding:
    return Finding(Verdict.BAD, what, text)
