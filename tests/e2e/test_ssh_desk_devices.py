"""The release desk before devices without an SFTP server, and before devices that lie, stall and do harm."""

import asyncio
import os

import asyncssh
import pytest

from bastion.demo import imaging, sshd
from bastion.domain.device import SecretKind
from bastion.domain.held_file import FileState, Scan
from bastion.proxy.ssh import device_files
from bastion.proxy.ssh.scp_device import NO_FILES, NO_SFTP
from bastion.secret import Secret
from bastion.services.antivirus import Antivirus, Scanned
from bastion.store.quarantine import Quarantine
from tests.e2e.test_ssh_desk import UNSCANNED, at_device, held, leave, lines, release, scp, sftp, sha256
from tests.policy_sets import straight_through
from tests.services.test_files import Verdicts


@pytest.fixture
def policies(request, tmp_path):
    return straight_through(tmp_path / "policies") if "free" in request.node.name else None


@pytest.fixture
async def bare(world, screens, monkeypatch):
    """A real sshd that offers no SFTP."""
    monkeypatch.setattr(sshd, "CONFIG", "".join(f"{x}\n" for x in sshd.CONFIG.splitlines() if "Subsystem" not in x))
    await world.real_device()
    world.services.files._antivirus = Verdicts()
    await world.grant()
    world.terminal = screens(world.screen())
    await world.terminal.expect("# ")
    return world


@pytest.mark.parametrize("way", ["sftp", "scp -O"])
async def test_a_device_without_sftp_is_spoken_to_in_scp(bare, tmp_path, way):
    source, folder = tmp_path / "f é.bin", at_device(bare)
    source.write_bytes(os.urandom(2_000_000))
    if way == "sftp":
        done = await sftp(bare, f'put "{source}" {folder}/a\\ b.bin\nget {folder}/a\\ b.bin {tmp_path}/back\n')
        missing = await sftp(bare, f"get {folder}/nothing {tmp_path}/n")
    else:
        there = f"alice+ct-01@127.0.0.1:{folder}"
        done = await scp(bare, "-O", str(source), f"{there}/a\\ b.bin")
        await scp(bare, "-O", f"{there}/a\\ b.bin", str(tmp_path / "back"))
        missing = await scp(bare, "-O", f"{there}/nothing", str(tmp_path / "n"))
    assert done.status == 0, done.says
    assert sha256(folder / "a b.bin") == sha256(tmp_path / "back") == sha256(source)
    assert missing.status != 0
    assert "no such file" in missing.says.lower() or "not found" in missing.says.lower(), missing.says
    assert [f.stored_state for f in await held(bare)][:2] == [FileState.DELIVERED] * 2


async def test_what_has_arrived_is_no_failure_for_want_of_its_times(bare, tmp_path):
    source = tmp_path / "f"
    source.write_bytes(b"x")
    done = await scp(bare, "-O", "-p", str(source), f"alice+ct-01@127.0.0.1:{at_device(bare)}/f")
    assert (done.status, at_device(bare, "f").read_bytes()) == (0, b"x")


async def test_what_scp_cannot_do_is_said(bare):
    log = at_device(bare) / "sshd.log"
    done = await sftp(bare, f"-ls {at_device(bare)}\nrm {log}")
    assert done.status == 1
    assert done.says.count(NO_SFTP) == 1, done.says
    assert log.exists()


@pytest.fixture
async def console(world, screens):
    """The demo's simulated console with an open session: a device that knows neither SFTP nor scp."""
    acceptor = await imaging.serve("127.0.0.1", 0, asyncssh.generate_private_key("ssh-ed25519"), "s3cret")
    world._closing.append(acceptor)
    await world.commission("ct-01", acceptor.get_port(), imaging.LOGIN, SecretKind.PASSWORD, Secret.of("s3cret"))
    world.services.files._antivirus = Verdicts()
    await world.grant()
    world.terminal = screens(world.screen())
    await world.terminal.expect("Tomolux")
    return world


@pytest.mark.parametrize("batch", ["ls\n", "get /log {there}\n", "put {here} /f\n", "rm /f\n", "-ls\n-rm /f\nls\n"])
async def test_a_device_without_any_file_transfer_is_told_once_in_a_sentence(console, tmp_path, batch):
    here = tmp_path / "f.bin"
    here.write_bytes(b"x")
    done = await sftp(console, batch.format(here=here, there=tmp_path / "g"))
    assert done.says.count(NO_FILES) == 1, done.says


