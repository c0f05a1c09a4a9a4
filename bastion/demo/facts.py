"""What the demo knows about itself, kept in `demo.json` (0600) so that scripts can drive it and a restart finds it."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

FILE = "demo.json"


@dataclass(slots=True)
class Account:
    """`api_token` is staff's, `private_key_path` a technician's; what does not apply is `None`."""

    login: str
    role: str
    totp_secret: str
    password: str | None = None
    private_key_path: str | None = None
    api_token: str | None = None


@dataclass(slots=True)
class DemoDevice:
    """`endpoint` is `host:port`."""

    code: str
    endpoint: str


@dataclass(slots=True)
class Facts:
    ssh_port: int = 0
    web_url: str = ""
    accounts: list[Account] = field(default_factory=list)
    devices: list[DemoDevice] = field(default_factory=list)
    supplier_url: str = ""

    @classmethod
    def read(cls, home: Path) -> Self | None:
        """Return what an earlier start has left in `home`, or `None`."""
        path = home / FILE
        if not path.exists():
            return None
        kept: dict[str, Any] = json.loads(path.read_text())
        return cls(
            kept["ssh_port"], kept["web_url"], [Account(**a) for a in kept["accounts"]],
            [DemoDevice(**d) for d in kept["devices"]], kept.get("supplier_url", ""),
        )  # fmt: skip

    def write(self, home: Path) -> None:
        """Write it whole or not at all, readable by its owner alone."""
        beside = home / f"{FILE}.new"
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(asdict(self), indent=2) + "\n")
        os.replace(beside, home / FILE)  # noqa: PTH105 - Path.replace does the same; this one says it is atomic

    def account(self, login: str) -> Account | None:
        return next((a for a in self.accounts if a.login == login), None)

    def port_of(self, code: str) -> int:
        """The port a device had last time; 0 if there was none."""
        return next((int(d.endpoint.rpartition(":")[2]) for d in self.devices if d.code == code), 0)
