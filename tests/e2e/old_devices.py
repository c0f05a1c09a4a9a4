"""Devices of 2008, all real: OpenSSH configured old, dropbear with a small RSA key; and what registers them."""

import asyncio
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import asyncssh
import pyotp

from bastion import clock
from bastion.demo import sshd
from bastion.domain.derogation import Derogation, DerogationKind
from bastion.domain.device import Device, Protocol, SecretKind
from bastion.secret import Secret
from bastion.services.derogations import DerogationForm
from bastion.services.inventory import DeviceForm
from recordings import replay
from tests.e2e.clients import free_port, run
from tests.e2e.world import OPERATOR, World
from tests.proxy.old_device import LOGIN, PASSWORD
from tests.proxy.peers import program

DAY = timedelta(days=1)
KEX, CIPHER, MAC, SIGNATURE = "diffie-hellman-group14-sha1", "aes128-cbc", "hmac-sha1", "ssh-rsa"
OLD = (SIGNATURE, KEX, CIPHER, MAC)
OLDEST = ("ssh-rsa", "rsa-1024", "diffie-hellman-group1-sha1", "3des-cbc", "hmac-sha1")


async def derogate(
    world: World, device: Device, *algorithms: str, kind: DerogationKind | None = None, days: float = 30.0
) -> Derogation:
    kind = kind or DerogationKind.SSH_LEGACY
    form = DerogationForm(kind, "Dr Vasseur", "no update from the maker", clock.now() + days * DAY, algorithms)
    return await world.services.derogations.make(OPERATOR, device.id, form)


async def register(world: World, code: str, login: str, kind: SecretKind, secret: Secret) -> Device:
    form = DeviceForm(code, f"Device {code}", "chu", ("acme",), 2, "Imaging", "B12")
    world.device = await world.services.inventory.save_device(OPERATOR, form)
    await world.services.inventory.save_account(OPERATOR, world.device.id, login, kind, secret)
    return world.device


async def answers_at(
    world: World, device: Device, port: int, protocol: Protocol = Protocol.SSH, options: Mapping[str, str] | None = None
) -> str:
    endpoint = await world.services.inventory.save_endpoint(
        OPERATOR, device.id, "127.0.0.1", port, "", protocol, options
    )
    return endpoint.id


async def pin(world: World, endpoint: str) -> list[str]:
    """Read the identity and pin it; return the kinds of keys."""
    offer = await world.services.inventory.scan_host_keys(OPERATOR, endpoint)
    await world.services.inventory.pin_host_keys(OPERATOR, endpoint, frozenset(offer.fingerprints))
    return [key.split()[0] for key in offer.keys]


# -- SSH ---------------------------------------------------------------------------------------------------------------
async def old_sshd(world: World, code: str = "old-01", algorithms: tuple[str, ...] = OLD, bits: int = 2048) -> Device:
    """An OpenSSH server that knows these algorithms only; its account logs in with an RSA key."""
    _, kex, cipher, mac = (name for name in algorithms if name != "rsa-1024")
    folder, port = world.home / code, free_port()
    folder.mkdir()
    key = asyncssh.generate_private_key("ssh-rsa", key_size=bits)
    (folder / "host_key").touch(0o600)
    key.write_private_key(folder / "host_key", "pkcs1-pem")
    account = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    account.write_public_key(folder / "authorized_keys")
    config = sshd.CONFIG + (
        f"HostKeyAlgorithms {SIGNATURE}\nKexAlgorithms {kex}\nCiphers {cipher}\nMACs {mac}\n"
        f"PubkeyAcceptedAlgorithms +{SIGNATURE}\nRequiredRSASize 1024\nSetEnv HOME={folder}\n"
    )
    (folder / "sshd_config").write_text(config.format(port=port, folder=folder, user=sshd.login()))
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with (folder / "log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(
            program("sshd"), "-D", "-e", "-f", str(folder / "sshd_config"), stderr=log, start_new_session=True
        )
    world._closing.append(server)
    assert await sshd._listens(server, port), (folder / "log").read_text()
    pem = Secret(account.export_private_key("openssh"))
    device = await register(world, code, sshd.login(), SecretKind.PRIVATE_KEY, pem)
    await answers_at(world, device, port)
    return device


async def small_dropbear(world: World, code: str = "old-02") -> Device:
    """Dropbear with an RSA key of 1024 bits. Its account lives in a list of users of its own."""
    folder, port = world.home / code, free_port()
    (folder / ".ssh").mkdir(0o700, parents=True)
    secret = Secret.of(sshd.device_key(folder))
    (folder / ".ssh" / "authorized_keys").write_bytes((folder / "authorized_keys").read_bytes())
    (folder / ".ssh" / "authorized_keys").chmod(0o600)
    uid, gid = os.geteuid(), os.getegid()
    (folder / "passwd").write_text(f"svc:x:{uid}:{gid}:service:{folder}:/bin/sh\n")
    (folder / "group").write_text(f"svc:x:{gid}:\n")
    key = folder / "dropbear_key"
    made = await run([program("dropbearkey"), "-t", "rsa", "-s", "1024", "-f", str(key)], {"PATH": "/usr/bin"})
    assert made.status == 0, made.says
    users = {
        "LD_PRELOAD": "libnss_wrapper.so", "NSS_WRAPPER_PASSWD": f"{folder}/passwd",
        "NSS_WRAPPER_GROUP": f"{folder}/group",
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(
            program("dropbear"), "-F", "-E", "-s", "-p", f"127.0.0.1:{port}", "-r", str(key),
            "-P", str(folder / "pid"), env={"PATH": "/usr/bin:/bin", **users}, stderr=log, start_new_session=True,
        )  # fmt: skip
    world._closing.append(server)
    assert await sshd._listens(server, port), (folder / "log").read_text()
    device = await register(world, code, "svc", SecretKind.PRIVATE_KEY, secret)
    await answers_at(world, device, port)
    return device


# -- lines -------------------------------------------------------------------------------------------------------------
async def in_clear(
    world: World, port: int, protocol: Protocol, options: Mapping[str, str] | None = None, code: str = "old-03"
) -> Device:
    """A device behind telnet or a port server, with the account of `tests/proxy/old_device.py`."""
    device = await register(world, code, LOGIN, SecretKind.PASSWORD, Secret.of(PASSWORD))
    await answers_at(world, device, port, protocol, options)
    return device


async def endpoint_of(world: World) -> str:
    return (await world.services.inventory.device(OPERATOR, world.device.id)).endpoints[0].id


async def opened(world: World, session: int = 0) -> replay.Replay:
    await world.settled()
    record = (await world.records())[session]
    return replay.open_recording(world.archive.blobs, record.id, world.signer.public)


def code_now(world: World) -> str:
    """A code for the time the clock shows, which a test may have moved."""
    return pyotp.TOTP(world.alice.totp).at(clock.now())


def marks(kept: replay.Replay) -> list[str]:
    return [frame.data.decode() for frame in kept.frames(0) if frame.code == "m"]
