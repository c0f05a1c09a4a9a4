"""What somebody may try with the release desk who has an account and a grant, or with a device that obeys him."""

import asyncio
import os
from contextlib import asynccontextmanager

import asyncssh
import pytest
from asyncssh.logging import logger
from asyncssh.sftp import SFTPClientHandler

from bastion.domain.held_file import FileState
from bastion.proxy.ssh import device_files
from bastion.proxy.ssh.desk_end import MOST_FOLDERS
from bastion.services.files import Files
from tests.e2e.clients import run
from tests.e2e.test_ssh_desk import UNSCANNED, at_device, desk, held, lines, release, sftp
from tests.services.test_files import Verdicts

__all__ = ["desk"]


async def until(met, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not met():
            await asyncio.sleep(0.02)


@pytest.fixture
async def master(desk, tmp_path):
    """Runs `sftp` again and again over one connection, as `ControlMaster` does."""
    arguments, variables = desk.options()
    way = tmp_path / "way"
    process = await asyncio.create_subprocess_exec(
        "ssh", *arguments, "-N", "-M", "-S", str(way), "-p", str(desk.listener.port), "alice+ct-01@127.0.0.1",
        env=variables,
    )  # fmt: skip
    await until(way.exists)

    async def again(batch: str):
        command = ["sftp", "-q", "-F", "none", "-o", f"ControlPath={way}", "-b", "-", "alice+ct-01@127.0.0.1"]
        return await run(command, variables, batch.encode(), 30)

    yield again
    process.terminate()
    await process.wait()


async def test_a_file_channel_that_is_over_holds_nothing_on_the_device(desk, master):
    """A device lets a connection have ten sessions."""
    opened, closed = [], []
    with pytest.MonkeyPatch.context() as patch:
        began, close = device_files.SftpFiles.__init__, device_files.SftpFiles.close
        patch.setattr(device_files.SftpFiles, "__init__", lambda s, c: (opened.append(c), began(s, c))[1])
        patch.setattr(device_files.SftpFiles, "close", lambda s: (closed.append(s._client), close(s))[1])
        for _ in range(3):
            assert (await master(f"ls {at_device(desk)}\n")).status == 0
        await until(lambda: set(opened) <= set(closed), 3)
    assert len(opened) == 3


async def test_T43_a_release_is_used_once_also_by_two_at_the_same_moment(desk, tmp_path, monkeypatch):
    """Two fetch what was released; the first has it whole, and noting that takes a while."""
    source = at_device(desk, "dump.bin")
    source.write_bytes(b"x" * 1000)
    desk.services.files._antivirus = Verdicts(UNSCANNED)
    assert (await sftp(desk, f"get {source} {tmp_path}/a")).status == 1
    (file,) = await held(desk)
    await release(desk, file)
    noting, delivered = asyncio.Event(), Files.delivered

    async def slow(self, record, file):
        noting.set()
        await asyncio.sleep(2)
        return await delivered(self, record, file)

    monkeypatch.setattr(Files, "delivered", slow)
    first = asyncio.create_task(sftp(desk, f"get {source} {tmp_path}/a"))
    await asyncio.wait_for(noting.wait(), 10)
    second = await sftp(desk, f"get {source} {tmp_path}/b")
    assert ((await first).status, (tmp_path / "a").exists()) == (0, True)
    assert (second.status, (tmp_path / "b").exists()) == (1, False)


async def test_T43_a_release_is_for_the_path_it_names_wherever_that_leads_later(desk, tmp_path):
    """A link put in its place meanwhile would bring the content over a file nobody asked about."""
    desk.services.files._antivirus = Verdicts(UNSCANNED)
    source, target, precious = tmp_path / "f", at_device(desk, "f.bin"), at_device(desk, "precious.cfg")
    source.write_bytes(b"evil")
    precious.write_bytes(b"as it should be")
    await sftp(desk, f"put {source} {target}")
    (file,) = await held(desk)
    assert (await sftp(desk, f"symlink {precious} {target}")).status == 0
    await release(desk, file)
    await desk.terminal.expect("the device does not take it")
    assert precious.read_bytes() == b"as it should be"
    assert (await held(desk))[0].stored_state is FileState.RELEASED
    told = [(one.op, one.outcome) for one in await lines(desk)]
    assert ("put", "failed: on the device this path leads to another file now") in told


async def live_record(world, number: int):
    """The session that began as the `number`th of those that live."""
    return sorted((r for r in await world.records() if r.live), key=lambda r: r.started_at)[number]


async def test_a_freeze_stops_a_file_on_its_way_to_the_device_and_what_waits_behind_it(desk, tmp_path, monkeypatch):
    monkeypatch.setattr(device_files, "PIECE", 64 * 1024)
    source, target, other = tmp_path / "big.bin", at_device(desk, "big.bin"), at_device(desk, "other")
    source.write_bytes(os.urandom(200 * 1024 * 1024))
    other.write_bytes(b"x")
    going = asyncio.create_task(sftp(desk, f"put {source} {target}\nrm {other}\n", timeout=100))
    await until(lambda: target.exists() and target.stat().st_size > 0, 60)
    eve, record = desk.staff(desk.eve), await live_record(desk, -1)
    await desk.services.supervision.freeze(eve, record.id)
    await asyncio.sleep(0.5)
    reached = target.stat().st_size
    await asyncio.sleep(0.7)
    assert target.stat().st_size == reached < source.stat().st_size
    assert other.exists()
    await desk.services.supervision.thaw(eve, record.id)
    assert (await going).status == 0
    assert target.stat().st_size == source.stat().st_size
    assert not other.exists()


async def test_a_cut_stops_a_released_file_on_its_way_to_the_device(desk, tmp_path, monkeypatch):
    monkeypatch.setattr(device_files, "PIECE", 64 * 1024)
    desk.services.files._antivirus = Verdicts(UNSCANNED)
    source, target = tmp_path / "big.bin", at_device(desk, "big.bin")
    source.write_bytes(os.urandom(200 * 1024 * 1024))
    await sftp(desk, f"put {source} {target}", timeout=60)
    (file,) = await held(desk)
    await release(desk, file)
    await until(lambda: target.exists() and target.stat().st_size > 0, 60)
    await desk.services.supervision.cut(desk.staff(desk.eve), (await live_record(desk, 0)).id, "enough now")
    await asyncio.sleep(0.5)
    reached = target.stat().st_size
    await asyncio.sleep(0.5)
    assert target.stat().st_size == reached < source.stat().st_size
    assert (await held(desk))[0].stored_state is FileState.RELEASED


async def test_an_approver_s_words_steer_no_terminal(desk, tmp_path):
    source = at_device(desk, "dump.bin")
    source.write_bytes(b"x")
    desk.services.files._antivirus = Verdicts(UNSCANNED)
    await sftp(desk, f"get {source} {tmp_path}/a")
    (file,) = await held(desk)
    words = "not\x1b]0;gone\x07 now\r\nDevice$ "
    await desk.services.releases.refuse(desk.staff(desk.eve), file.id, file.version, words)
    await desk.terminal.expect("refused dump.bin")
    await desk.terminal.expect("not ]0;gone  now  Device$")


async def test_folders_left_open_are_counted_and_names_without_end_are_not_kept(desk, monkeypatch):
    """A client opens folder after folder and reads a little of each; a device has more names than there is room."""
    for number in range(200):
        at_device(desk, f"n{number:0>100}").touch()
    monkeypatch.setattr(device_files.LISTINGS, "left", 100_000)
    async with client(desk) as talking:
        for _ in range(MOST_FOLDERS):
            await talking.opendir(str(at_device(desk)).encode())
        with pytest.raises(asyncssh.SFTPFailure, match="Too many files"):
            await talking.opendir(str(at_device(desk)).encode())
    async with client(desk) as talking:
        folder = await talking.opendir(str(at_device(desk)).encode())
        with pytest.raises(asyncssh.SFTPFailure, match="too many names"):
            await talking.readdir(folder)
        small = await talking.opendir(b"/proc/self/fdinfo")
        assert (await talking.readdir(small))[0]
    await until(lambda: device_files.LISTINGS.left == 100_000, 3)


@asynccontextmanager
async def client(world):
    """SFTP as it is on the wire."""
    arguments, variables = world.options()
    command = ["ssh", *arguments, "-p", str(world.listener.port), "-s", "alice+ct-01@127.0.0.1", "sftp"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, env=variables, stdin=pipe, stdout=pipe)
    reader, writer = process.stdout, process.stdin
    writer.channel, writer.get_extra_info, reader.logger = writer, lambda *_: "", logger
    reader.get_extra_info = lambda *_: ""
    handler = SFTPClientHandler(asyncio.get_running_loop(), "strict", reader, writer, 3)
    await handler.start()
    task = asyncio.create_task(handler.recv_packets())
    yield handler
    process.terminate()
    await process.wait()
    task.cancel()
