"""Files through the release desk, with OpenSSH's own sftp and scp and a real sshd behind the bastion."""

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from bastion.domain.held_file import FileState, Scan
from bastion.services.antivirus import Scanned
from recordings import replay
from recordings.files import FileLine
from recordings.model import RecordingError, TrackKind
from recordings.recorder import Track
from tests.e2e.clients import run
from tests.e2e.file_clients import Rclone
from tests.services.test_files import Verdicts

HL7 = b"MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.5\rPID|1||123^^^H||DUPONT^JEANNE||19700101|F\r"
UNSCANNED = Scanned(Scan.UNSCANNED, "not_configured")


@pytest.fixture
async def desk(hospital, screens):
    """An open session whose files go through the desk by rule; the scanner finds nothing until told otherwise."""
    hospital.services.files._antivirus = Verdicts()
    await hospital.grant()
    screen = screens(hospital.screen())
    await screen.expect("# ")
    hospital.terminal = screen
    return hospital


def at_device(world, name: str = "") -> Path:
    return world.home / "device" / name


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def sftp(world, batch: str, *options: str, timeout: float = 30):
    arguments, variables = world.options()
    command = ["sftp", "-q", *arguments, *options, "-P", str(world.listener.port), "-b", "-", "alice+ct-01@127.0.0.1"]
    return await run(command, variables, batch.encode(), timeout)


async def scp(world, *words: str, timeout: float = 30):
    arguments, variables = world.options()
    command = ["scp", "-q", *arguments, "-P", str(world.listener.port), *words]
    return await run(command, variables, b"", timeout)


async def held(world):
    async with world.database.read() as uow:
        from bastion import clock

        return list(reversed(await uow.held_files.search(now=clock.now(), limit=500)))


async def release(world, file, note="looked at it"):
    return await world.services.releases.release(world.staff(world.eve), file.id, file.version, note)


async def leave(world):
    world.terminal.send("exit\r")
    await world.terminal.ended()
    await world.settled()


async def lines(world) -> list[FileLine]:
    """Every line of the sealed recordings, oldest session first."""
    await leave(world)
    found = []
    for record in reversed(await world.records()):
        opened = replay.open_recording(world.archive.blobs, record.id, world.signer.public)
        for number, info in enumerate(opened.tracks):
            if info.head.kind is TrackKind.FILES:
                found += [FileLine.parse(frame.data) for frame in opened.frames(number) if frame.code == "f"]
    return found


@pytest.mark.parametrize("old", [[], ["-O"]], ids=["sftp", "scp -O"])
async def test_a_clean_file_goes_in_and_out_by_rule_whole(desk, tmp_path, old):
    source = tmp_path / "firmware é.bin"
    source.write_bytes(os.urandom(3_000_000))
    folder = at_device(desk)
    done = await scp(desk, *old, str(source), f"alice+ct-01@127.0.0.1:{folder}/a.bin")
    assert (done.status, done.err) == (0, b"")
    assert sha256(folder / "a.bin") == sha256(source)
    back = tmp_path / "back"
    done = await scp(desk, *old, f"alice+ct-01@127.0.0.1:{folder}/a.bin", str(back))
    assert (done.status, done.err) == (0, b"")
    assert sha256(back) == sha256(source)
    up, down = await held(desk)
    assert (up.stored_state, down.stored_state) == (FileState.DELIVERED, FileState.DELIVERED)
    assert up.sha256 == down.sha256 == sha256(source)
    assert list(desk.services.files._quarantine.ids()) == []
    told = [(one.op, one.path, one.outcome, one.size) for one in await lines(desk)]
    assert told == [
        ("put", str(folder / "a.bin"), "begun", 0), ("put", str(folder / "a.bin"), "done", 3_000_000),
        ("get", str(folder / "a.bin"), "begun", 0), ("get", str(folder / "a.bin"), "done", 3_000_000),
    ]  # fmt: skip
    events = [e for e in await desk.events("file:") if e.tag == "file:passed"]
    assert [(e.fields["op"], e.fields["outcome"], e.fields["sha256"]) for e in events] == [
        ("put", "done", up.sha256), ("get", "done", up.sha256),
    ]  # fmt: skip


