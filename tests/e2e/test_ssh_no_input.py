"""No file to the device means no file by any way, with an unmodified OpenSSH client: by an approver's condition, or
because the rules grant no right to send files (R-20, R-21, R-25).
"""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from bastion.domain.access_request import InterventionKind
from bastion.domain.conditions import Condition, Terms
from bastion.domain.device import Protocol
from bastion.i18n import translator
from bastion.proxy.live_session import REFUSED
from bastion.proxy.no_input import NO_INPUT
from recordings import replay
from tests.e2e.clients import free_port, run
from tests.e2e.test_ssh_lines import telnet_device
from tests.e2e.test_ssh_tunnels import connected, tunnelled
from tests.e2e.world import OPERATOR
from tests.policy_sets import straight_through

CONDITION = Terms(frozenset({Condition.NO_UPLOAD}))
NAMED = b"MALWARE-"
PAYLOAD = NAMED * 512
SERVER = "/usr/lib/openssh/sftp-server"


async def agree(world, without: str) -> None:
    """Give an authorisation that brings no file to the device, for the reason named."""
    if without == "condition":
        await world.grant(terms=CONDITION)
    else:
        await world.grant(kind=InterventionKind(without))


@pytest.fixture(params=["condition", "telediagnostic", "teleassistance"])
async def bare(hospital, request):
    await agree(hospital, request.param)
    return hospital


@pytest.fixture
async def conditional(hospital):
    await agree(hospital, "condition")
    return hospital


def arrived(world) -> list[str]:
    """The files of the device that hold what was sent."""
    return [file.name for file in (world.home / "device").rglob("*") if file.is_file() and NAMED in file.read_bytes()]


async def refusals(world) -> list[tuple[str, str, str]]:
    await world.settled()
    return [(e.fields["kind"], e.fields["why"], e.fields["detail"]) for e in await world.events("channel:refused")]


async def marks(world) -> list[str]:
    await world.settled()
    record = (await world.records())[0]
    opened = replay.open_recording(world.archive.blobs, record.id, world.signer.public)
    return [frame.data.decode() for frame in opened.frames(0) if frame.code == "m"]


async def test_bytes_for_a_command_do_not_reach_it_and_all_are_told(bare):
    """By so many bytes that the short way carries most of them."""
    target = bare.home / "device" / "evil.bin"
    done = await bare.ssh(f"cat > {target}; echo over", stdin=PAYLOAD * 1024, timeout=30)
    assert (done.status, done.out) == (REFUSED, b"over\n")
    assert done.err.decode().count(NO_INPUT) == 1, done.says
    assert target.read_bytes() == b""
    assert await bare.recorded("i") == b""
    assert NO_INPUT in await marks(bare)
    assert await refusals(bare) == [("exec", "input_not_granted", f"cat > {target}; echo over")]


async def test_it_is_said_in_the_technician_s_language(hospital):
    bruno = await hospital.person("bruno", "fr")
    await hospital.grant(who=bruno, terms=CONDITION)
    done = await hospital.ssh("cat", name="bruno+ct-01", who=bruno, stdin=b"a")
    assert translator("fr")(NO_INPUT) in done.err.decode()
    assert NO_INPUT not in done.err.decode()


@dataclass
class Door:
    program: str
    words: tuple[str, ...]
    stdin: bytes = PAYLOAD


def doors(world) -> dict[str, Door]:
    """Every way a technician may try to put bytes on the device without a terminal; `{to}` is where."""
    to, file, there = f"{world.home}/device/evil.bin", f"{world.home}/payload", "alice+ct-01@127.0.0.1"
    old_scp = b"C0600 %d evil.bin\n" % len(PAYLOAD) + PAYLOAD + b"\0"
    return {
        "a command": Door("ssh", (there, f"cat > {to}")),
        "dd": Door("ssh", (there, f"dd of={to}")),
        "a script for a shell": Door("ssh", (there, "sh"), f"printf '{NAMED.decode()}%.0s' 1 2 > {to}\n".encode()),
        "a login shell": Door("ssh", ("-T", there), f"printf '{NAMED.decode()}%.0s' 1 2 > {to}\n".encode()),
        "scp by hand": Door("ssh", (there, f"scp -t {to}"), old_scp),
        "another scp by hand": Door("ssh", (there, f"/usr/bin/scp -t {to}"), old_scp),
        "scp -O": Door("scp", ("-O", file, f"{there}:{to}"), b""),
        "scp -s": Door("scp", ("-s", file, f"{there}:{to}"), b""),
        "sftp": Door("sftp", ("-b", "-", there), f"put {file} {to}\n".encode()),
        "an sftp server by hand": Door("sftp", ("-s", SERVER, "-b", "-", there), f"put {file} {to}\n".encode()),
        "another subsystem": Door("ssh", ("-s", there, "sftp-server")),
        "rsync": Door("rsync", (file, f"{there}:{to}"), b""),
    }


DOORS = [
    "a command", "dd", "a script for a shell", "a login shell", "scp by hand", "another scp by hand", "scp -O",
    "scp -s", "sftp", "an sftp server by hand", "another subsystem", "rsync",
]  # fmt: skip


