"""Files and bad manners: names nobody should use, devices that lie, flood or fall silent, clients that hoard or stall.

Whoever misbehaves, the client reads one clear sentence, the audit trail has it, and the shell beside it goes on.
"""

import asyncio
import itertools
import os
import signal
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from bastion.proxy.files import wire
from tests.e2e.clients import run
from tests.e2e.file_clients import LONG, Lftp, Scp, Sftp
from tests.e2e.file_devices import dropbear
from tests.e2e.lying_device import SIZE, LyingDevice, attributes, file
from tests.e2e.memory import growth_below
from tests.e2e.test_file_clients import sha256, until
from tests.e2e.test_ssh_refusals import connect
from tests.policy_sets import straight_through
from tests.proxy.files import table as say

pytestmark = pytest.mark.slow
MIB = 1 << 20


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    return straight_through(tmp_path / "policies")


@pytest.fixture
def shell_on(world, screens):
    """Opens a shell on whatever device there is; further channels may share its connection."""

    async def opened():
        await world.grant()
        screen = screens(world.screen(before=["-M", "-S", f"{world.home}/shared"]))
        await screen.expect("# ", timeout=LONG)
        return screen

    return opened


def shared(world, kind):
    client = kind(world)
    client.share(world.home / "shared")
    return client


async def started(client, command: list[str], batch: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *command, env=client.environment, stdin=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert process.stdin is not None
    process.stdin.write(batch.encode())
    process.stdin.write_eof()
    return process


async def event(world, tag: str, **wanted: str) -> dict:
    """Wait for the event with such fields."""
    async with asyncio.timeout(LONG):
        while True:
            for found in await world.events(tag):
                if wanted.items() <= found.fields.items():
                    return found.fields
            await asyncio.sleep(0.05)


async def session_goes_on(world, shell, said: str = "still here") -> None:
    shell.send("echo still here\n")
    await shell.expect(said, timeout=LONG)
    assert [record.ended_at for record in await world.records()] == [None]


@asynccontextmanager
async def python(world):
    """Shell and SFTP of one connection, in asyncssh's hands."""
    connection = await connect(world)
    try:
        async with connection.start_sftp_client(path_encoding=None) as sftp:
            yield sftp
    finally:
        connection.abort()
        await connection.wait_closed()


# -- names -------------------------------------------------------------------------------------------------------------
async def test_names_with_newlines_and_bytes_of_no_language_pass_and_stand_readable_in_the_trail(world, shell_on):
    await dropbear(world)
    await shell_on()
    folder = os.fsencode(world.home)
    async with python(world) as sftp:
        for name, shown in ((b"two\nlines", "two\\nlines"), (b"caf\xe9", "caf\\xe9"), (b"x" * 255, "x" * 255)):
            async with sftp.open(folder + b"/" + name, "wb") as out:
                await out.write(name)
            assert Path(os.fsdecode(folder + b"/" + name)).read_bytes() == name
            facts = await event(world, "file:passed", op="put", path=f"{world.home}/{shown}")
            assert facts["outcome"] == "done"


async def test_names_that_no_device_should_see_are_refused_with_a_sentence(world, shell_on):
    await dropbear(world)
    await shell_on()
    async with python(world) as sftp:
        for path, sentence, why in (
            (b"a\0b", "holds a zero byte", "path_with_zero_byte"), (b"d/" * 2500, "longer than 4096", "path_too_long"),
        ):  # fmt: skip
            for what in (sftp.stat, sftp.remove, sftp.mkdir):
                with pytest.raises(asyncssh.SFTPBadMessage, match=sentence):
                    await what(path)
            with pytest.raises(asyncssh.SFTPBadMessage, match=sentence):
                await sftp.open(path, "wb")
            assert (await event(world, "file:refused", why=why, op="put"))["path"]
        with pytest.raises(asyncssh.SFTPError, match=r"^(?!.*4096)"):  # 4,000 bytes pass; the device does not like them
            await sftp.stat(b"y" * 4000)
        assert await sftp.getcwd() is not None


async def test_T42_a_path_is_the_devices_whatever_it_says_and_never_a_file_of_ours(world, shell_on):
    """The device has one file under every name; what lies at that path here is never touched."""
    await LyingDevice().commission(world)
    shell = await shell_on()
    client, back = shared(world, Sftp), world.home / "back"
    for path in ("/../../../../etc/passwd", str(world.home / "signing.key"), str(world.home / "../../../etc/shadow")):
        await client.get(Path(path), back)
        assert back.read_bytes() == file()
    before = (world.home / "signing.key").read_bytes()
    await client.put(client.config, world.home / "signing.key")
    assert (world.home / "signing.key").read_bytes() == before
    await session_goes_on(world, shell)


# -- content -----------------------------------------------------------------------------------------------------------
async def test_a_file_that_grows_while_it_is_read_is_noted_as_it_was_received(world, shell_on):
    await dropbear(world)
    await shell_on()
    client, log, back = shared(world, Sftp), world.home / "log", world.home / "back"
    log.write_bytes(os.urandom(24 * MIB))

    async def grow() -> None:
        with log.open("ab") as end:
            while True:
                end.write(os.urandom(65536))
                end.flush()
                await asyncio.sleep(0.002)

    growing = asyncio.create_task(grow())
    await client.get(log, back)
    growing.cancel()
    assert sha256(back) == sha256(log, 0, back.stat().st_size)
    facts = await event(world, "file:passed", op="get", outcome="done")
    assert (facts["sha256"], int(facts["size"])) == (sha256(back), back.stat().st_size)


@pytest.mark.parametrize("claimed", [10, 2**40])
async def test_a_device_that_is_wrong_about_a_size_is_noted_by_what_passed(world, shell_on, claimed):
    def wrong(number, _):
        return say.packet(wire.ATTRS, say.number(number), attributes(claimed))

    await LyingDevice({wire.STAT: wrong, wire.LSTAT: wrong, wire.FSTAT: wrong}).commission(world)
    shell = await shell_on()
    client, back = shared(world, Sftp), world.home / "back"
    command, batch = client.command("get", Path("/f"), back)
    await run(command, client.environment, batch.encode(), LONG)  # what OpenSSH thinks of it is its own affair
    facts = await event(world, "file:passed", op="get", path="/f")
    assert int(facts["size"]) == SIZE
    assert facts["sha256"] == say.sha(file())
    await session_goes_on(world, shell)


# -- devices that lie --------------------------------------------------------------------------------------------------
def too_much(number, _):
    return say.data(number, bytes(65536))


def unasked(number, _):
    return say.status(number + 1000, wire.OK) + say.handle(number, b"h")


LIES = {
    "sends more than was asked for": {wire.READ: too_much},
    "answers what nobody asked": {wire.OPEN: unasked},
    "impossible length": {wire.OPEN: lambda *_: b"\xff" * 100},
    "version 6": {wire.INIT: lambda *_: say.version(speaks=6)},
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_device_that_lies_loses_its_file_channel_and_nothing_else(world, shell_on, lie):
    await LyingDevice(LIES[lie]).commission(world)
    shell = await shell_on()
    client, back = shared(world, Sftp), world.home / "back"
    command, batch = client.command("get", Path("/f"), back)
    done = await run(command, client.environment, batch.encode(), LONG)
    assert done.status != 0
    assert lie in done.says
    closed = await event(world, "channel:closed", kind="sftp")
    assert lie in closed["outcome"]
    if lie != "version 6":
        assert (await event(world, "file:passed", op="get"))["outcome"] == "broken off"
    assert not back.exists() or back.stat().st_size == 0
    await session_goes_on(world, shell)


HARMFUL = [b"../planted", b"/tmp/planted", b"a/../../planted", b"..\\planted", b"a\0b"]


@pytest.mark.parametrize("kind", [Sftp, Scp, Lftp])
async def test_T44_names_that_lead_out_of_a_folder_reach_no_client(world, shell_on, kind):
    device = LyingDevice(names=(b"good",))
    await device.commission(world)
    shell = await shell_on()
    client, down = kind(world), world.home / "place" / "down"
    if kind is not Lftp:
        client.share(world.home / "shared")
    down.parent.mkdir()
    await client.get_tree(Path("/folder"), down)
    assert (down / "good").read_bytes() == file()
    seen = set(world.home.rglob("*"))
    for name in HARMFUL:
        device.names = (b"good", name)
        command, batch = client.command("get_tree", Path("/folder"), down)
        done = await run(command, client.environment, batch.encode(), LONG)
        assert done.status != 0
        assert kind is Lftp or "could write outside your folder" in done.says, done.says
    planted = {path for path in set(world.home.rglob("*")) - seen if path.is_file() and "planted" in path.name}
    assert not planted
    assert not Path("/tmp/planted").exists()
    assert (await event(world, "file:refused", why="harmful_names"))["path"].rstrip("/") == "/folder"
    if kind is not Lftp:
        await session_goes_on(world, shell)


async def test_a_device_that_never_answers_keeps_nobody_from_leaving(world, shell_on):
    device = LyingDevice({wire.OPEN: lambda *_: b""})
    await device.commission(world)
    shell = await shell_on()
    client = shared(world, Sftp)
    command, batch = client.command("get", Path("/f"), world.home / "back")
    process = await started(client, command, batch)
    await until(lambda: wire.OPEN in device.asked)
    await session_goes_on(world, shell)
    os.killpg(process.pid, signal.SIGTERM)
    async with asyncio.timeout(LONG):
        await process.wait()
    await session_goes_on(world, shell)  # and it wakes OpenSSH, which else tells us of the closed channel much later
    assert (await event(world, "file:passed", op="get", path="/f"))["outcome"] == "broken off"


async def test_what_a_device_says_beside_the_file_protocol_is_recorded(world):
    device = LyingDevice()
    device.remark = b"PATIENT 4711 " * 1000
    await device.commission(world)
    await world.grant()
    async with python(world) as sftp, sftp.open(b"/f", "rb") as opened:
        assert await opened.read() == file()
    assert await world.recorded("e") == device.remark


async def test_T15_a_device_that_floods_after_its_greeting_costs_a_channel_and_no_memory(world, shell_on):
    """A gibibyte of content nobody asked for, as fast as it can."""
    block = say.data(999, bytes(32768)) * 4
    await LyingDevice({wire.OPEN: lambda *_: itertools.repeat(block, 8192)}).commission(world)
    shell = await shell_on()
    client = shared(world, Sftp)
    async with growth_below(32 * MIB):
        command, batch = client.command("get", Path("/f"), world.home / "back")
        done = await run(command, client.environment, batch.encode(), LONG)
    assert done.status != 0
    assert "answers what nobody asked" in done.says
    await session_goes_on(world, shell)


# -- clients that hoard or stall ---------------------------------------------------------------------------------------
async def test_a_client_that_opens_a_thousand_files_is_told_when_it_is_enough(world, shell_on):
    await dropbear(world)
    shell = await shell_on()
    (world.home / "small").write_bytes(b"content")
    async with growth_below(32 * MIB), python(world) as sftp:
        path = os.fsencode(world.home / "small")
        opened = await asyncio.gather(*(sftp.open(path, "rb") for _ in range(1000)), return_exceptions=True)
        refused = [one for one in opened if isinstance(one, asyncssh.SFTPFailure)]
        files = [one for one in opened if isinstance(one, asyncssh.SFTPClientFile)]
        assert (len(files), len(refused)) == (512, 488)
        assert "Too many files are open at once" in str(refused[0])
        assert await files[-1].read() == b"content"
        await asyncio.gather(*(one.close() for one in files))
        async with sftp.open(path, "rb") as again:
            assert await again.read() == b"content"
    assert (await event(world, "file:refused", why="too_many_files"))["op"] == "get"
    shell.send("echo still $((40 + 2))\n")
    await shell.expect("still 42", timeout=LONG)


async def test_a_client_that_stalls_in_a_download_costs_no_memory_and_gets_the_rest_when_it_wakes(world, shell_on):
    await dropbear(world)
    await shell_on()
    client, long, back = Sftp(world), world.home / "long.bin", world.home / "back"
    with long.open("wb") as out:
        out.write(os.urandom(16 * MIB))
        out.truncate(256 * MIB)
    command, batch = client.command("get", long, back)
    process = await started(client, command, batch)
    async with growth_below(32 * MIB):
        await until(lambda: back.exists() and back.stat().st_size > MIB)
        os.killpg(process.pid, signal.SIGSTOP)
        await asyncio.sleep(1.5)
        assert back.stat().st_size < 256 * MIB, "it was through before it stalled"
        os.killpg(process.pid, signal.SIGCONT)
        async with asyncio.timeout(LONG):
            await process.wait()
    assert sha256(back) == sha256(long)
    assert (await event(world, "file:passed", op="get"))["sha256"] == sha256(long)


async def test_a_client_that_asks_for_everything_and_reads_nothing_costs_no_memory(world, shell_on):
    """Twenty thousand reads in flight, and an ear that is shut."""
    await dropbear(world)
    await shell_on()
    long = world.home / "long.bin"
    with long.open("wb") as out:
        out.truncate(4 << 30)
    connection = await connect(world)

    class Deaf(asyncssh.SSHClientSession):
        def __init__(self) -> None:
            self.said = bytearray()

        def data_received(self, data, _datatype) -> None:
            self.said += data

    channel, session = await connection.create_session(Deaf, subsystem="sftp", encoding=None)
    channel.write(say.init() + say.open_(1, os.fsencode(long), 1))
    await until(lambda: len(say.packets(bytes(session.said))) == 2)
    handle = wire.Fields(say.packets(bytes(session.said))[1][9:]).string()
    channel.pause_reading()
    async with growth_below(48 * MIB):
        for number in range(20_000):
            channel.write(say.read(2 + number, handle, number * 200_000, 200_000))
        await asyncio.sleep(2)
    connection.abort()
    assert (await event(world, "file:passed", op="get"))["outcome"] == "broken off"
