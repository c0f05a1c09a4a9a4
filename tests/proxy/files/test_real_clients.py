"""Real clients and a real server with the gate between them: files equal at both ends, lines that say so."""

import hashlib
import random

import paramiko
import pytest

from bastion.domain.device import FileRight
from tests.proxy.files.bridge import Bridge
from tests.proxy.files.clients import openssh, with_asyncssh, with_paramiko
from tests.proxy.files.table import DOWN, NOTHING, UP, Table

CUTS = [{}, {"most": 700, "seed": 1}, {"most": 40_000, "seed": 2}]
BIG = random.Random(7).randbytes(3_000_000)


def names(folder) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def device(tmp_path):
    folder = tmp_path / "device"
    folder.mkdir()
    (folder / "log").write_bytes(BIG)
    return folder


@pytest.fixture
def desk(tmp_path):
    """The technician's own folder."""
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "fw.bin").write_bytes(BIG[::-1])
    return folder


def replayed(bridge: Bridge, rights, step: int) -> list[tuple]:
    """Give the same streams to another gate in pieces of `step`; return what it wrote down."""
    table = Table(rights, greeted=False, step=step)
    for up, said in bridge.said:
        (table.ask if up else table.tell)(said)
    table.gate.ended("over")
    return [plain(line) for line in table.lines]


def plain(line) -> tuple:
    return (line.op, line.direction, line.path, line.target, line.size, line.sha256, line.pieces, line.outcome)


