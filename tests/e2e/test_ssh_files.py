"""Files straight through: OpenSSH's sftp and scp, beside the gate, with every file hashed and noted."""

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from bastion.domain.access_request import InterventionKind
from bastion.domain.lock import LockScope
from recordings import replay
from recordings.files import FileLine
from recordings.model import TrackKind
from tests.e2e.clients import run
from tests.policy_sets import straight_through


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    return straight_through(tmp_path / "policies")


@pytest.fixture
async def signed_in(hospital, screens):
    """An open session, so that further connections need no code."""
    await hospital.grant()
    screen = screens(hospital.screen())
    await screen.expect("# ")
    return hospital


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def sftp(world, batch: str, *options: str, timeout: float = 30):
    arguments, variables = world.options()
    command = ["sftp", "-q", *arguments, *options, "-P", str(world.listener.port), "-b", "-", "alice+ct-01@127.0.0.1"]
    return await run(command, variables, batch.encode(), timeout)


async def lines(world, enough=bool) -> list[FileLine]:
    """The files track of the newest session that has ended, once it is sealed and holds `enough`."""
    async with asyncio.timeout(10):
        while not enough(found := await _newest_lines(world)):
            await asyncio.sleep(0.05)
    return found


async def _newest_lines(world) -> list[FileLine]:
    record = next((r for r in await world.records() if r.ended_at is not None and r.recording_digest), None)
    if record is None:
        return []
    opened = replay.open_recording(world.archive.blobs, record.id, world.signer.public)
    tracks = [n for n, info in enumerate(opened.tracks) if info.head.kind is TrackKind.FILES]
    return [FileLine.parse(frame.data) for n in tracks for frame in opened.frames(n) if frame.code == "f"]


async def test_a_file_goes_in_and_out_whole_hashed_and_noted(signed_in):
    world = signed_in
    there, back = world.home / "there.bin", world.home / "back.bin"
    sent = world.home / "sent.bin"
    sent.write_bytes(os.urandom(5_000_000))
    done = await sftp(world, f"put {sent} {there}\nget {there} {back}\n")
    assert done.status == 0, done.says
    assert sha256(sent) == sha256(there) == sha256(back)
    ended = [line for line in await lines(world) if line.op in {"put", "get"} and line.outcome == "done"]
    assert [(line.op, line.direction, line.path, line.size, line.sha256) for line in ended] == [
        ("put", "in", str(there), 5_000_000, sha256(sent)),
        ("get", "out", str(there), 5_000_000, sha256(sent)),
    ]
    passed = [event.fields for event in await world.events("file:passed") if event.fields["op"] in {"put", "get"}]
    assert [(fields["sha256"], fields["size"]) for fields in passed] == [(sha256(sent), "5000000")] * 2


async def test_a_tree_goes_by_scp_and_by_parallel_connections(signed_in):
    world = signed_in
    tree = world.home / "tree"
    for number in range(40):
        (tree / f"d{number % 4}").mkdir(parents=True, exist_ok=True)
        (tree / f"d{number % 4}" / f"f{number}").write_bytes(os.urandom(number * 1000))
    arguments, variables = world.options()
    remote = "alice+ct-01@127.0.0.1"
    copy = ["scp", "-q", "-s", "-r", *arguments, "-P", str(world.listener.port)]
    results = await asyncio.gather(
        *(run([*copy, str(tree), f"{remote}:{world.home}/copy{n}"], variables, timeout=60) for n in range(3))
    )
    assert [done.status for done in results] == [0, 0, 0], results
    for path in tree.rglob("*"):
        if path.is_file():
            digests = {sha256(world.home / f"copy{n}" / path.relative_to(tree)) for n in range(3)}
            assert digests == {sha256(path)}


async def test_a_transfer_is_resumed(signed_in):
    world = signed_in
    sent, there = world.home / "sent.bin", world.home / "there.bin"
    sent.write_bytes(os.urandom(3_000_000))
    there.write_bytes(sent.read_bytes()[:1_000_000])
    done = await sftp(world, f"reput {sent} {there}\n")
    assert done.status == 0, done.says
    assert sha256(there) == sha256(sent)


