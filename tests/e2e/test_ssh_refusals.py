"""What is not offered is refused, with one sentence, and nothing reaches the device, with or without a grant."""

import asyncio

import asyncssh
import pyotp
import pytest
from asyncssh.packet import Boolean, String, UInt32

from bastion.domain.lock import LockScope
from tests.e2e.clients import free_port, run

NOT_IN = "nothing of the technician's may reach the device"


class Counted(asyncssh.SSHServer):
    """A device that counts every connection that gets as far as saying a name."""

    logins = 0

    def begin_auth(self, username: str) -> bool:
        Counted.logins += 1
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return True


@pytest.fixture
async def device(world):
    """A device of our own that would do anything it is asked to, and counts who comes."""
    Counted.logins = 0
    ran = []

    async def anything(process):
        ran.append(process.command or process.subsystem or "shell")
        process.stdout.write(b"DEVICE\n")
        process.exit(0)

    await world.simulated_device(anything, server=Counted)
    Counted.logins = 0
    world.ran = ran
    return world


def ways(world):
    """Each way in: the command line of a real client."""
    arguments, environment = world.options()
    port, target = str(world.listener.port), f"alice+{world.device.code}@127.0.0.1"
    ssh = ["ssh", *arguments, "-o", "ExitOnForwardFailure=yes", "-p", port]
    copy = [*arguments, "-P", port]
    file = f"{world.home}/askpass"
    return environment, {
        "shell": [*ssh, "-T", target],
        "exec": [*ssh, target, "id"],
        "scp": ["scp", "-O", *copy, file, f"{target}:/tmp/x"],
        "sftp": ["sftp", *copy, target],
        "rsync": [*ssh, target, "rsync --server -e.LsfxCIvu . /tmp"],
        "local": [*ssh, "-L", f"{free_port()}:127.0.0.1:9", target, "id"],
        "tunnel": [*ssh, "-W", "127.0.0.1:9", target],
        "remote": [*ssh, "-R", "0:127.0.0.1:9", target, "id"],
        "socket": [*ssh, "-R", "/tmp/x.sock:127.0.0.1:9", target, "id"],
        "agent": [*ssh, "-A", target, "id"],
        "x11": [*ssh, "-Y", target, "id"],
        "env": [*ssh, "-o", "SetEnv=LD_PRELOAD=x", target, "id"],
        "subsystem": [*ssh, "-s", target, "netconf"],
    }


WAYS = [
    "shell", "exec", "scp", "sftp", "rsync", "local", "tunnel", "remote", "socket", "agent", "x11", "env", "subsystem",
]  # fmt: skip


async def no_mfa(world):
    await world.grant()
    world.options = lambda *_, real=world.options, **__: real(code="000000")


async def no_approval(_world):
    pass


async def pending(world):
    await world.ask()


async def expired(world):
    await world.grant(ends_in=-5)


async def revoked(world):
    grant = await world.grant()
    await world.services.approvals.revoke(world.staff(world.eve), grant.id, "not today")


async def locked(world):
    await world.grant()
    await world.services.locks.impose(world.staff(world.ruth), LockScope.ALL, "", "ransomware suspected")


STATES = [no_mfa, no_approval, pending, expired, revoked, locked]


@pytest.mark.parametrize("state", STATES, ids=lambda s: s.__name__)
async def test_T06_T08_no_byte_reaches_the_device_without_mfa_and_an_open_grant(device, state):
    await state(device)
    for way in WAYS:
        await device.forget_codes()
        environment, commands = ways(device)
        before = len(await device.events(""))
        done = await run(commands[way], environment)
        assert done.status != 0, (way, done)
        assert b"DEVICE" not in done.out, way
        while not {event.tag for event in (await device.events(""))[before:]} & {"session:refused", "auth:failed"}:
            await asyncio.sleep(0.05)  # until the test's own limit: the trail says of each way that it was refused
        async with device.database.write() as uow:
            await uow.failures.clear("alice", "127.0.0.1")
    assert Counted.logins == 0, NOT_IN
    assert device.ran == [], NOT_IN
    assert not await device.records()


REFUSED = {
    "subsystem": "subsystem netconf",
    "remote": "remote port forwarding",
    "socket": "remote socket forwarding",
}