@pytest.mark.parametrize("old", [(), ("-O",)], ids=["scp", "scp -O"])
async def test_scp_is_told_it_too(console, tmp_path, old):
    done = await scp(console, *old, "alice+ct-01@127.0.0.1:/log", str(tmp_path / "g"))
    assert done.status != 0
    assert NO_FILES in done.says


async def test_where_files_are_free_it_is_told_too(console):
    done = await sftp(console, "ls\n")
    assert NO_FILES in done.says


async def test_a_device_without_sftp_is_served_too_where_files_are_free(bare, tmp_path):
    source = tmp_path / "f.bin"
    source.write_bytes(b"free")
    done = await sftp(bare, f"put {source} {at_device(bare)}/f.bin\n")
    assert done.status == 0, done.says
    assert at_device(bare, "f.bin").read_bytes() == b"free"
    (file,) = await held(bare)
    assert (file.sas, file.stored_state, file.scan) == ("free", FileState.DELIVERED, Scan.UNSCANNED)


class Device(asyncssh.SFTPServer):
    """A device of our own making, in a folder; a test says what is wrong with it."""

    harm = ""

    def __init__(self, chan):
        super().__init__(chan, chroot=self.root)

    async def scandir(self, path):
        async for name in super().scandir(path):
            yield name
        if self.harm == "names":
            yield asyncssh.SFTPName(
                b"../../.ssh/authorized_keys", b"", asyncssh.SFTPAttrs(permissions=0o100644, size=1)
            )

    def stat(self, path):
        found = asyncssh.SFTPAttrs.from_local(super().stat(path))
        if self.harm == "sizes":
            found.size = 7_000_000_000
        return found

    async def read(self, file_obj, offset, size):
        if self.harm == "endless":
            return bytes(size)
        return super().read(file_obj, offset, size)

    async def open(self, path, pflags, attrs):
        if self.harm == "silent":
            await asyncio.sleep(60)
        return super().open(path, pflags, attrs)

    def write(self, file_obj, offset, data):
        if self.harm == "full":
            raise asyncssh.SFTPFailure("No space left \x1b[31mon\u202e device")
        if self.harm == "lossy":
            return len(data)
        return super().write(file_obj, offset, data)


@pytest.fixture
async def odd(world, screens, tmp_path):
    """A session on a device that can be made to do harm."""
    root = tmp_path / "root"
    root.mkdir()

    class Harmful(Device):
        pass

    Harmful.root = os.fsencode(root)

    async def shell(process):
        process.stdout.write(b"# ")
        while (typed := await process.stdin.read(100)) and b"exit" not in typed:
            pass
        process.exit(0)

    await world.simulated_device(shell, "ct-01", sftp_factory=Harmful)
    world.services.files._antivirus = Verdicts()
    await world.grant()
    world.terminal = screens(world.screen())
    await world.terminal.expect("# ")
    world.root, world.harmful = root, Harmful
    return world


async def test_T44_names_that_lead_elsewhere_reach_nobody(odd, tmp_path):
    (odd.root / "logs").mkdir()
    (odd.root / "logs" / "a.log").write_bytes(b"a")
    odd.harmful.harm = "names"
    done = await sftp(odd, "ls /logs")
    assert (done.status, "authorized_keys" in done.says) == (1, False)
    out = tmp_path / "out"
    out.mkdir()
    done = await scp(odd, "-O", "-r", "alice+ct-01@127.0.0.1:/logs", str(out))
    assert done.status == 1
    assert not list(tmp_path.rglob("authorized_keys"))
    assert "file:refused" in await odd.tags("file:refused")


async def test_a_device_that_lies_about_a_size_gives_what_it_has(odd, tmp_path):
    (odd.root / "a.log").write_bytes(b"twelve bytes")
    odd.harmful.harm = "sizes"
    assert (await scp(odd, "-O", "alice+ct-01@127.0.0.1:/a.log", str(tmp_path / "a"))).status == 0
    assert (tmp_path / "a").read_bytes() == b"twelve bytes"


async def test_T15_a_file_without_an_end_stops_at_the_room_there_is(odd, tmp_path, monkeypatch):
    (odd.root / "a.log").write_bytes(b"x")
    odd.harmful.harm = "endless"
    free = os.statvfs(odd.home).f_bavail * os.statvfs(odd.home).f_frsize
    odd.services.files._quarantine = Quarantine(odd.home / "quarantine", free - 200_000_000)
    done = await sftp(odd, f"get /a.log {tmp_path}/a", timeout=60)
    assert done.status == 1
    assert "no room for this file" in done.says
    (file,) = await held(odd)
    assert file.stored_state is FileState.BROKEN
    assert list((odd.home / "quarantine").iterdir()) == []
    assert (await sftp(odd, "pwd")).status == 0