async def tried(world, screens, door: str):
    """Go by that door while a session is open, so that whoever cannot be asked for a code gets in with his key."""
    screen = screens(world.screen())
    await screen.expect("# ")
    (world.home / "payload").write_bytes(PAYLOAD)
    arguments, environment = world.options()
    one, options = doors(world)[door], [*arguments, "-q", f"-oPort={world.listener.port}"]
    if one.program == "rsync":
        options = ["-e", " ".join(["ssh", *options])]
    return await run([one.program, *options, *one.words], environment, one.stdin, 30)


@pytest.mark.parametrize("door", DOORS)
async def test_no_way_without_a_terminal_brings_a_byte(conditional, screens, door):
    done = await tried(conditional, screens, door)
    assert set(doors(conditional)) == set(DOORS)
    assert done.status != 0, done.says
    assert arrived(conditional) == []


class TestWithTheRight:
    """The same ways bring it where files may be sent, so that each is known to be one."""

    @pytest.fixture
    def policies(self, tmp_path: Path) -> Path:
        return straight_through(tmp_path / "policies")

    @pytest.mark.parametrize("door", [door for door in DOORS if door != "another subsystem"])
    async def test_every_way_is_one(self, hospital, screens, door):
        await hospital.grant()
        await tried(hospital, screens, door)
        assert arrived(hospital) == ["evil.bin"]


async def test_a_command_that_reads_nothing_is_not_disturbed(bare):
    """Also when what the client has as its input says nothing and never ends."""
    shown = os.urandom(4 << 20)
    (bare.home / "device" / "log").write_bytes(shown)
    command = f"cat {bare.home}/device/log; exit 7"
    for before in ([], ["-n"]):
        done = await bare.ssh(command, before=before, timeout=30)
        assert (done.status, done.out) == (7, shown)
    arguments, environment = bare.options()
    words = ["ssh", *arguments, "-p", str(bare.listener.port), "alice+ct-01@127.0.0.1", command]
    reads, writes = os.pipe()
    try:
        idle = await asyncio.create_subprocess_exec(
            *words, env=environment, stdin=reads, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await asyncio.wait_for(idle.communicate(), 30)
    finally:
        os.close(reads)
        os.close(writes)
    assert (idle.returncode, out) == (7, shown)
    assert NO_INPUT.encode() not in err
    assert await refusals(bare) == []


async def test_a_command_that_waits_for_the_end_of_input_is_told_it(conditional):
    done = await conditional.ssh("cat; echo at the end")
    assert (done.status, done.out) == (0, b"at the end\n")
    assert NO_INPUT not in done.says


async def test_bytes_that_come_late_are_refused_as_well_and_a_failure_stays_what_it_is(conditional):
    world = conditional
    arguments, environment = world.options()
    target = world.home / "device" / "evil.bin"
    words = ["ssh", *arguments, "-p", str(world.listener.port), "alice+ct-01@127.0.0.1", f"cat > {target}; exit 3"]
    pipe = asyncio.subprocess.PIPE
    late = await asyncio.create_subprocess_exec(*words, env=environment, stdin=pipe, stdout=pipe, stderr=pipe)
    async with asyncio.timeout(20):
        while not target.exists():
            await asyncio.sleep(0.05)
        _, err = await late.communicate(PAYLOAD)
    assert late.returncode == 3
    assert NO_INPUT in err.decode()
    assert arrived(world) == []


@pytest.fixture
async def service(hospital):
    """A service of the device; `met` holds what reached it."""
    met = []

    async def serve(reader, writer) -> None:
        met.append(b"somebody")
        met.append(await reader.read(64))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    server.port, server.met = server.sockets[0].getsockname()[1], met
    await hospital.services.inventory.save_endpoint(
        OPERATOR, hospital.device.id, "127.0.0.1", server.port, protocol=Protocol.VNC
    )
    yield server
    server.close()


async def test_R25_the_condition_closes_tunnels(conditional, service):
    world, local = conditional, free_port()
    piped = await world.ssh(before=["-W", f"ct-01:{service.port}"], stdin=PAYLOAD)
    assert piped.status != 0
    assert "administratively prohibited" in piped.says
    await world.forget_codes()
    async with tunnelled(world, "-L", f"{local}:ct-01:{service.port}"):
        reader, writer = await connected(local)
        assert await reader.read() == b""
        writer.close()
    assert service.met == []
    assert {one[:2] for one in await refusals(world)} == {("forward", "kind_not_granted")}


async def test_a_terminal_stays_and_what_is_typed_is_recorded(conditional, screens):
    world = conditional
    screen = screens(world.screen())
    await screen.expect("On condition that no file is sent to the device")
    await screen.expect("# ")
    screen.send("echo ty''ped; exit\r")
    await screen.expect("typed")
    assert await screen.ended() == 0
    assert b"echo ty''ped" in await world.recorded("i")


async def test_a_line_gets_no_input_without_a_terminal_either(world):
    async with telnet_device(world, "banner"):
        await agree(world, "telediagnostic")
        done = await world.ssh(before=["-T"], stdin=b"size\r")
    assert NO_INPUT in done.says
    assert await world.recorded("i") == b""
