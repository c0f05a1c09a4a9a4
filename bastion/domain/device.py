"""The medical device, the doors it has, and the accounts used on it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Protocol(StrEnum):
    SSH = "ssh"


class ChannelKind(StrEnum):
    """What a technician may open in a session. Each is granted by name (R-20)."""

    SHELL = "shell"
    EXEC = "exec"
    SFTP = "sftp"
    FORWARD = "forward"


class SecretKind(StrEnum):
    PASSWORD = "password"  # noqa: S105 - the name of a kind, not a password
    PRIVATE_KEY = "private_key"


@dataclass(frozen=True, slots=True)
class Device:
    """`criticality` runs from 1 to 4; 4 is life support and radiotherapy (R-22)."""

    id: str
    code: str
    name: str
    facility_id: str
    supplier_ids: frozenset[str]
    criticality: int = 2
    ward: str = ""
    location: str = ""
    maker: str = ""
    model: str = ""
    serial: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A protocol and port on a device. `host_keys` are pinned public keys (R-9); without any it cannot be opened."""

    id: str
    device_id: str
    protocol: Protocol
    host: str
    port: int
    host_keys: tuple[str, ...] = ()
    pinned_at: datetime | None = None
    pinned_by: str = ""


@dataclass(frozen=True, slots=True)
class DeviceAccount:
    """A login on the device; its secret stays in the vault under `secret_id`."""

    id: str
    device_id: str
    login: str
    kind: SecretKind
    secret_id: str
