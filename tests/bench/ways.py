"""The ways to the device that are compared: straight, through `ssh -J`, through the bastion, through bare asyncssh."""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from tests.bench.product import DEVICE, Product
from tests.bench.servers import CIPHER, KEX, Lab, free_port, login, wait_for
from tests.bench.service import Service

QUIET = 0.05  # share of a processor under which a process counts as idle
REST = 0.2  # processors under which the machine counts as at rest
PATIENCE = 60.0  # seconds to wait for that


@dataclass
class Way:
    """`host` in the client's configuration; where and as whom an asyncssh client goes; the process that is measured."""

    name: str
    host: str
    port: int
    user: str
    key: Path
    pid: int
    config: Path
    tunnel: "Way | None" = None
    service: str = "127.0.0.1"  # what the device's own services are called over this way
    options: dict[str, Any] = field(default_factory=dict)

    def ssh(self, *command: str, terminal: bool = False) -> list[str]:
        return ["ssh", "-F", str(self.config), *(["-tt"] if terminal else []), self.host, *command]

    def sftp(self) -> list[str]:
        """A client that takes its commands from standard input and stops at the first that fails."""
        return ["sftp", "-q", "-F", str(self.config), "-b", "-", self.host]

    def forward(self, local: int, port: int) -> list[str]:
        """A client that does nothing but hold a tunnel to a service of the device."""
        options = ["-N", "-o", "ExitOnForwardFailure=yes", "-L", f"127.0.0.1:{local}:{self.service}:{port}"]
        return ["ssh", "-F", str(self.config), *options, self.host]

    async def connect(self) -> list[asyncssh.SSHClientConnection]:
        """A connection to where the device is, behind it the one it runs through, if any."""
        outer = await self.tunnel.connect() if self.tunnel else []
        connection = await asyncssh.connect(
            "127.0.0.1", self.port, username=self.user, client_keys=[str(self.key)], known_hosts=None, config=None,
            agent_path=None, kex_algs=[KEX], encryption_algs=[CIPHER], tunnel=outer[0] if outer else (),
        )  # fmt: skip
        return [connection, *outer]

    def memory(self) -> int:
        """KiB of the measured process and, for an OpenSSH server, of the processes it has for its connections."""
        return sum(_proportional(pid) for pid in ([self.pid] if self.name == "bastion" else _tree(self.pid)))

    def settle(self) -> None:
        """Wait until the measured process has nothing left to do: the bastion seals when a session is over."""
        end, before = time.monotonic() + PATIENCE, _cpu(self.pid)
        while time.monotonic() < end:
            time.sleep(0.2)
            now = _cpu(self.pid)
            if now - before <= 0.2 * QUIET:
                return
            before = now


def product_and_rivals(lab: Lab, service: Service) -> tuple[Product, dict[str, Way]]:
    """Start everything; the device is the same OpenSSH server for all of them."""
    device, hop = lab.start_sshd("device"), lab.start_sshd("hop")
    product = Product(lab)
    product.start(device, service.port)
    lab.add_jump(hop, device)
    ours = Way("bastion", "bastion", product.port, product.login, product.key, product.pid, lab.config, service=DEVICE)
    return product, {**_plain(lab, device, hop), "bastion": ours}


def minimal_and_rivals(lab: Lab) -> dict[str, Way]:
    """Without the product: asyncssh's callbacks and the packet path in the least proxy there can be, recording."""
    device, hop = lab.start_sshd("device"), lab.start_sshd("hop")
    lab.add_jump(hop, device)
    ways = _plain(lab, device, hop)
    for name, flags in {"callbacks": [], "packets": ["--fast"]}.items():
        ways[name] = _minimal(lab, name, device, flags)
    return ways


def _minimal(lab: Lab, name: str, device: int, flags: list[str]) -> Way:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.minimal_proxy", "--port", str(port), "--device", str(device)]
    command += ["--folder", str(lab.folder), "--record", str(lab.folder / f"{name}.rec"), *flags]
    process = lab.start(name, command)
    wait_for(port)
    lab.config.write_text(f"Host {name}\n Port {port}\n Ciphers {CIPHER}\n" + lab.config.read_text())
    return Way(name, name, port, login(), lab.folder / "user_key", process.pid, lab.config)


def _plain(lab: Lab, device: int, hop: int) -> dict[str, Way]:
    lab.config.write_text(f"Host direct\n Port {device}\n Ciphers {CIPHER}\n" + lab.config.read_text())
    key, user = lab.folder / "user_key", login()
    pid = lab.processes["hop"].pid
    through = Way("hop", "hop", hop, user, key, pid, lab.config)
    return {
        "direct": Way("direct", "direct", device, user, key, pid, lab.config),
        "jump": Way("jump", "viajump", device, user, key, pid, lab.config, tunnel=through),
    }


# -- what the kernel says ---------------------------------------------------------------------------------------------
def machine_cpu() -> float:
    """Seconds all processors together have been busy."""
    ticks = [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def rest() -> None:
    """Wait until the machine has nothing left to do of what went before: hundreds of processes take a while to end."""
    end, before = time.monotonic() + PATIENCE, machine_cpu()
    while time.monotonic() < end:
        time.sleep(0.5)
        now = machine_cpu()
        if now - before <= 0.5 * REST:
            return
        before = now


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu(pid: int) -> float:
    """Seconds of processor a process has used."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _proportional(pid: int) -> int:
    """KiB of memory, shared pages counted by share; 0 for a process that has just ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _tree(root: int) -> Iterator[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
            except OSError:
                continue  # it has ended meanwhile
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children.get(pid, [])
