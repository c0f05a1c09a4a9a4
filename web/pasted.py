"""The commands a technician needs, for staff to copy and send to the supplier (T49)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from bastion.domain.access_request import RequestState
from bastion.domain.device import Protocol
from bastion.domain.grant import GrantStatus
from bastion.i18n import N_
from bastion.services.address import Address, told_address
from bastion.services.commands import EVERYTHING, Client, Command, Shell, Use, at_the_menu, ready
from bastion.services.reaching import reachable
from bastion.services.views import DeviceView, RequestView
from web.console import Console

ANYBODY: Final = "LOGIN"
"""Stands for the technician's login where none is known, and is written over by whoever copies it."""
CLIENTS: Final = {
    Client.OPENSSH: "OpenSSH (Linux, macOS, Windows)",
    Client.PUTTY: "PuTTY (Windows, Linux)",
    Client.WINSCP: "WinSCP (Windows)",
}
USES: Final = {
    Use.TERMINAL: N_("Terminal"),
    Use.FILES: N_("Files"),
    Use.UPLOAD: N_("Send a file"),
    Use.DOWNLOAD: N_("Fetch a file"),
    Use.SERVICE: N_("Service {service}, then at localhost:{local}"),
}
SHELLS: Final = {Shell.BASH: "bash", Shell.CMD: "cmd", Shell.POWERSHELL: "PowerShell", Shell.ADDRESS: N_("address")}


@dataclass(frozen=True, slots=True)
class Pasted:
    """`groups` are the commands of each program."""

    groups: tuple[tuple[str, tuple[Command, ...]], ...]
    address: Address
    anybody: bool = False
    """They hold a placeholder for the login."""

    @property
    def waits_for_file(self) -> bool:
        return any(c.use in {Use.UPLOAD, Use.DOWNLOAD} for _, commands in self.groups for c in commands)


def for_request(seen: Console, view: RequestView) -> Pasted | None:
    """What the technician may use once it is agreed; nothing once it no longer can be, nor while nobody answers for its
    patient data: then nothing opens.
    """
    address = address_of(seen)
    found = commands_for(address, view, seen.face.now)
    return Pasted(_by_client(found), address) if found else None


def commands_for(address: Address, view: RequestView, now: datetime) -> tuple[Command, ...]:
    """The same, as they are, for programs."""
    grant, state = view.grant, view.request.state(now)
    dead = grant is not None and grant.status(now) not in {GrantStatus.OPEN, GrantStatus.SCHEDULED}
    if view.holds is None or dead or view.unanswered or state not in {RequestState.PENDING, RequestState.APPROVED}:
        return ()
    line = view.endpoint.protocol if view.endpoint else Protocol.SSH
    return ready(address, view.technician.login, view.device.code, view.holds, view.services, line)


def for_device(seen: Console, view: DeviceView) -> Pasted | None:
    """All there could be for a device; what of it works, the authorisation says."""
    way = reachable(view.device, view.endpoints, view.derogations, seen.face.now)
    if way is None or not (view.device.active and view.ready):
        return None
    address = address_of(seen)
    found = ready(address, ANYBODY, view.device.code, EVERYTHING, view.endpoints, way[0].protocol)
    return Pasted(_by_client(found), address, anybody=True) if found else None


def for_oneself(seen: Console) -> Pasted | None:
    """How the reader connects without naming a device."""
    address = address_of(seen)
    found = at_the_menu(address, seen.actor.login)
    return Pasted(_by_client(found), address) if found else None


def address_of(seen: Console) -> Address:
    """Where technicians find the bastion, and its identity."""
    return told_address(seen.request.app.state.settings)


def _by_client(found: Sequence[Command]) -> tuple[tuple[str, tuple[Command, ...]], ...]:
    return tuple((CLIENTS[client], tuple(some)) for client, some in groupby(found, key=lambda c: c.client))