# -- OpenSSH -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", CUTS)
def test_openssh_puts_and_gets(device, desk, how):
    bridge = Bridge(device, **how)
    done = openssh(bridge, desk, "put fw.bin new.bin\nget log\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert (device / "new.bin").read_bytes() == BIG[::-1]
    assert (desk / "log").read_bytes() == BIG
    put, get = (line for line in bridge.ends() if line.op in {"put", "get"})
    assert (put.op, put.direction, put.path, put.size, put.sha256, put.pieces, put.outcome) == (
        "put", "in", str(device / "new.bin"), len(BIG), sha(BIG[::-1]), "", "done",
    )  # fmt: skip
    assert (get.op, get.direction, get.path, get.size, get.sha256, get.pieces, get.outcome) == (
        "get", "out", str(device / "log"), len(BIG), sha(BIG), "", "done",
    )  # fmt: skip
    assert [fact.fields["sha256"] for fact in bridge.facts] == [put.sha256, get.sha256]


@pytest.mark.parametrize("step", [1009, 32768])
def test_the_streams_of_openssh_may_be_cut_anywhere(device, desk, step):
    bridge = Bridge(device)
    openssh(bridge, desk, "put fw.bin new.bin\nget log\nls -l\nmkdir d\nrename log d/log\n")
    assert replayed(bridge, frozenset(FileRight), step) == [plain(line) for line in bridge.lines]


@pytest.mark.parametrize("how", CUTS)
def test_openssh_works_on_names(device, desk, how):
    bridge = Bridge(device, **how)
    batch = (
        "mkdir d\nput fw.bin d/a\nrename d/a d/b\nln -s b d/soft\nln d/b d/hard\nls -la d\nchmod 600 d/b\n"
        "cp d/b d/copy\ndf\nrm d/copy\nrm d/hard\nrm d/soft\nrm d/b\nrmdir d\n"
    )
    done = openssh(bridge, desk, batch)
    assert (done.returncode, done.stderr) == (0, "")
    assert names(device) == ["log"]
    d = f"{device}/d"
    assert [(s.op, s.path, s.target, s.outcome) for s in bridge.ends() if s.op != "list"] == [
        ("mkdir", d, "", "done"), ("put", f"{d}/a", "", "done"), ("rename", f"{d}/a", f"{d}/b", "done"),
        ("link", f"{d}/soft", "b", "done"), ("link", f"{d}/hard", f"{d}/b", "done"), ("setstat", f"{d}/b", "", "done"),
        ("link", f"{d}/copy", f"{d}/b", "done"), ("get", f"{d}/b", "", "done"), ("put", f"{d}/copy", "", "done"),
        ("remove", f"{d}/copy", "", "done"), ("remove", f"{d}/hard", "", "done"), ("remove", f"{d}/soft", "", "done"),
        ("remove", f"{d}/b", "", "done"), ("rmdir", d, "", "done"),
    ]  # fmt: skip


def test_openssh_resumes_both_ways(device, desk):
    (device / "half").write_bytes(BIG[::-1][:1_000_000])
    (desk / "log").write_bytes(BIG[:1_234_567])
    bridge = Bridge(device)
    done = openssh(bridge, desk, "reput fw.bin half\nreget log\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert (device / "half").read_bytes() == BIG[::-1]
    assert (desk / "log").read_bytes() == BIG
    put, get = bridge.ends()
    assert (put.size, put.sha256, put.pieces) == (2_000_000, sha(BIG[::-1][1_000_000:]), "from 1000000")
    assert (get.size, get.sha256, get.pieces) == (len(BIG) - 1_234_567, sha(BIG[1_234_567:]), "from 1234567")


def test_openssh_carries_a_tree_both_ways(device, desk):
    for number in range(150):
        (desk / "tree" / f"d{number % 7}").mkdir(parents=True, exist_ok=True)
        (desk / "tree" / f"d{number % 7}" / f"f{number}").write_bytes(BIG[: number * 97])
    bridge = Bridge(device, most=900, seed=3)
    done = openssh(bridge, desk, "put -r tree\nget -r tree back\n")
    assert done.returncode == 0
    expected = {str(file.relative_to(desk / "tree")): sha(file.read_bytes()) for file in (desk / "tree").rglob("f*")}
    for where in (device / "tree", desk / "back"):
        assert {str(f.relative_to(where)): sha(f.read_bytes()) for f in where.rglob("f*")} == expected
    for op in ("put", "get"):
        noted = {line.path.partition("tree/")[2]: line.sha256 for line in bridge.ends() if line.op == op}
        assert noted == expected
        assert [fact.fields["op"] for fact in bridge.facts].count(op) == len(expected)


def test_openssh_reads_a_refusal_and_goes_on(device, desk):
    bridge = Bridge(device, DOWN)
    done = openssh(bridge, desk, "-put fw.bin x\n-rm log\n-rename log l\n-mkdir d\n-ln -s a b\n-cp log l2\nget log\n")
    assert done.returncode == 0
    assert done.stderr.count("ermission denied") == 6
    assert names(device) == ["log"]
    assert (desk / "log").read_bytes() == BIG
    ends = [(line.op, line.outcome.partition(":")[0]) for line in bridge.ends()]
    refused = [(op, "refused") for op in ("put", "remove", "rename", "mkdir", "link", "put")]
    assert ends == [*refused, ("get", "done"), ("get", "broken off")]  # its cp does not close what it could not copy


def test_openssh_without_any_right_may_look_around(device, desk):
    bridge = Bridge(device, NOTHING)
    done = openssh(bridge, desk, "ls -l\n-get log\npwd\n")
    assert "log" in done.stdout
    assert "ermission denied" in done.stderr
    assert not (desk / "log").exists() or not (desk / "log").stat().st_size


def test_openssh_meets_a_full_disk(device, desk):
    (device / "full").symlink_to("/dev/full")
    bridge = Bridge(device)
    done = openssh(bridge, desk, "put fw.bin full\n")
    assert done.returncode == 1
    assert bridge.ends()[-1].outcome == "failed: Failure"


# -- paramiko ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", CUTS)
def test_paramiko_puts_and_gets(device, desk, how):
    bridge = Bridge(device, **how)
    with with_paramiko(bridge) as client:
        client.put(str(desk / "fw.bin"), "new.bin")
        client.get("log", str(desk / "log"))
        assert sorted(entry.filename for entry in client.listdir_attr()) == ["log", "new.bin"]
        client.posix_rename("new.bin", "old.bin")
        with pytest.raises(OSError, match="No such file"):
            client.get("nothing", str(desk / "x"))
    assert (device / "old.bin").read_bytes() == BIG[::-1]
    ends = [line for line in bridge.ends() if line.op != "list"]
    assert [(s.op, s.sha256) for s in ends[:2]] == [("put", sha(BIG[::-1])), ("get", sha(BIG))]
    assert [ends[0].pieces, ends[1].pieces.partition(" ")[0]] in (["", ""], ["", "repeated"])  # it races with itself
    assert ends[2].op == "rename"


def test_paramiko_that_reads_far_ahead_gets_its_file(device, desk):
    content = random.Random(1).randbytes(200_000_000)
    (device / "huge").write_bytes(content)
    bridge = Bridge(device)
    with with_paramiko(bridge) as client:
        client.get("huge", str(desk / "huge"))
    assert bridge.ends()[-1].sha256 == sha(content)
    assert sha((desk / "huge").read_bytes()) == sha(content)


@pytest.mark.parametrize("how", CUTS)
def test_random_writes_as_of_a_mounted_folder(device, how):
    chance = random.Random(5)
    bridge = Bridge(device, **how)
    expected = bytearray(BIG)
    with with_paramiko(bridge) as client, client.open("log", "r+b") as file:
        file.set_pipelined(pipelined=True)
        for _ in range(60):
            at, content = chance.randrange(len(BIG)), chance.randbytes(chance.randrange(9000))
            file.seek(at)
            file.write(content)
            expected[at : at + len(content)] = content
            file.seek(chance.randrange(len(BIG)))
            file.read(500)
    assert (device / "log").read_bytes() == expected
    put, get = bridge.ends()
    assert (put.op, put.pieces, put.outcome, get.op, get.pieces, get.outcome) == (
        "put", "scattered", "done", "get", "scattered", "done",
    )  # fmt: skip


def test_paramiko_reads_the_sentence_of_a_refusal(device, desk):
    bridge = Bridge(device, UP)
    with with_paramiko(bridge) as client:
        with pytest.raises(PermissionError, match="YOUR AUTHORISATION DOES NOT COVER FETCHING"):
            client.get("log", str(desk / "log"))
        client.put(str(desk / "fw.bin"), "new.bin")
        with pytest.raises(PermissionError):
            client.remove("log")
    assert names(device) == ["log", "new.bin"]


def test_a_client_that_opens_a_thousand_files_reads_a_clear_refusal_and_works_on(device):
    bridge = Bridge(device)
    with with_paramiko(bridge) as client:
        files = [client.open("log") for _ in range(512)]
        for _ in range(1000 - 512):
            with pytest.raises(OSError, match="TOO MANY FILES ARE OPEN"):
                client.open("log")
        files[0].close()
        assert client.open("log").read(5) == BIG[:5]


def test_what_the_device_cuts_in_the_middle_is_broken_off_with_what_passed(device, desk):
    bridge = Bridge(device)
    client = paramiko.SFTPClient(bridge.client)
    file = client.open("log")
    got = file.read(500_000)
    bridge.kill_device()
    with pytest.raises((EOFError, OSError, paramiko.SSHException)):
        file.read()
    bridge.close()
    line = bridge.ends()[-1]
    assert (line.op, line.outcome) == ("get", "broken off")
    assert line.size >= len(got)
    assert line.sha256 == sha(BIG[: line.size])


# -- asyncssh ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", CUTS)
async def test_asyncssh_with_many_requests_in_flight(device, desk, how):
    bridge = Bridge(device, **how)
    async with with_asyncssh(bridge) as client:
        await client.put(str(desk / "fw.bin"), "new.bin", block_size=4096, max_requests=128)
        await client.get("log", str(desk / "log"), block_size=4096, max_requests=128)
        await client.makedirs("a/b")
        await client.symlink("b", "a/l")
        await client.rmtree("a")
        assert sorted(await client.listdir()) == [".", "..", "log", "new.bin"]
    assert (device / "new.bin").read_bytes() == BIG[::-1]
    assert (desk / "log").read_bytes() == BIG
    ends = {line.op: line for line in bridge.ends()}
    assert (ends["put"].sha256, ends["put"].pieces) == (sha(BIG[::-1]), "")
    assert (ends["get"].sha256, ends["get"].pieces) == (sha(BIG), "")
    assert (ends["link"].path, ends["link"].target) == ("a/l", "b")
    assert {line.outcome for line in bridge.ends()} <= {"done"}