async def test_a_break_in_the_middle_leaves_a_line_that_says_so(signed_in):
    world = signed_in
    arguments, variables = world.options()
    client = await asyncio.create_subprocess_exec(
        "sftp", "-q", *arguments, "-P", str(world.listener.port), "-b", "-", "alice+ct-01@127.0.0.1",
        env=variables, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    there = world.home / "partial.bin"
    assert client.stdin is not None
    client.stdin.write(f"put {world.home}/big.bin {there}\n".encode())
    (world.home / "big.bin").write_bytes(bytes(400_000_000))
    await client.stdin.drain()
    async with asyncio.timeout(10):
        while not there.exists() or there.stat().st_size < 1_000_000:
            await asyncio.sleep(0.005)
    client.kill()
    await client.wait()
    found = await lines(world, lambda found: any(line.outcome == "broken off" for line in found))
    (broken,) = [line for line in found if line.outcome == "broken off"]
    assert broken.path == str(there)
    assert there.stat().st_size <= broken.size < 400_000_000
    assert broken.sha256 == hashlib.sha256(bytes(broken.size)).hexdigest()


async def test_a_session_cut_in_the_middle_of_a_transfer_ends_the_client(signed_in):
    world = signed_in
    (world.home / "big.bin").write_bytes(bytes(400_000_000))
    there = world.home / "partial.bin"
    transfer = asyncio.create_task(sftp(world, f"put {world.home}/big.bin {there}\n"))
    async with asyncio.timeout(10):
        while not there.exists() or there.stat().st_size < 1_000_000:
            await asyncio.sleep(0.005)
    await world.services.locks.impose(world.staff(world.ruth), LockScope.ALL, "", "fire")
    assert (await asyncio.wait_for(transfer, 10)).status != 0
    sizes = [there.stat().st_size]
    async with asyncio.timeout(10):  # the device writes what it had been sent, and no more
        while len(sizes) < 2 or sizes[-1] != sizes[-2]:
            await asyncio.sleep(0.5)
            sizes.append(there.stat().st_size)
    assert sizes[-1] < 400_000_000


async def test_R21_diagnosis_takes_files_and_brings_none(hospital, screens):
    world = hospital
    await world.grant(kind=InterventionKind.TELEDIAGNOSTIC)
    screen = screens(world.screen())
    await screen.expect("# ")
    (world.home / "log.txt").write_text("all well\n")
    (world.home / "firmware.bin").write_bytes(b"new")
    got = await sftp(world, f"get {world.home}/log.txt {world.home}/got.txt\n")
    assert got.status == 0, got.says
    for batch in (
        f"put {world.home}/firmware.bin {world.home}/installed.bin", f"rm {world.home}/log.txt",
        f"rename {world.home}/log.txt {world.home}/other.txt", f"mkdir {world.home}/made",
        f"ln -s {world.home}/log.txt {world.home}/link", f"chmod 777 {world.home}/log.txt",
    ):  # fmt: skip
        done = await sftp(world, f"{batch}\n")
        assert done.status != 0, batch
        assert "ermission denied" in done.says, done.says
    assert (world.home / "log.txt").exists()
    assert not any((world.home / name).exists() for name in ("installed.bin", "other.txt", "made", "link"))
    async with asyncio.timeout(5):
        while len(await world.events("file:refused")) < 6:
            await asyncio.sleep(0.05)


async def test_assistance_opens_no_file_channel(hospital, screens):
    world = hospital
    await world.grant(kind=InterventionKind.TELEASSISTANCE)
    screen = screens(world.screen())
    await screen.expect("# ")
    done = await sftp(world, "ls\n")
    assert done.status != 0
    async with asyncio.timeout(5):
        while "channel:refused" not in await world.tags("channel"):
            await asyncio.sleep(0.05)
