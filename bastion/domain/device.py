"""The medical device, the doors it has, and the accounts used on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256


class Protocol(StrEnum):
    """What answers at an endpoint. Sessions open on `SESSIONS`; the others are reached through a tunnel."""

    SSH = "ssh"
    TELNET = "telnet"
    SERIAL = "serial"  # RFC 2217
    TCP = "tcp"
    HTTPS = "https"
    RDP = "rdp"
    VNC = "vnc"
    DICOM = "dicom"


SESSIONS = frozenset({Protocol.SSH, Protocol.TELNET, Protocol.SERIAL})


class Recordability(StrEnum):
    """What a recording can show of a service; the approver reads it before he decides."""

    FULL = "full"  # every byte both ways
    METADATA_ONLY = "metadata_only"  # encrypted from end to end: when, which way and how much


def recordability(protocol: Protocol) -> Recordability:
    opaque = protocol in {Protocol.HTTPS, Protocol.RDP}
    return Recordability.METADATA_ONLY if opaque else Recordability.FULL


class ChannelKind(StrEnum):
    """What a technician may open in a session. Each is granted by name (R-20)."""

    SHELL = "shell"
    EXEC = "exec"
    SFTP = "sftp"
    FORWARD = "forward"


class FileRight(StrEnum):
    """What may be done to files over a file channel. Each is granted by name (R-20)."""

    UPLOAD = "upload"
    DOWNLOAD = "download"
    DELETE = "delete"
    RENAME = "rename"


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
    """A protocol and port on a device. `host_keys` are pinned public keys (R-9); SSH without any cannot be opened."""

    id: str
    device_id: str
    protocol: Protocol
    host: str
    port: int
    host_keys: tuple[str, ...] = ()
    pinned_at: datetime | None = None
    pinned_by: str = ""
    options: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What the protocol needs to know: the speed of a serial line, the prompts of a telnet login."""
    used_at: datetime | None = None
    """When a session first went through it, or could by a tunnel; then it is kept for good."""

    @property
    def version(self) -> int:
        return _as_read(self.protocol, self.host, self.port, *sorted(self.options.items()), *self.host_keys)


@dataclass(frozen=True, slots=True)
class DeviceAccount:
    """A login on the device; its secret stays in the vault under `secret_id`."""

    id: str
    device_id: str
    login: str
    kind: SecretKind
    secret_id: str
    refused_at: datetime | None = None
    """Since when the device refuses it; not any more once its secret is replaced or a session has succeeded."""
    sealed_at: datetime | None = None
    """When its secret was last set."""
    sealed_by: str = ""
    """By whom; empty for one set before this was noted."""

    @property
    def version(self) -> int:
        return _as_read(self.login, self.kind, self.secret_id)


def _as_read(*facts: object) -> int:
    """A positive number for what somebody has read, below 2**31; another one once any of it has changed."""
    return int.from_bytes(sha256(repr([str(fact) for fact in facts]).encode()).digest()[:4]) >> 1 | 1


class Lack(StrEnum):
    """What a device still needs before anybody can be let onto it."""

    SERVICE = "service"
    IDENTITY = "identity"
    DEROGATION = "derogation"
    ACCOUNT = "account"
    SUPPLIER = "supplier"
    APPROVER = "approver"
