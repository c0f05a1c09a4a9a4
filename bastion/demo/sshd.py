"""A real OpenSSH server as a device: its own configuration and host key, loopback only, run as whoever we are.

Nothing of the machine's own `sshd` is read or changed. The device account is the present user, with a key made for
the demo; what a technician does in this session is done by that user, so the screen says so.
"""

import asyncio
import getpass
import os
import pwd
import shutil
from pathlib import Path

from bastion.parts import make_key

PLACES = "/usr/sbin:/usr/local/sbin:/sbin:/usr/libexec"
CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
AuthenticationMethods publickey
PasswordAuthentication no
PermitRootLogin prohibit-password
AllowUsers {user}
AcceptEnv LANG LC_*
PrintMotd no
UseDNS no
MaxStartups 200
MaxSessions 100
LogLevel ERROR
Subsystem sftp internal-sftp
"""


def find() -> str | None:
    """Return the absolute path of an `sshd` we can run as a device, or `None`."""
    shell = pwd.getpwuid(os.geteuid()).pw_shell or "/bin/sh"
    if Path(shell).name in {"nologin", "false"}:
        return None
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:{PLACES}")


def login() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name or getpass.getuser()


def device_key(folder: Path) -> str:
    """Return the private key (OpenSSH PEM) that opens this device; made at the first call."""
    make_key(folder / "host_key")
    private = folder / "device_key"
    make_key(private)
    (folder / "authorized_keys").write_bytes((folder / "device_key.pub").read_bytes())
    return private.read_text()


async def start(binary: str, folder: Path, port: int) -> asyncio.subprocess.Process:
    """Start it and wait until it listens. Raises `OSError` with its own words if it does not."""
    config, log = _configure(folder, port)
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            binary, "-D", "-e", "-f", str(config),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=errors,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop it in order
        )  # fmt: skip
    if not await _listens(process, port):
        await stop(process)
        raise OSError(log.read_text(errors="replace").strip() or "sshd does not listen")
    return process


def _configure(folder: Path, port: int) -> tuple[Path, Path]:
    """Write its configuration; return the paths of that and of its log."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # its privilege separation insists on this folder
    folder = folder.absolute()
    config = folder / "sshd_config"
    config.write_text(CONFIG.format(port=port, folder=folder, user=login()))
    return config, folder / "sshd.log"


async def stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()


async def _listens(process: asyncio.subprocess.Process, port: int) -> bool:
    for _ in range(100):
        if process.returncode is not None:
            return False
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return True
    return False
