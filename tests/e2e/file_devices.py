"""Devices that keep files: OpenSSH's server, and dropbear beside OpenSSH's sftp-server as small machines have it."""

import asyncio
import os

from bastion.demo import sshd
from bastion.domain.device import Device, SecretKind
from bastion.secret import Secret
from tests.e2e.clients import free_port, run
from tests.e2e.file_clients import program
from tests.e2e.world import World

NSS_WRAPPER = "libnss_wrapper.so"


async def openssh(world: World) -> Device:
    return await world.real_device()


async def dropbear(world: World) -> Device:
    """Its account lives in a list of users of its own: dropbear reads authorized_keys in the home of that list only."""
    folder, port = world.home / "device", free_port()
    secret = Secret.of(sshd.device_key(folder))
    (folder / ".ssh").mkdir(0o700)
    (folder / ".ssh" / "authorized_keys").write_bytes((folder / "authorized_keys").read_bytes())
    (folder / ".ssh" / "authorized_keys").chmod(0o600)
    uid, gid = os.geteuid(), os.getegid()
    (folder / "passwd").write_text(f"svc:x:{uid}:{gid}:service:{folder}:/bin/sh\n")
    (folder / "group").write_text(f"svc:x:{gid}:\n")
    key = folder / "dropbear_key"
    made = await run([program("dropbearkey"), "-t", "ed25519", "-f", str(key)], {"PATH": "/usr/bin"})
    assert made.status == 0, made.says
    wrapped = {f"NSS_WRAPPER_{what.upper()}": f"{folder}/{what}" for what in ("passwd", "group")}
    environment = {"PATH": "/usr/bin:/bin", "LD_PRELOAD": NSS_WRAPPER, **wrapped}
    with (folder / "dropbear.log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(
            program("dropbear"), "-F", "-E", "-s", "-p", f"127.0.0.1:{port}", "-r", str(key),
            "-P", str(folder / "dropbear.pid"), env=environment, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    world._closing.append(server)
    assert await sshd._listens(server, port), (folder / "dropbear.log").read_text()
    return await world.commission("ct-01", port, "svc", SecretKind.PRIVATE_KEY, secret)


DEVICES = {"openssh": openssh, "dropbear": dropbear}