@pytest.mark.parametrize("old", [[], ["-O"]], ids=["sftp", "scp -O"])
async def test_what_is_held_says_so_and_is_delivered_when_a_person_releases_it(desk, tmp_path, old):
    desk.services.files._antivirus = Verdicts(UNSCANNED)
    source = tmp_path / "firmware.bin"
    source.write_bytes(b"version 7")
    target = at_device(desk, "held.bin")
    done = await scp(desk, *old, str(source), f"alice+ct-01@127.0.0.1:{target}")
    (file,) = await held(desk)
    assert done.status != 0
    assert f"The hospital's release desk holds this file ({file.ref})" in done.says
    assert (file.stored_state, target.exists()) == (FileState.HELD, False)
    await release(desk, file)
    await desk.terminal.expect(f"has delivered held.bin ({file.ref})")
    assert target.read_bytes() == b"version 7"
    assert (await held(desk))[0].stored_state is FileState.DELIVERED
    told = [(one.op, one.outcome) for one in await lines(desk)]
    delivering, bringing = [("put", "begun"), ("put", "done")], [("put", "begun"), ("put", f"held: {file.ref}")]
    assert told == delivering + bringing  # the session that delivered it began before the one that brought it
    assert await desk.tags("file:") == ["file:held", "file:released", "file:delivered", "file:passed"]


async def test_of_two_sessions_on_the_device_one_delivers_and_both_say_so_once(desk, tmp_path, screens):
    desk.services.files._antivirus = Verdicts(UNSCANNED)
    source = tmp_path / "firmware.bin"
    source.write_bytes(os.urandom(20_000_000))
    await scp(desk, str(source), f"alice+ct-01@127.0.0.1:{at_device(desk, 'both.bin')}")
    await desk.forget_codes()
    second = screens(desk.screen())
    await second.expect("# ")
    (file,) = await held(desk)
    await release(desk, file)
    said = f"has delivered both.bin ({file.ref})"
    for one in (desk.terminal, second):
        await one.expect(said)
    assert at_device(desk, "both.bin").read_bytes() == source.read_bytes()
    second.send("exit\r")
    await second.ended()
    told = sorted((one.op, one.outcome) for one in await lines(desk))
    assert told == sorted([("put", "begun"), ("put", f"held: {file.ref}"), ("put", "begun"), ("put", "done")])
    assert [one.seen.count(said.encode()) for one in (desk.terminal, second)] == [1, 1]
    assert [b"does not take it" in one.seen for one in (desk.terminal, second)] == [False, False]


async def test_what_is_released_while_nobody_is_here_is_delivered_at_the_next_session(desk, tmp_path, screens):
    desk.services.files._antivirus = Verdicts(UNSCANNED)
    source = tmp_path / "firmware.bin"
    source.write_bytes(b"version 7")
    await scp(desk, str(source), f"alice+ct-01@127.0.0.1:{at_device(desk, 'late.bin')}")
    await leave(desk)
    (file,) = await held(desk)
    await release(desk, file)
    assert not at_device(desk, "late.bin").exists()
    await desk.forget_codes()
    screen = screens(desk.screen())
    await screen.expect(f"has delivered late.bin ({file.ref})")
    assert at_device(desk, "late.bin").read_bytes() == b"version 7"


async def test_T43_a_held_download_is_handed_out_once_as_it_was_released(desk, tmp_path):
    record = at_device(desk, "dump.hl7")
    record.write_bytes(HL7)
    get = f"get {record} {tmp_path}/out"
    done = await sftp(desk, get)
    (file,) = await held(desk)
    assert (done.status, (tmp_path / "out").exists()) == (1, False)
    assert f"holds this file ({file.ref})" in done.says
    assert file.findings[0].startswith("hl7\t")
    again = await sftp(desk, get)
    assert (again.status, len(await held(desk))) == (1, 1)
    await release(desk, file)
    await desk.terminal.expect(f"released dump.hl7 ({file.ref})")
    record.write_bytes(HL7 + HL7)
    done = await sftp(desk, get)
    assert (done.status, (tmp_path / "out").read_bytes()) == (0, HL7)
    assert (await sftp(desk, get)).status == 1
    first, second = await held(desk)
    assert (first.stored_state, second.stored_state) == (FileState.DELIVERED, FileState.HELD)


