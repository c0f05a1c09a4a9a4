"""Who dials devices for all connections of a listener, and when it may be done ahead of time."""

from dataclasses import dataclass, field

from bastion.domain.device import Protocol
from bastion.proxy.ssh.connector import DeviceLink
from bastion.proxy.ssh.device_login import KeyRing
from bastion.proxy.ssh.line_link import LineLink
from bastion.proxy.ssh.links import Link
from bastion.proxy.ssh.ways import Way, Ways
from bastion.proxy.supervisor import Supervisor
from bastion.proxy.tcp import Networks
from bastion.services.address import NOWHERE, Address


@dataclass(frozen=True, slots=True)
class Roads:
    """What the connections of a listener know of the way to devices."""

    supervisor: Supervisor
    networks: Networks
    keys: KeyRing = field(default_factory=KeyRing)
    ways: Ways = field(default_factory=Ways)
    address: Address = NOWHERE
    """Where technicians find the listener."""

    def dial(self, way: Way) -> Link:
        ssh = way.protocol is Protocol.SSH
        link: Link = DeviceLink(way, self.keys, self.networks) if ssh else LineLink(way, self.networks)
        link.dial(self.supervisor.task)
        return link

    def dial_ahead(self, grant_id: str) -> Link | None:
        """Begin to connect before the session is opened, where a live session shows that nothing stands against it."""
        way = self.ways.to(grant_id)
        return self.dial(way) if way is not None else None


@dataclass(slots=True)
class Standing:
    """What a standing proof is worth: the grant it was found for, and a connection that may be on its way already."""

    grant_id: str
    link: Link | None = None
