"""T49: the commands the terminal shows, pasted as they stand into a bash, with the real programs, do what they say."""

import asyncio
import contextlib
import shlex
import socket

import pytest

from bastion.domain.device import Protocol
from bastion.services.commands import Client, Shell, Use
from tests.e2e.clients import run
from tests.e2e.test_ssh_clients import program
from tests.e2e.world import OPERATOR
from tests.policy_sets import straight_through


@pytest.fixture
def policies(tmp_path):
    return straight_through(tmp_path / "policies")


@pytest.fixture
async def service(hospital):
    """A service of the device that greets whoever comes, on a port that has room above it."""

    async def greet(_reader, writer):
        writer.write(b"hello from the service\n")
        await writer.drain()
        writer.close()

    for port in range(20_000, 50_000, 97):
        with contextlib.suppress(OSError):
            server = await asyncio.start_server(greet, "127.0.0.1", port)
            break
    save = hospital.services.inventory.save_endpoint
    await save(OPERATOR, hospital.device.id, "127.0.0.1", port, protocol=Protocol.DICOM)
    yield port
    server.close()


@pytest.fixture
async def pasted(hospital, service, screens):
    """Paste a line into bash; every program is the real one, given the test's key and known hosts besides."""
    world = hospital
    await world.grant()
    world.terminal = screens(world.screen(cols=120))
    await world.terminal.expect("# ")
    arguments, variables = world.options()
    key = world.home / "alice.ppk"
    await run([program("puttygen"), str(world.alice.key), "-O", "private", "-o", str(key)], variables)
    (world.home / "pasted").mkdir()
    pinned = world.door.roads.address.fingerprints[0]
    putty = ["-batch", "-hostkey", pinned, "-i", str(key)]
    for name in ("ssh", "sftp", "scp", "plink", "psftp", "pscp"):
        more = putty if name.startswith("p") else arguments
        script = world.home / "pasted" / name
        script.write_text(f'#!/bin/bash\nexec {program(name)} {shlex.join(more)} "$@"\n')
        script.chmod(0o700)
    variables = variables | {"PATH": f"{world.home}/pasted:{variables['PATH']}"}

    async def paste(text: str, typed: str = "", *, timeout: float = 20):
        return await run(["bash", "--norc", "-c", text], variables, typed.encode(), timeout)

    return paste


async def commands(world):
    return await world.services.sessions.commands(world.alice.actor, "ct-01", world.door.roads.address)


def text_of(found, client, use):
    (command,) = [c for c in found if (c.client, c.use) == (client, use) and Shell.BASH in c.variants[0].shells]
    return command.text


async def test_the_two_lines_a_session_opens_with_are_the_commands(hospital, service, pasted):
    world, port = hospital, hospital.listener.port
    shown = world.terminal.seen.decode().splitlines()
    assert f"Files: sftp -P {port} alice+ct-01@127.0.0.1" in shown
    tunnel = f"ssh -N -p {port} -L {service + 10_000}:ct-01:{service} alice+ct-01@127.0.0.1"
    assert f"Services: ct-01:{service} (dicom): {tunnel}" in shown


@pytest.mark.parametrize(("client", "quiet"), [(Client.OPENSSH, "-q "), (Client.PUTTY, "")])
async def test_files_are_reached_sent_and_fetched(hospital, pasted, client, quiet):
    world, found = hospital, await commands(hospital)
    (world.home / "sent.bin").write_bytes(b"firmware")
    done = await pasted(text_of(found, client, Use.FILES), f"cd {world.home}/device\nmkdir made\nquit\n")
    assert (world.home / "device" / "made").is_dir(), done.says
    up = text_of(found, client, Use.UPLOAD).replace("FILE", f"{world.home}/sent.bin", 1) + f"{world.home}/device/there"
    done = await pasted(up)
    assert (world.home / "device" / "there").read_bytes() == b"firmware", done.says
    down = text_of(found, client, Use.DOWNLOAD).replace("FILE", f"{world.home}/device/there", 1)
    done = await pasted(f"cd {world.home}/pasted && {down}")
    assert (world.home / "pasted" / "there").read_bytes() == b"firmware", done.says


@pytest.mark.parametrize("client", [Client.OPENSSH, Client.PUTTY])
async def test_a_service_is_met_at_home(hospital, service, pasted, client):
    text = text_of(await commands(hospital), client, Use.SERVICE)
    held = asyncio.create_task(pasted(f"exec timeout 10 {text}"))
    try:
        async with asyncio.timeout(9):
            while not (said := await asyncio.to_thread(_greeted, service + 10_000)):
                await asyncio.sleep(0.1)
        assert said == b"hello from the service\n"
    finally:
        await held


def _greeted(port: int) -> bytes:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as end:
        return end.recv(100)
    return b""


async def test_the_menu_shows_every_command_and_the_fingerprint_before_and_after_the_agreement(hospital, screens):
    world, port = hospital, hospital.listener.port
    screen = screens(world.screen(name="alice"))
    await screen.expect("? commands")
    screen.send("?\r")
    before = await screen.expect("? commands")
    assert f"ssh -p {port} alice+ct-01@127.0.0.1" in before
    assert "sftp" not in before
    await world.grant()
    screen.send("?1\r")
    after = await screen.expect("? commands")
    for line in (
        f"sftp -P {port}",
        f"psftp -P {port}",
        f"sftp://alice%2Bct-01@127.0.0.1:{port}/",
        "/username=alice+ct-01",
    ):
        assert line in after
    told = await run(["ssh-keygen", "-lf", str(world.home / "host_key.pub")], {"PATH": "/usr/bin:/bin"})
    assert told.out.decode().split()[1] in after