async def test_who_is_refused_reads_why(desk, tmp_path):
    record = at_device(desk, "dump.hl7")
    record.write_bytes(HL7)
    await sftp(desk, f"get {record} {tmp_path}/out")
    (file,) = await held(desk)
    await desk.services.releases.refuse(desk.staff(desk.eve), file.id, file.version, "patients in it")
    await desk.terminal.expect(f"refused dump.hl7 ({file.ref}): patients in it")


async def test_the_rest_of_sftp_goes_to_the_device(desk, tmp_path):
    folder = at_device(desk, "tree")
    batch = (
        f"mkdir {folder}\nput /etc/hostname {folder}/a\nrename {folder}/a {folder}/b\nchmod 600 {folder}/b\n"
        f"symlink {folder}/b {folder}/c\nls -l {folder}\nrm {folder}/c\nput -p /etc/hostname {folder}/d\n"
        f"mkdir {folder}/sub\nrmdir {folder}/sub\ndf {folder}\n"
    )
    done = await sftp(desk, batch)
    assert (done.status, done.err) == (0, b"")
    assert "c" in done.says
    assert sorted(p.name for p in folder.iterdir()) == ["b", "d"]
    assert (folder / "b").stat().st_mode & 0o777 == 0o600
    assert int((folder / "d").stat().st_mtime) == int(Path("/etc/hostname").stat().st_mtime)
    ops = [one.op for one in await lines(desk) if one.outcome == "done"]
    assert ops.count("put") == 2
    assert {"mkdir", "rename", "setstat", "link", "list", "remove", "rmdir"} <= set(ops)


async def test_a_tree_of_small_files_and_the_old_protocol_for_trees(desk, tmp_path):
    tree = tmp_path / "tree"
    for number in range(30):
        (tree / f"d{number % 3}").mkdir(parents=True, exist_ok=True)
        (tree / f"d{number % 3}" / f"f{number}").write_bytes(os.urandom(number * 100))
    target = f"alice+ct-01@127.0.0.1:{at_device(desk)}"
    done = await scp(desk, "-O", "-r", "-p", str(tree), f"{target}/copy")
    assert (done.status, done.err) == (0, b"")
    done = await scp(desk, "-O", "-r", f"{target}/copy", str(tmp_path / "back"))
    assert (done.status, done.err) == (0, b"")
    want = {p.relative_to(tree): p.read_bytes() for p in tree.rglob("f*")}
    for root in (at_device(desk, "copy"), tmp_path / "back"):
        assert {p.relative_to(root): p.read_bytes() for p in root.rglob("f*")} == want
    assert int((at_device(desk, "copy") / "d1" / "f1").stat().st_mtime) == int((tree / "d1" / "f1").stat().st_mtime)


async def test_one_held_file_of_several_does_not_keep_the_others(desk, tmp_path):
    for name, data in (("x-a.log", b"fine"), ("x-b.log", HL7), ("x-c.log", b"fine too")):
        at_device(desk, name).write_bytes(data)
    out = tmp_path / "out"
    out.mkdir()
    done = await scp(desk, "-O", f"alice+ct-01@127.0.0.1:{at_device(desk)}/x*.log", str(out))
    assert done.status == 1
    assert sorted(p.name for p in out.iterdir()) == ["x-a.log", "x-c.log"]
    assert "release desk holds" in done.says


