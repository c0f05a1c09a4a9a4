"""Real OpenSSH servers for measuring and for tests of the packet path: a device, and the hop of `ssh -J`.

Own keys and configuration in a folder, loopback only, run as whoever we are; only processes started here are ended.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import asyncssh

CIPHER = "aes128-gcm@openssh.com"
KEX = "curve25519-sha256"
SSHD_CONFIG = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub {folder}/bastion_key.pub
PidFile {folder}/{name}.pid
StrictModes no
UsePAM no
AuthenticationMethods publickey
PermitRootLogin prohibit-password
PrintMotd no
UseDNS no
MaxStartups 2000
MaxSessions 2000
LogLevel ERROR
Subsystem sftp internal-sftp
SetEnv HOME={folder}/home
Ciphers aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr
{extra}
"""
CLIENT_CONFIG = """\
Host *
 HostName 127.0.0.1
 User {user}
 IdentityFile {folder}/user_key
 IdentitiesOnly yes
 IdentityAgent none
 BatchMode yes
 StrictHostKeyChecking no
 UserKnownHostsFile /dev/null
 GlobalKnownHostsFile /dev/null
 LogLevel ERROR
 KexAlgorithms {kex}
"""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def login() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def wait_for(port: int, seconds: float = 10) -> None:
    """Return when something listens on `port`. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


def make_key(path: Path) -> None:
    if not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519")
        path.touch(mode=0o600)
        key.write_private_key(str(path))
        key.write_public_key(f"{path}.pub")


@dataclass
class Lab:
    """A folder with keys, an OpenSSH client configuration, and the servers started from it."""

    folder: Path
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "home").mkdir(exist_ok=True)  # a shell there starts without anybody's own settings
        for name in ("host_key", "user_key", "bastion_key"):
            make_key(self.folder / name)
        config = CLIENT_CONFIG.format(user=login(), folder=self.folder, kex=KEX)
        self.config.write_text(config)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            end(process)

    @property
    def config(self) -> Path:
        return self.folder / "ssh_config"

    def start_sshd(self, name: str, extra: str = "") -> int:
        """Start a server and return its port once it listens."""
        binary = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if binary is None:
            raise FileNotFoundError("sshd is not installed")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # its privilege separation insists on it
        port = self.ports[name] = free_port()
        config = self.folder / f"{name}.conf"
        config.write_text(SSHD_CONFIG.format(port=port, folder=self.folder, name=name, extra=extra))
        self.start(name, [binary, "-D", "-e", "-f", str(config)])
        wait_for(port)
        return port

    def start(self, name: str, command: list[str], env: dict[str, str] | None = None) -> "subprocess.Popen[bytes]":
        """Start a process that ends with this lab; what it says goes to `<name>.log`."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, start_new_session=True
            )
        self.processes[name] = process
        return process

    def ssh(self, port: int, *command: str, options: tuple[str, ...] = ()) -> list[str]:
        """The arguments of an OpenSSH client for a server of ours; `options` as after `-o`."""
        flags = [part for option in options for part in ("-o", option)]
        return ["ssh", "-F", str(self.config), "-p", str(port), *flags, "127.0.0.1", *command]

    def add_jump(self, hop: int, device: int) -> None:
        """Make `viajump` in the client's configuration: the device through the hop, with `ProxyJump`."""
        jump = f"Host hop\n Port {hop}\n Ciphers {CIPHER}\n"
        jump += f"Host viajump\n Port {device}\n ProxyJump hop\n Ciphers {CIPHER}\n"
        self.config.write_text(jump + self.config.read_text())


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process of ours to stop, then make it."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # it leads its own session: nobody else is in that group
        process.wait(10)
