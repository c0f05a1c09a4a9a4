"""Floods, stalls, strangers in place of devices, full disks: bounded memory, a clear sentence, and no byte too many."""

import asyncio
import contextlib
import resource
import secrets
import signal
import socket
from dataclasses import replace
from pathlib import Path

import asyncssh
import pyotp
import pytest
from asyncssh.packet import String, UInt32

from bastion.errors import Unavailable
from bastion.proxy.ssh.server import LOGIN_TIME
from recordings.model import RecordingError
from tests.e2e.clients import free_port
from tests.e2e.raw import FAILURE, INFO_REQUEST, SUCCESS, RawClient
from tests.e2e.world import OPERATOR

MIB = 1 << 20


def resident() -> int:
    """Bytes of memory this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


# -- T14: callers that never say who they are --------------------------------------------------------------------------
async def test_T14_two_hundred_half_open_connections_do_not_keep_a_technician_out(hospital):
    await hospital.grant()
    port = hospital.listener.port
    callers = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]

    async def drip() -> None:
        while True:
            for _, writer in callers:
                writer.write(b"S")
            await asyncio.sleep(1)

    dripping = asyncio.create_task(drip())
    await asyncio.sleep(0.3)
    begun = asyncio.get_running_loop().time()
    done = await hospital.ssh("echo in")
    took = asyncio.get_running_loop().time() - begun
    dripping.cancel()
    for _, writer in callers:
        writer.close()
    assert done.out == b"in\n"
    assert took < 30, f"{took:.2f} s; below one second on a quiet machine, and for ever if they keep it out"
    assert len(hospital.door.half_open) <= 64


async def test_T14_three_hundred_half_open_connections_are_one_line_of_the_trail(hospital, monkeypatch):
    """However long the machine takes: nobody's time runs out, and the telling comes with the stop of the node."""
    monkeypatch.setattr("bastion.proxy.ssh.caller.HANDSHAKE", 600)
    monkeypatch.setattr("bastion.proxy.ssh.caller.TOLD_EVERY", 600)
    await hospital.grant()
    callers = [await asyncio.open_connection("127.0.0.1", hospital.listener.port) for _ in range(300)]
    assert (await hospital.ssh("echo in")).out == b"in\n"
    async with asyncio.timeout(20):
        for reader, _ in callers[: 300 - 64 + 1]:
            with contextlib.suppress(ConnectionError):
                await reader.read()
    assert await hospital.events("auth:unproved") == []
    await hospital.supervisor.stop()
    (event,) = await hospital.events("auth:unproved")
    assert (event.source, event.fields) == ("127.0.0.1", {"door": "ssh", "count": str(300 - 64 + 1)})
    for _, writer in callers:
        writer.close()