async def test_an_upload_that_breaks_off_leaves_nothing(desk, tmp_path):
    source = tmp_path / "big.bin"
    source.write_bytes(os.urandom(8_000_000))
    arguments, variables = desk.options()
    command = [
        "sftp",
        "-q",
        *arguments,
        "-l",
        "2000",
        "-P",
        str(desk.listener.port),
        "-b",
        "-",
        "alice+ct-01@127.0.0.1",
    ]
    process = await asyncio.create_subprocess_exec(
        *command, env=variables, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    process.stdin.write(f"put {source} {at_device(desk, 'big.bin')}\n".encode())
    quarantine = desk.home / "quarantine"
    async with asyncio.timeout(20):
        while not quarantine.exists() or not any(p.stat().st_size > 100_000 for p in quarantine.iterdir()):
            await asyncio.sleep(0.05)
    process.kill()
    await process.communicate()
    async with asyncio.timeout(10):
        while (await held(desk))[0].stored_state is not FileState.BROKEN:
            await asyncio.sleep(0.05)
    assert list(quarantine.iterdir()) == []
    assert not at_device(desk, "big.bin").exists()
    last = (await lines(desk))[-1]
    assert (last.op, last.outcome) == ("put", "broken off")
    assert 100_000 < last.size < 8_000_000


async def test_a_cut_in_the_middle_of_an_upload_leaves_nothing_either(desk, tmp_path):
    source = tmp_path / "big.bin"
    source.write_bytes(os.urandom(8_000_000))
    going = asyncio.create_task(sftp(desk, f"put {source} {at_device(desk, 'big.bin')}", "-l", "2000"))
    quarantine = desk.home / "quarantine"
    async with asyncio.timeout(20):
        while not quarantine.exists() or not any(p.stat().st_size > 100_000 for p in quarantine.iterdir()):
            await asyncio.sleep(0.05)
    for record in await desk.records():
        if record.live:
            await desk.services.supervision.cut(desk.staff(desk.eve), record.id, "enough now")
    assert (await going).status != 0
    async with asyncio.timeout(10):
        while (await held(desk))[0].stored_state is not FileState.BROKEN:
            await asyncio.sleep(0.05)
    assert list(quarantine.iterdir()) == []
    assert not at_device(desk, "big.bin").exists()


async def test_what_the_device_has_already_is_looked_at_with_what_is_added(desk, tmp_path):
    target = at_device(desk, "log.txt")
    target.write_bytes(b"0123456789")
    source = tmp_path / "more"
    source.write_bytes(b"0123456789abcdef")
    done = await sftp(desk, f"reput {source} {target}")
    assert (done.status, target.read_bytes()) == (0, b"0123456789abcdef")
    (file,) = await held(desk)
    assert (file.size, file.sha256) == (16, sha256(source))


async def test_R20_each_right_is_asked_for_as_beside_the_gate(desk, tmp_path, screens):
    from bastion.domain.access_request import InterventionKind

    await leave(desk)
    await desk.forget_codes()
    async with desk.database.read() as uow:
        grant = (await uow.grants.all())[0]
    await desk.services.approvals.revoke(desk.staff(desk.eve), grant.id, "another kind")
    await desk.grant(kind=InterventionKind.TELEDIAGNOSTIC)
    desk.terminal = screens(desk.screen())
    await desk.terminal.expect("# ")
    at_device(desk, "a.txt").write_bytes(b"a")
    for batch in ("put /etc/hostname {}/b", "rm {}/a.txt", "rename {}/a.txt {}/b", "mkdir {}/d", "chmod 600 {}/a.txt"):
        done = await sftp(desk, batch.format(*[at_device(desk)] * 2))
        assert (done.status, "ermission denied" in done.says) == (1, True), (batch, done.says)
    assert (await sftp(desk, f"get {at_device(desk)}/a.txt {tmp_path}/a")).status == 0
    assert sorted(p.name for p in at_device(desk).glob("[abd]")) == []
    assert (await desk.tags("file:refused")).count("file:refused") == 5


async def test_what_stands_behind_the_content_of_a_write_is_left_aside(desk, tmp_path):
    """rclone 1.60 sends its whole buffer with each write."""
    source = tmp_path / "firmware.bin"
    source.write_bytes(os.urandom(400_123))
    client = Rclone(desk)
    await client.ready()
    await client.put(source, at_device(desk, "firmware.bin"))
    assert sha256(at_device(desk, "firmware.bin")) == sha256(source)


async def test_R49_a_delivery_that_cannot_be_recorded_ends_the_session(desk, tmp_path, monkeypatch):
    desk.services.files._antivirus = Verdicts(UNSCANNED)
    source = tmp_path / "firmware.bin"
    source.write_bytes(b"version 7")
    await scp(desk, str(source), f"alice+ct-01@127.0.0.1:{at_device(desk, 'held.bin')}")
    (file,) = await held(desk)

    def full(*_) -> None:
        raise RecordingError("the disk is full")

    monkeypatch.setattr(Track, "file", full)
    await release(desk, file)
    assert await desk.terminal.ended(within=5) != 0
    await desk.settled()
    assert not at_device(desk, "held.bin").exists()
    assert "recording:failed" in await desk.tags("recording")