async def test_a_device_that_never_answers_is_not_waited_for_for_ever(odd, tmp_path, monkeypatch):
    monkeypatch.setattr(device_files, "PATIENCE", 0.5)
    (odd.root / "a.log").write_bytes(b"x")
    odd.harmful.harm = "silent"
    done = await sftp(odd, f"get /a.log {tmp_path}/a")
    assert done.status == 1
    assert (await held(odd))[0].stored_state is FileState.BROKEN
    last = (await lines(odd))[-1]
    assert (last.op, last.outcome.split(":")[0]) == ("get", "failed")


@pytest.mark.parametrize("harm", ["full", "lossy"])
async def test_a_device_that_does_not_keep_what_it_is_given_is_found_out(odd, tmp_path, harm):
    source = tmp_path / "f.bin"
    source.write_bytes(b"firmware" * 1000)
    odd.harmful.harm = harm
    done = await sftp(odd, f"put {source} /f.bin")
    assert done.status == 1
    (file,) = await held(odd)
    assert file.stored_state is FileState.BROKEN
    outcome = (await lines(odd))[-1].outcome
    assert outcome.startswith("failed: ")
    assert outcome.isprintable()


async def test_ENOSPC_in_quarantine_ends_one_file_and_not_the_session(odd, tmp_path):
    source = tmp_path / "f.bin"
    source.write_bytes(os.urandom(2_000_000))
    real = odd.services.files._quarantine
    odd.services.files._quarantine = Quarantine(odd.home / "quarantine", 1 << 60)
    for old in ([], ["-O"]):
        done = await scp(odd, *old, str(source), "alice+ct-01@127.0.0.1:/f.bin")
        assert done.status == 1
        assert "no room for this file" in done.says
    odd.services.files._quarantine = real
    assert (await scp(odd, str(source), "alice+ct-01@127.0.0.1:/f.bin")).status == 0
    assert sha256(odd.root / "f.bin") == sha256(source)


async def test_clamd_gone_is_held_and_not_released(odd, tmp_path):
    odd.services.files._antivirus = Antivirus(str(tmp_path / "no.sock"))
    done = await sftp(odd, "put /etc/hostname /f")
    (file,) = await held(odd)
    assert (done.status, file.stored_state, file.scan_name) == (1, FileState.HELD, "away")
    assert not (odd.root / "f").exists()


async def test_R42_a_file_that_was_not_announced_waits_for_a_person(odd, tmp_path):
    odd.services.files._antivirus = Verdicts(Scanned(Scan.INFECTED, "Evil"))
    await sftp(odd, "put /etc/hostname /f")
    (file,) = await held(odd)
    assert (file.scan, file.stored_state) == (Scan.INFECTED, FileState.HELD)


async def test_a_release_that_the_device_does_not_take_waits_for_the_next_time(odd, tmp_path, screens):
    odd.services.files._antivirus = Verdicts(UNSCANNED)
    await sftp(odd, "put /etc/hostname /f")
    odd.harmful.harm = "full"
    (file,) = await held(odd)
    await release(odd, file)
    await odd.terminal.expect("the device does not take it")
    assert (await held(odd))[0].stored_state is FileState.RELEASED
    odd.harmful.harm = ""
    await leave(odd)
    await odd.forget_codes()
    odd.terminal = screens(odd.screen())
    await odd.terminal.expect(f"has delivered f ({file.ref})")
    assert (odd.root / "f").exists()


async def test_nothing_is_delivered_while_the_session_is_frozen(odd, tmp_path):
    odd.services.files._antivirus = Verdicts(UNSCANNED)
    await sftp(odd, "put /etc/hostname /f")
    record = min((r for r in await odd.records() if r.live), key=lambda r: r.started_at)
    await odd.services.supervision.freeze(odd.staff(odd.eve), record.id)
    await odd.terminal.expect("frozen")
    (file,) = await held(odd)
    await release(odd, file)
    await asyncio.sleep(1)
    assert not (odd.root / "f").exists()
    await odd.services.supervision.thaw(odd.staff(odd.eve), record.id)
    await odd.terminal.expect(f"has delivered f ({file.ref})")
