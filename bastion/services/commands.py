"""The commands a technician pastes, ready for OpenSSH, PuTTY and WinSCP, each quoted for where it is pasted (T49).

Pure. A name reaches its program as one argument, as it is, or the command is not offered: what a shell, or the program
itself, would take for anything else than a name is never written in the hope that nobody minds.
"""

import re
import shlex
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from bastion.domain.device import SESSIONS, ChannelKind, Endpoint, FileRight, Protocol
from bastion.services.address import Address

FILE: Final = "FILE"
"""Stands in a command for the name of a file, and is written over by whoever uses it."""
LOCAL_STEP: Final = 10_000
"""A service is met at home on a port so much higher: no rights are needed for it, and it is rarely taken."""
HIGHEST_PORT: Final = 65_535


class Client(StrEnum):
    OPENSSH = "openssh"
    PUTTY = "putty"
    WINSCP = "winscp"


class Use(StrEnum):
    TERMINAL = "terminal"
    FILES = "files"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    SERVICE = "service"


class Shell(StrEnum):
    """Where a command is pasted. `ADDRESS` is no shell but a program's own field for an address."""

    BASH = "bash"  # and zsh
    CMD = "cmd"
    POWERSHELL = "powershell"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Variant:
    """What is pasted, and in which shells it means the command."""

    text: str
    shells: tuple[Shell, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """`variants` is never empty. A service of the device is met at `localhost:local`."""

    client: Client
    use: Use
    variants: tuple[Variant, ...]
    device: str = ""
    service: Endpoint | None = None
    local: int = 0

    @property
    def text(self) -> str:
        return self.variants[0].text


class Holds(typing.Protocol):
    """A grant, or what one would hold."""

    @property
    def channels(self) -> frozenset[ChannelKind]: ...

    @property
    def files(self) -> frozenset[FileRight]: ...


@dataclass(frozen=True, slots=True)
class Held:
    channels: frozenset[ChannelKind]
    files: frozenset[FileRight]


TO_ASK: Final = Held(frozenset({ChannelKind.SHELL}), frozenset())
"""What somebody without an authorisation may use: a terminal, in which he asks for one."""
EVERYTHING: Final = Held(frozenset(ChannelKind), frozenset(FileRight))


# -- which -------------------------------------------------------------------------------------------------------------
def ready(
    address: Address, technician: str, device: str, holds: Holds, endpoints: Sequence[Endpoint],
    line: Protocol = Protocol.SSH,
) -> tuple[Command, ...]:  # fmt: skip
    """Every command for one technician and one device, as far as what he holds allows, by client.

    `line` is how the session reaches the device: telnet and a serial line are a terminal and nothing else.
    """
    there = _There(address.host, address.port, f"{technician}+{device}", device)
    if line is not Protocol.SSH:
        holds = Held(holds.channels & TO_ASK.channels, frozenset())
    found = [*_openssh(there, holds), *_putty(there, holds), *_winscp(there, holds)]
    if ChannelKind.FORWARD in holds.channels:
        for service, local in local_ports([e for e in endpoints if e.protocol not in SESSIONS]).items():
            found += _tunnels(there, service, local)
    order = list(Client)
    return tuple(sorted(filter(None, found), key=lambda command: order.index(command.client)))


def at_the_menu(address: Address, technician: str) -> tuple[Command, ...]:
    """A terminal without a device: the bastion shows there what may be opened, and asks which."""
    there = _There(address.host, address.port, technician, "")
    return tuple(filter(None, [*_openssh(there, TO_ASK), *_putty(there, TO_ASK)]))


def local_ports(services: Sequence[Endpoint]) -> Mapping[Endpoint, int]:
    """Where each service is met at home. Of two on one port the first is the one a tunnel reaches."""
    chosen: dict[Endpoint, int] = {}
    reached: set[int] = set()
    for service in services:
        if service.port in reached:
            continue
        reached.add(service.port)
        local = service.port + LOCAL_STEP if service.port + LOCAL_STEP <= HIGHEST_PORT else service.port
        while local in chosen.values():
            local += 1
        chosen[service] = local
    return MappingProxyType(chosen)


@dataclass(frozen=True, slots=True)
class _There:
    host: str
    port: int
    login: str
    device: str

    @property
    def sound(self) -> bool:
        """Whether programs take the address for one."""
        return bool(_HOST.fullmatch(self.host)) and not _MISREAD.search(self.login)

    @property
    def at(self) -> str:
        return f"{self.login}@{self.host}"

    @property
    def bracketed(self) -> str:
        """The address where a colon ends it."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def copy(self) -> str:
        return f"{self.login}@{self.bracketed}"


def _openssh(there: _There, holds: Holds) -> list[Command | None]:
    port = str(there.port)
    asked: list[tuple[Use, list[str]]] = [
        (Use.TERMINAL, ["ssh", "-p", port, there.at]),
        (Use.FILES, ["sftp", "-P", port, there.copy]),
        (Use.UPLOAD, ["scp", "-P", port, FILE, f"{there.copy}:"]),
        (Use.DOWNLOAD, ["scp", "-P", port, f"{there.copy}:{FILE}", "."]),
    ]
    return [_command(there, Client.OPENSSH, use, words) for use, words in asked if _held(use, holds)]


def _putty(there: _There, holds: Holds) -> list[Command | None]:
    port = str(there.port)
    asked: list[tuple[Use, list[str]]] = [
        (Use.TERMINAL, ["putty", "-ssh", "-P", port, there.at]),
        (Use.FILES, ["psftp", "-P", port, there.at]),
        (Use.UPLOAD, ["pscp", "-P", port, FILE, f"{there.copy}:"]),
        (Use.DOWNLOAD, ["pscp", "-P", port, f"{there.copy}:{FILE}", "."]),
    ]
    return [_command(there, Client.PUTTY, use, words) for use, words in asked if _held(use, holds)]


def _winscp(there: _There, holds: Holds) -> list[Command | None]:
    """An address for its window, where `+` would be a blank; and a command without `%`, which cmd may expand."""
    if not (_held(Use.FILES, holds) and there.sound):
        return []
    url = f"sftp://{quote(there.login, safe='')}@{there.bracketed}:{there.port}/"
    window = Command(Client.WINSCP, Use.FILES, (Variant(url, (Shell.ADDRESS,)),), there.device)
    words = ["winscp.exe", f"sftp://{there.bracketed}:{there.port}/", f"/username={there.login}"]
    return [window, _command(there, Client.WINSCP, Use.FILES, words, shells=(Shell.CMD, Shell.POWERSHELL))]


def _tunnels(there: _There, service: Endpoint, local: int) -> list[Command | None]:
    if _NO_TARGET.search(there.device):
        return []
    port, forward = str(there.port), f"{local}:{there.device}:{service.port}"
    openssh = ["ssh", "-N", "-p", port, "-L", forward, there.at]
    plink = ["plink", "-ssh", "-N", "-P", port, "-L", forward, there.at]
    return [
        _command(there, Client.OPENSSH, Use.SERVICE, openssh, service, local),
        _command(there, Client.PUTTY, Use.SERVICE, plink, service, local),
    ]


def _held(use: Use, holds: Holds) -> bool:
    if use is Use.TERMINAL:
        return ChannelKind.SHELL in holds.channels
    right = {Use.UPLOAD: FileRight.UPLOAD, Use.DOWNLOAD: FileRight.DOWNLOAD}.get(use)
    return ChannelKind.SFTP in holds.channels and (right is None or right in holds.files)


# -- how it is written -------------------------------------------------------------------------------------------------
_HOST: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:-]*")
_MISREAD: Final = re.compile(r"^-|[:/\[\]]")
"""What makes a login an option (PuTTY has no `--`, and OpenSSH lets no such name pass), ends it, or makes it a path."""
_NO_TARGET: Final = re.compile(r"[:/\[\]\\\s]")
"""What parts the fields of a forwarding."""
_BARE: Final = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./:+@=-]*")
"""What no shell looks at twice."""
_OPTION: Final = re.compile(r"-[A-Za-z]+")
_WINDOWS: Final = re.compile(r"[ -~]*")
"""Windows maps other letters to the nearest it has in a code page, and a fullwidth quote to a quote."""


def written(words: Sequence[str], shell: Shell) -> str | None:
    """Return a command line that hands over exactly `words`; `None` when `shell` has no safe way to write one."""
    quoted = [_QUOTERS[shell](word) for word in words]
    return None if None in quoted else " ".join(filter(None, quoted))


def _command(
    there: _There, client: Client, use: Use, words: Sequence[str], service: Endpoint | None = None, local: int = 0, *,
    shells: Sequence[Shell] = (Shell.BASH, Shell.CMD, Shell.POWERSHELL),
) -> Command | None:  # fmt: skip
    """Write it for each shell, the same text once; `None` where none can have it."""
    if not there.sound:
        return None
    texts: dict[str, list[Shell]] = {}
    for shell in shells:
        text = written(words, shell)
        if text is not None:
            texts.setdefault(text, []).append(shell)
    variants = tuple(Variant(text, tuple(able)) for text, able in texts.items())
    return Command(client, use, variants, there.device, service, local) if variants else None


def _plain(word: str) -> bool:
    return bool(_BARE.fullmatch(word) or _OPTION.fullmatch(word))


def _bash(word: str) -> str | None:
    """What cannot be seen is spelt out: a paste that holds a line end or an escape is more than one argument."""
    if not word or "\0" in word:
        return None
    if _plain(word):
        return word
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(map(_spelt, word)) + "'"


def _spelt(char: str) -> str:
    if char in "'\\":
        return f"\\{char}"
    if char.isprintable():
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "replace"))


def _cmd(word: str) -> str | None:
    """Within quotes cmd still expands `%` and `!`; a quote, or a backslash before one, ends the argument elsewhere."""
    if _plain(word):
        return word
    return f'"{word}"' if _fits_windows(word, '"%!') else None


def _powershell(word: str) -> str | None:
    """Within single quotes nothing is expanded. A double quote is handed over differently by each version of it."""
    if _plain(word):
        return word
    return "'" + word.replace("'", "''") + "'" if _fits_windows(word, '"') else None


def _fits_windows(word: str, without: str) -> bool:
    fits = bool(word) and _WINDOWS.fullmatch(word) and not word.endswith("\\")
    return bool(fits) and not any(char in without for char in word)


_QUOTERS: Final[Mapping[Shell, Callable[[str], str | None]]] = MappingProxyType(
    {Shell.BASH: _bash, Shell.CMD: _cmd, Shell.POWERSHELL: _powershell}
)
