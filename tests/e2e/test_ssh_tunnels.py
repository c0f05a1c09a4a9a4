"""Tunnels: `ssh -L`, `-W`, `-D` and `-N` to services of the granted device, and nowhere else (T8, T9, T50)."""

import asyncio
import contextlib
import hashlib
import os
import struct
from collections.abc import AsyncIterator

import asyncssh
import pyotp
import pytest

from bastion.domain.device import Protocol
from recordings import replay
from tests.e2e.clients import free_port
from tests.e2e.world import OPERATOR


class Service:
    """A service of the device: says a banner first, then gives back all it gets, and counts."""

    def __init__(self) -> None:
        self.port = 0
        self.met = 0
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.met += 1
        self._writers.append(writer)
        with contextlib.suppress(ConnectionError):
            writer.write(b"RFB 003.008\n")
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.write_eof()
            await asyncio.sleep(0.1)
        writer.close()

    async def stop(self) -> None:
        for writer in self._writers:
            writer.close()
        if self._server is not None:
            self._server.close()
        await asyncio.sleep(0.05)


@pytest.fixture
async def service(hospital) -> AsyncIterator[Service]:
    made = Service()
    await made.start()
    await hospital.services.inventory.save_endpoint(
        OPERATOR, hospital.device.id, "127.0.0.1", made.port, protocol=Protocol.VNC
    )
    yield made
    await made.stop()


@pytest.fixture
async def signed_in(hospital, service, screens):
    await hospital.grant()
    screen = screens(hospital.screen())
    await screen.expect("# ")
    return hospital


@contextlib.asynccontextmanager
async def tunnelled(world, *options: str) -> AsyncIterator[None]:
    """`ssh -N` with these options, until the context ends."""
    arguments, variables = world.options()
    client = await asyncio.create_subprocess_exec(
        "ssh", "-N", "-o", "ExitOnForwardFailure=yes", *arguments, *options, "-p", str(world.listener.port),
        "alice+ct-01@127.0.0.1", env=variables, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield
    finally:
        client.terminate()
        await client.communicate()


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.02)


async def tracks(world) -> list[tuple[str, bytes, bytes]]:
    """What every tunnel of the sealed recordings is called, and what went in and out."""
    found = []
    for record in await world.records():
        if record.recording_digest:
            opened = replay.open_recording(world.archive.blobs, record.id, world.signer.public)
            for number, info in enumerate(opened.tracks):
                if info.head.kind == "tunnel":
                    frames = list(opened.frames(number))
                    way = {code: b"".join(f.data for f in frames if f.code == code) for code in "io"}
                    found.append((info.head.command, way["i"], way["o"]))
    return found


async def sealed_tracks(world) -> list[tuple[str, bytes, bytes]]:
    async with asyncio.timeout(10):
        while not (found := await tracks(world)):
            await asyncio.sleep(0.05)
    return found


async def test_T45_every_byte_of_a_tunnel_arrives_and_is_recorded_the_first_included(signed_in, service):
    world, local, data = signed_in, free_port(), os.urandom(4_000_000)
    async with tunnelled(world, "-L", f"{local}:ct-01:{service.port}"):
        reader, writer = await connected(local)
        assert await reader.readexactly(12) == b"RFB 003.008\n", "what the device says before anybody asks"

        async def send() -> None:
            writer.write(data)
            await writer.drain()
            writer.write_eof()

        sending = asyncio.create_task(send())
        back = await asyncio.wait_for(reader.read(-1), 20)
        await sending
        writer.close()
    assert hashlib.sha256(back).digest() == hashlib.sha256(data).digest()
    ((name, typed, shown),) = await sealed_tracks(world)
    assert name == f"vnc ct-01:{service.port}"
    assert typed == data
    assert await _ended(world)
    assert shown == b"RFB 003.008\n" + data


async def _ended(world) -> bool:
    """Whether the recording says that the tunnel was closed: without it a capture would have no FIN."""
    record = next(record for record in await world.records() if record.recording_digest)
    opened = replay.open_recording(world.archive.blobs, record.id, world.signer.public)
    return any(frame.code == "x" for frame in opened.frames(0))


async def test_standard_input_goes_through_W_and_a_dynamic_port_reaches_the_device(signed_in, service):
    world, local = signed_in, free_port()
    piped = await world.ssh(before=["-W", f"ct-01:{service.port}"], stdin=b"hello")
    assert piped.out == b"RFB 003.008\nhello", piped.says
    async with tunnelled(world, "-D", str(local)):
        reader, writer = await connected(local)
        name = b"ct-01"
        writer.write(
            b"\x05\x01\x00" + b"\x05\x01\x00\x03" + bytes([len(name)]) + name + struct.pack(">H", service.port)
        )
        assert (await reader.readexactly(2), (await reader.readexactly(10))[1]) == (b"\x05\x00", 0)
        assert await reader.readexactly(12) == b"RFB 003.008\n"
        writer.close()


async def test_what_is_encrypted_is_counted_and_not_kept(hospital, screens):
    world, local, service = hospital, free_port(), Service()
    await service.start()
    await world.services.inventory.save_endpoint(
        OPERATOR, world.device.id, "127.0.0.1", service.port, protocol=Protocol.HTTPS
    )
    await world.grant()
    await screens(world.screen()).expect("# ")
    async with tunnelled(world, "-L", f"{local}:CT-01:{service.port}"):
        reader, writer = await connected(local)
        writer.write(b"GET secret")
        assert await reader.readexactly(22) == b"RFB 003.008\nGET secret"
        writer.close()
    ((name, typed, shown),) = await sealed_tracks(world)
    assert (name, typed, shown) == (f"https ct-01:{service.port}", b"", b"")
    await service.stop()


