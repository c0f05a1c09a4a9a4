"""exec through the bastion with an unmodified OpenSSH client and a real sshd as the device."""

import asyncio
import hashlib
import os

import pytest

from bastion.domain.access_request import InterventionKind
from bastion.proxy.live_session import REFUSED
from bastion.proxy.no_input import NO_INPUT


async def test_output_error_and_status_come_apart(hospital):
    await hospital.grant()
    done = await hospital.ssh("echo out; echo err >&2; exit 7")
    assert (done.status, done.out) == (7, b"out\n")
    assert b"err\n" in done.err


async def test_input_reaches_the_device_and_end_of_file_too(hospital):
    await hospital.grant()
    done = await hospital.ssh("tr a-z A-Z", stdin=b"quiet please")
    assert (done.status, done.out) == (0, b"QUIET PLEASE")


async def test_an_exit_signal_is_passed_on(hospital):
    await hospital.grant()
    done = await hospital.ssh("kill -TERM $$")
    assert done.status == 255, "OpenSSH reports a command that died by a signal as 255"
    await hospital.settled()
    assert "signal" in str([e.fields for e in await hospital.events("channel:closed")])


async def test_megabytes_go_up_and_come_down_unharmed_and_are_recorded(hospital):
    """More than a window of them, so that the packet path carries most."""
    await hospital.grant()
    sent = os.urandom(8 << 20)
    done = await hospital.ssh("cat", stdin=sent, timeout=60)
    assert hashlib.sha256(done.out).digest() == hashlib.sha256(sent).digest()
    assert await hospital.recorded("i") == sent
    assert await hospital.recorded("o") == sent


async def test_everything_is_in_the_recording_and_the_audit_chain(hospital):
    grant = await hospital.grant()
    await hospital.ssh("cat; echo err >&2; exit 3", stdin=b"typed")
    assert [await hospital.recorded(d) for d in "ioe"] == [b"typed", b"typed", b"err\n"]
    record = (await hospital.records())[0]
    assert (record.grant_id, record.end_reason, record.account_login) == (grant.id, "technician_left", "root")
    assert record.recording_digest
    told = [t for t in await hospital.tags() if t.split(":")[0] in {"session", "channel", "recording", "vault"}]
    assert told == [
        "vault:released", "session:opened", "channel:opened", "channel:closed", "session:ending",
        "recording:sealed", "session:closed",
    ]  # fmt: skip


@pytest.fixture
async def master(world):
    """Starts an OpenSSH master connection; returns the options that share it."""
    tasks = []
    control = world.home / "control"

    async def start() -> list[str]:
        tasks.append(asyncio.create_task(world.ssh(before=["-M", "-S", str(control), "-N"], timeout=60)))
        async with asyncio.timeout(10):
            while not control.exists():
                await asyncio.sleep(0.05)
        return ["-S", str(control), "-o", "ControlMaster=no"]

    async def stop() -> None:
        await world.ssh(before=["-S", str(control), "-O", "exit"])
        await asyncio.gather(*tasks)
        tasks.clear()

    start.stop = stop
    yield start
    if tasks:
        await stop()


async def test_several_channels_share_one_session_and_one_device_connection(hospital, master):
    await hospital.grant()
    shared = await master()
    ones = await asyncio.gather(*(hospital.ssh(f"echo {n}; exit {n}", before=shared) for n in range(5)))
    assert [(one.status, one.out) for one in ones] == [(n, f"{n}\n".encode()) for n in range(5)]
    assert len(hospital.supervisor.lives) == 1
    await master.stop()
    await hospital.settled()
    assert len(await hospital.records()) == 1
    assert (await hospital.tags("session:opened")) == ["session:opened"]
    assert (await hospital.tags("channel:opened")) == ["channel:opened"] * 5


async def test_a_shared_connection_that_sends_where_nothing_may_be_sent_is_told_the_status(hospital, master):
    """It closes a channel as soon as both sides have said end-of-file."""
    await hospital.grant(kind=InterventionKind.TELEDIAGNOSTIC)
    shared = await master()
    sent = await hospital.ssh("cat", before=shared, stdin=os.urandom(1 << 20))
    assert (sent.status, sent.out) == (REFUSED, b"")
    assert NO_INPUT in sent.says
    assert (await hospital.ssh("cat; echo over", before=shared)).out == b"over\n"


async def test_a_command_that_is_not_utf8_is_passed_on_as_it_is(hospital):
    await hospital.grant()
    done = await hospital.ssh(os.fsdecode(b"printf '%s' '\xe9t\xe9' | od -An -tx1"))
    assert done.out.split() == [b"e9", b"74", b"e9"]


async def test_the_environment_of_the_technician_does_not_reach_the_device(hospital):
    await hospital.grant()
    done = await hospital.ssh("env", before=["-o", "SetEnv=LC_CANARY=canary LD_PRELOAD=x.so"])
    assert b"canary" not in done.out
    await hospital.settled()
    assert [e.fields["detail"] for e in await hospital.events("channel:refused")] == ["LD_PRELOAD"]


async def test_a_status_that_comes_long_after_the_end_of_output_is_still_told(world, master):
    """A shared OpenSSH connection closes a channel as soon as both have said end-of-file; then comes the status."""

    async def slow_to_end(process):
        process.stdout.write(b"done\n")
        process.stdout.write_eof()
        await process.stdin.read()
        await asyncio.sleep(0.5)
        process.exit(5)

    await world.simulated_device(slow_to_end)
    await world.grant()
    done = await world.ssh("work", before=await master())
    assert (done.status, done.out) == (5, b"done\n")


async def test_a_device_that_never_says_how_it_ended_is_not_waited_for(world, master, monkeypatch):
    monkeypatch.setattr("bastion.proxy.ssh.front.EXIT_PATIENCE", 0.5)

    async def never_ends(process):
        process.stdout.write_eof()
        await asyncio.sleep(30)

    await world.simulated_device(never_ends)
    await world.grant()
    done = await world.ssh("work", before=await master(), timeout=25)
    assert done.status == 255