@pytest.mark.parametrize("way", sorted(REFUSED))
async def test_T08_T17_other_ways_are_refused_under_an_open_grant_too(device, way):
    await device.grant()
    environment, commands = ways(device)
    done = await run(commands[way], environment)
    await device.settled()
    assert done.status != 0
    assert device.ran in ([], ["id"]), NOT_IN
    assert [e.fields["kind"] for e in await device.events("channel:refused")] == [REFUSED[way]]
    if way == "subsystem":
        assert f"This kind of access ({REFUSED[way]}) is not allowed here." in done.says


@pytest.mark.parametrize(("way", "kind"), [("agent", "agent forwarding"), ("x11", "X11")])
async def test_T06_agent_and_x11_are_refused_and_the_command_runs_without_them(device, way, kind, monkeypatch):
    await device.grant()
    environment, commands = ways(device)
    environment |= {"DISPLAY": "127.0.0.1:7", "XAUTHORITY": "/dev/null"}
    agent = await start_agent(device, environment)
    try:
        done = await run(commands[way], environment)
    finally:
        agent.close()
    await device.settled()
    assert (done.status, done.out) == (0, b"DEVICE\n")
    if way == "agent":
        assert f"This kind of access ({kind}) is not allowed here." in done.says
        assert [e.fields["kind"] for e in await device.events("channel:refused")] == [kind]


async def start_agent(world, environment):
    """Something that answers at SSH_AUTH_SOCK, so that the client asks to forward it."""
    path = str(world.home / "agent.sock")
    environment["SSH_AUTH_SOCK"] = path
    return await asyncio.start_unix_server(lambda _, w: w.close(), path)


async def test_T09_a_forward_asked_for_while_waiting_stays_closed_after_the_approval(device):
    """`ssh -N -W` before the approval: refused then, and not opened by the approval either."""
    request = await device.ask()
    environment, commands = ways(device)
    done = await run(commands["tunnel"], environment)
    assert done.status != 0
    await device.approve(request)
    await asyncio.sleep(0.2)
    assert Counted.logins == 0, NOT_IN


async def test_T17_unknown_kinds_of_channels_and_requests_are_refused(device):
    await device.grant()
    async with await connect(device) as conn:
        with pytest.raises(asyncssh.ChannelOpenError):
            await conn.open_unix_connection("/run/docker.sock")
        with pytest.raises(asyncssh.ChannelOpenError):
            await conn.open_tun()
        chan = asyncssh.connection.SSHTCPChannel(conn, conn._loop, None, "strict", 1 << 20, 1 << 15)
        with pytest.raises(asyncssh.ChannelOpenError) as refused:
            await chan._open(b"vm-console@example.org")
        assert "vm-console@example.org" in refused.value.reason
        chan = asyncssh.connection.SSHTCPChannel(conn, conn._loop, None, "strict", 1 << 20, 1 << 15)
        with pytest.raises(asyncssh.ChannelOpenError, match=r"\({0}@example.org\) is not allowed"):
            await chan._open(b"{0}@example.org")
        kind, _ = await conn._make_global_request(b"reboot@example.org", String("now"), Boolean(True), UInt32(1))
        assert kind == 82, "MSG_REQUEST_FAILURE"
    await device.settled()
    assert [e.fields["kind"] for e in await device.events("channel:refused")] == [
        "socket forwarding", "network tunnel", "vm-console@example.org", "{0}@example.org",
        "reboot@example.org",
    ]  # fmt: skip


async def test_a_flood_of_refusals_ends_the_connection(device):
    await device.grant()
    async with await connect(device) as conn:
        for _ in range(60):
            try:
                await conn.open_connection("127.0.0.1", 9)
            except asyncssh.ChannelOpenError:
                continue
        async with asyncio.timeout(5):
            await conn.wait_closed()
    await device.settled()
    assert len(await device.events("channel:refused")) <= 50


async def connect(world):
    class Client(asyncssh.SSHClient):
        def kbdint_auth_requested(self):
            return ""

        def kbdint_challenge_received(self, name, instructions, lang, prompts):
            return [pyotp.TOTP(world.alice.totp).now()] if prompts else []

    return await asyncssh.connect(
        "127.0.0.1", world.listener.port, username=f"alice+{world.device.code}", known_hosts=None, config=None,
        client_keys=[str(world.alice.key)], agent_path=None, client_factory=Client,
    )  # fmt: skip