@pytest.mark.parametrize(
    "target",
    ["localhost:{service}", "127.0.0.2:{service}", "169.254.169.254:80", "[::1]:{service}", "other:{service}",
     "ct-01:22", "ct-01:{ssh}", "127.0.0.1:{ssh}", "ct-01:{free}", "0.0.0.0:{service}"],
)  # fmt: skip
async def test_T50_nothing_but_the_registered_services_of_this_device_is_reached(signed_in, service, target):
    """Not by another name for this machine, nor where sessions log in: that would go round recording and vault."""
    world = signed_in
    endpoints = await _endpoints(world)
    ssh = next(e.port for e in endpoints if e.protocol is Protocol.SSH)
    named = target.format(service=service.port, ssh=ssh, free=free_port())
    done = await world.ssh(before=["-W", named], stdin=b"x")
    assert done.status != 0
    assert done.out == b""
    assert "is no service of ct-01" in done.says
    assert f"ct-01:{service.port}" in done.says
    assert service.met == 0


async def _endpoints(world):
    async with world.database.read() as uow:
        return await uow.endpoints.of(world.device.id)


async def test_T50_a_service_on_a_refused_address_is_not_dialled(hospital, screens):
    """Even when the inventory names it: the address is judged at each connection."""
    world = hospital
    await world.services.inventory.save_endpoint(
        OPERATOR, world.device.id, "169.254.169.254", 80, protocol=Protocol.TCP
    )
    await world.grant()
    await screens(world.screen()).expect("# ")
    done = await world.ssh(before=["-W", "ct-01:80"], stdin=b"x")
    assert done.status != 0
    assert "address" in done.says


async def test_a_service_that_does_not_answer_is_said_so(signed_in):
    world, port = signed_in, free_port()
    await world.services.inventory.save_endpoint(OPERATOR, world.device.id, "127.0.0.1", port, protocol=Protocol.TCP)
    done = await world.ssh(before=["-W", f"ct-01:{port}"], stdin=b"x")
    assert done.status != 0


async def test_T08_T09_nothing_passes_before_the_approval_and_everything_after_it_is_recorded(hospital, service):
    world = hospital
    request = await world.ask()
    async with asyncssh.connect(
        "127.0.0.1", world.listener.port, username="alice+ct-01", client_keys=[str(world.alice.key)], known_hosts=None,
        config=None, client_factory=_answering(world),
    ) as client:  # fmt: skip
        for _ in range(3):
            with pytest.raises(asyncssh.ChannelOpenError) as refused:
                await client.open_connection("ct-01", service.port)
            assert "still waits" in refused.value.reason
        assert service.met == 0
        await world.approve(request)
        reader, writer = await client.open_connection("ct-01", service.port)
        writer.write(b"after")
        assert await reader.readexactly(17) == b"RFB 003.008\nafter"
        writer.close()
    ((_, typed, shown),) = await sealed_tracks(world)
    assert (typed, shown) == (b"after", b"RFB 003.008\nafter")


def _answering(world):
    class Client(asyncssh.SSHClient):
        def kbdint_auth_requested(self) -> str:
            return ""

        def kbdint_challenge_received(self, _name, _instructions, _lang, prompts) -> list[str]:
            return [pyotp.TOTP(world.alice.totp).now() for _ in prompts]

    return Client


async def test_a_cut_ends_a_tunnel_at_once(signed_in, service):
    world, local = signed_in, free_port()
    async with tunnelled(world, "-L", f"{local}:ct-01:{service.port}"):
        reader, writer = await connected(local)
        await reader.readexactly(12)
        record = (await world.records())[0]
        await world.services.supervision.cut(world.staff(world.ruth), record.id, "enough")
        assert await asyncio.wait_for(reader.read(-1), 5) == b""
        writer.close()


async def test_a_frozen_tunnel_sends_nothing_to_the_device(signed_in, service):
    world, local = signed_in, free_port()
    async with tunnelled(world, "-L", f"{local}:ct-01:{service.port}"):
        reader, writer = await connected(local)
        await reader.readexactly(12)
        record = (await world.records())[0]
        await world.services.supervision.freeze(world.staff(world.ruth), record.id)
        live = next(live for live in world.supervisor.lives if live.id == record.id)
        async with asyncio.timeout(5):
            while live.state != "frozen":
                await asyncio.sleep(0.02)
        writer.write(b"held")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.4)
        await world.services.supervision.thaw(world.staff(world.ruth), record.id)
        assert await asyncio.wait_for(reader.readexactly(4), 5) == b"held"
        writer.close()


async def test_a_client_that_opens_tunnels_without_end_is_told_to_stop(signed_in, service):
    world = signed_in
    async with asyncssh.connect(
        "127.0.0.1", world.listener.port, username="alice+ct-01", client_keys=[str(world.alice.key)], known_hosts=None,
        config=None,
    ) as client:  # fmt: skip
        asked = [client.open_connection("ct-01", service.port) for _ in range(40)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, asyncssh.ChannelOpenError)]
        assert 10 < len(answers) - len(refused) < 40
        assert all("Too many" in answer.reason for answer in refused)