async def test_T14_a_caller_that_says_nothing_is_dropped(world, monkeypatch):
    monkeypatch.setattr("bastion.proxy.ssh.caller.HANDSHAKE", 0.3)
    monkeypatch.setattr("bastion.proxy.ssh.caller.TOLD_EVERY", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", world.listener.port)
    async with asyncio.timeout(30):
        await reader.read()
    writer.close()
    assert len(world.door.half_open) == 0
    await world.settled()
    (event,) = await world.events("auth:unproved")
    assert (event.source, event.fields) == ("127.0.0.1", {"door": "ssh", "count": "1"})


async def test_T14_a_caller_that_says_a_name_and_idles_until_its_time_is_over_stands_in_the_trail(world):
    """The clock is not waited for: what it calls when it runs out is called."""
    async with RawClient(world.listener.port, "alice+sim-01") as client:
        assert await client.next() == ("ready", b"")
        client.ask("none")
        assert (await client.answer())[0] == FAILURE
        (connection,) = world.door.connections
        assert connection._login_timer is not None
        assert connection._login_timer.when() - asyncio.get_running_loop().time() <= LOGIN_TIME
        connection._login_timer_callback()
        async with asyncio.timeout(10):
            await client.closed.wait()
    await world.settled()
    (event,) = await world.events("auth:failed")
    assert (event.source, event.subject_id, event.fields["stage"]) == ("127.0.0.1", "alice+sim-01", "key")
    assert event.fields["why"] == "no key was proved in time"


# -- T15: a device that shouts, a technician who does not listen -------------------------------------------------------
async def shouting(process):
    block = b"x" * 65536
    try:
        for _ in range(16 * 1024):  # 1 GiB
            process.stdout.write(block)
            await process.stdout.drain()
    except (BrokenPipeError, ConnectionError, asyncssh.Error):
        return
    process.exit(0)


async def test_T15_a_shouting_device_before_a_stalled_client_fills_neither_memory_nor_disk(world):
    await world.simulated_device(shouting)
    await world.grant()
    arguments, environment = world.options()
    process = await asyncio.create_subprocess_exec(
        "ssh", *arguments, "-p", str(world.listener.port), "alice+sim-01@127.0.0.1", "shout",
        env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, limit=1024,
        stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    await process.stdout.read(1)
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(1)
    before = resident()
    recorded = [live.recorder.bytes_written for live in world.supervisor.lives]
    await asyncio.sleep(2)
    assert resident() - before < 24 * MIB
    assert [live.recorder.bytes_written for live in world.supervisor.lives] == recorded, "it goes on recording"
    process.kill()
    await process.communicate()


async def signed_in(t, world):
    assert (await t.next())[0] == "ready"
    t.prove(asyncssh.read_private_key(world.alice.key))
    assert (await t.answer())[0] == FAILURE
    t.ask("keyboard-interactive", String(""), String(""))
    assert (await t.answer())[0] == INFO_REQUEST
    t.send(61, UInt32(1), String(pyotp.TOTP(world.alice.totp).now()))
    assert (await t.answer())[0] == SUCCESS


async def test_T15_a_client_that_takes_everything_and_never_reads_is_bounded_too(world):
    """Its SSH window is endless; what stops the flood is the transport."""
    await world.simulated_device(shouting)
    await world.grant()
    async with RawClient(world.listener.port, "alice+sim-01") as t:
        await signed_in(t, world)
        t.send(90, String("session"), UInt32(0), UInt32(2**32 - 1), UInt32(32768))
        assert (await t.answer())[0] == 91
        t.send(98, UInt32(0), String("exec"), b"\x00", String("shout"))
        while (await t.next())[0] != 94:
            pass
        t.conn._transport.pause_reading()
        t.got = asyncio.Queue()
        await asyncio.sleep(1)
        before = resident()
        await asyncio.sleep(2)
        assert resident() - before < 24 * MIB


async def test_T15_an_endless_banner_is_not_waited_for(world, monkeypatch):
    monkeypatch.setattr("bastion.proxy.ssh.connector.PATIENCE", 1.0)

    async def endless(reader, writer):
        while not writer.is_closing():
            writer.write(b"welcome to nothing\r\n")
            await asyncio.sleep(0.01)

    await world.simulated_device(shouting)
    real = (await world.services.inventory.device(OPERATOR, world.device.id)).endpoints[0]
    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    async with world.database.write() as uow:
        await uow.endpoints.save(replace(real, port=server.sockets[0].getsockname()[1]))
    await world.grant()
    done = await world.ssh("id")
    assert done.status == 75
    assert "The device sim-01 does not answer." in done.says
    server.close()


async def test_T15_answers_nobody_reads_do_not_pile_up(world, monkeypatch):
    """A client floods requests that want an answer, and reads none: it is cut off."""
    monkeypatch.setattr("bastion.proxy.ssh.front.MOST_UNREAD", 32 * 1024)
    async with RawClient(world.listener.port, "alice+sim-01") as t:
        (arrival,) = world.door.half_open._arrivals.values()
        server = arrival.drop.__self__._connection
        server._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        await signed_in(t, world)
        t.conn._transport.pause_reading()
        request = String("keepalive@openssh.com") + b"\x01"
        async with asyncio.timeout(20):
            while server._transport is not None:
                for _ in range(200):
                    t.send(80, request)
                await asyncio.sleep(0.01)
        t.conn._transport.resume_reading()
        async with asyncio.timeout(5):
            await t.closed.wait()
        assert t.got.qsize() < 20_000, "what he did not read was thrown away"
        assert not world.door.connections
        assert not await world.records()


# -- T19: somebody else answers in place of the device -----------------------------------------------------------------
async def test_T19_a_changed_host_key_is_refused_and_told(world):
    async def ran(process):
        process.exit(0)

    await world.simulated_device(ran)
    logins = []

    class Impostor(asyncssh.SSHServer):
        def begin_auth(self, username):
            logins.append(username)
            return True

    other = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=Impostor, server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        process_factory=ran,
    )  # fmt: skip
    endpoint = (await world.services.inventory.device(OPERATOR, world.device.id)).endpoints[0]
    async with world.database.write() as uow:
        await uow.endpoints.save(replace(endpoint, port=other.get_port()))
    await world.grant()
    done = await world.ssh("id")
    await world.settled()
    assert done.status == 254
    assert "The device sim-01 does not show its registered identity. The hospital has been told." in done.says
    assert logins == [], "the credential is not even offered"
    (event,) = await world.events("device:host_key_changed")
    assert event.severity.value == "alarm"
    assert event.fields["expected"] != event.fields["seen"]
    assert event.fields["seen"].startswith("SHA256:")
    assert [r.end_reason for r in await world.records()] == ["device_lost"]
    other.close()


async def test_a_device_that_is_switched_off_is_told_so(world):
    async def ran(process):
        process.exit(0)

    await world.simulated_device(ran)
    endpoint = (await world.services.inventory.device(OPERATOR, world.device.id)).endpoints[0]
    async with world.database.write() as uow:
        await uow.endpoints.save(replace(endpoint, port=free_port()))
    await world.grant()
    done = await world.ssh("id")
    await world.settled()
    assert done.status == 75
    assert "The device sim-01 does not answer. Ask the hospital to check" in done.says
    assert "device:unreachable" in await world.tags("device")


async def test_a_device_that_refuses_the_account_is_told_so(world):
    async def ran(process):
        process.exit(0)

    await world.simulated_device(ran, password="canary-s3cret")
    await world.grant()
    done = await world.ssh("id")
    await world.settled()
    assert done.status == 254
    assert "refused the account the hospital keeps for it" in done.says
    assert "canary" not in done.says + str([e.fields for e in await world.events()])
    assert [e.fields["account"] for e in await world.events("device:login_failed")] == ["svc"]
    assert [r.account_refused for r in await world.records()] == [True]
    assert [one.id for one in await world.services.inventory.refused(OPERATOR)] == [world.device.id]
    async with world.database.read() as uow:
        (record,) = await world.records()
        assert await uow.report_dues.get(record.request_id) is None, "nothing was reached, nothing is to be reported"


async def test_a_device_that_goes_away_ends_the_session_with_its_reason(world, screens):
    connections = []

    class Device(asyncssh.SSHServer):
        def connection_made(self, conn):
            connections.append(conn)

        def begin_auth(self, username):
            return False

    async def waits(process):
        process.stdout.write(b"device ready\r\n")
        await process.stdin.read()

    await world.simulated_device(waits, server=Device)
    await world.grant()
    screen = screens(world.screen())
    await screen.expect("device ready")
    connections[-1].abort()
    await screen.expect("The connection to the device is lost. The session is closed.", within=2)
    await screen.ended()


# -- T36, T37: what cannot be recorded does not happen -----------------------------------------------------------------
@pytest.fixture
def echoing(world):
    """A device that says back what it gets; `got` is all it ever received."""
    got = bytearray()

    async def echo(process):
        process.stdout.write(b"device ready\r\n")
        while data := await process.stdin.read(65536):
            got.extend(data)
            process.stdout.write(data)
        process.exit(0)

    world.echo, world.got = echo, got
    return world


async def test_T36_no_session_where_none_can_be_recorded(echoing):
    world = echoing
    await world.simulated_device(world.echo)
    await world.grant()
    (world.home / "spool").rename(world.home / "elsewhere")
    done = await world.ssh("cat", stdin=b"typed")
    await world.settled()
    assert done.status == 75
    assert "Sessions cannot be recorded at the moment, so none can be opened." in done.says
    assert bytes(world.got) == b""
    assert "recording:failed" in await world.tags("recording")
    assert [r.end_reason for r in await world.records()] == ["recording_failed"]


async def test_T37_a_disk_that_fills_up_ends_the_session_and_passes_nothing_unrecorded(echoing, screens):
    """The kernel's own no: a limit on the size of files stands for the full disk."""
    world = echoing
    await world.simulated_device(world.echo)
    await world.grant()
    screen = screens(world.screen("cat"))
    await screen.expect("device ready")
    (live,) = world.supervisor.lives
    so_far = secrets.token_hex(16_000)  # more than the manifest is long, which may be written while the limit stands
    screen.send(f"{so_far}\r")
    await screen.expect(so_far[-20:])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    tracks = list(live.recorder.directory.glob("track-*.spool"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(track.stat().st_size for track in tracks), limits[1]))
    try:
        screen.send("canary")
        await screen.expect("The session can no longer be recorded, so it is closed.", within=3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    await screen.ended()
    await world.settled()
    assert b"canary" not in bytes(world.got), "not recorded, so not forwarded"
    (record,) = await world.records()
    assert record.end_reason == "recording_failed"
    assert record.recording_digest, "what there was is sealed all the same"
    assert "recording:failed" in await world.tags("recording")


async def test_T36_a_recording_that_cannot_be_sealed_is_an_alarm(echoing):
    world = echoing

    def broken(_recording_id):
        raise RecordingError("the store is away")

    world.supervisor._keeping = replace(world.supervisor._keeping, seal=broken)
    await world.simulated_device(world.echo)
    await world.grant()
    await world.ssh("cat", stdin=b"typed")
    await world.settled()
    (event,) = await world.events("recording:failed")
    assert event.fields["detail"] == "not sealed: the store is away"
    assert event.severity.value == "alarm"
    assert [r.recording_digest for r in await world.records()] == [""]
    assert list((world.home / "spool").iterdir()), "the spool stays for a person to look at"


async def test_sessions_end_when_the_records_are_away_for_too_long(echoing, screens, monkeypatch):
    world = echoing
    world.supervisor._max_age = 1.0
    await world.simulated_device(world.echo)
    await world.grant()
    screen = screens(world.screen("cat"))
    await screen.expect("device ready")

    async def away(*_, **__):
        raise Unavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(world.services.sessions), "wishes", away)
        await screen.expect("The bastion cannot reach its own records any more", within=6)
    await screen.ended()
