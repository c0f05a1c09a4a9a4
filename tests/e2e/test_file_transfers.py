"""Long transfers, configuration management, many connections at once, and what breaks in the middle of a session."""

import asyncio
import os
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.clients import run
from tests.e2e.file_clients import LONG, Rsync, Scp, Sftp
from tests.e2e.file_devices import dropbear
from tests.e2e.file_libraries import Asyncssh
from tests.e2e.memory import growth_below
from tests.e2e.test_file_clients import digests, sha256, until
from tests.policy_sets import straight_through

pytestmark = pytest.mark.slow
MIB = 1 << 20


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    return straight_through(tmp_path / "policies")


@pytest.fixture
async def shell(world, screens):
    """A shell of a session whose connection further channels may share."""
    await dropbear(world)
    await world.grant()
    screen = screens(world.screen(before=["-M", "-S", f"{world.home}/shared"]))
    await screen.expect("# ", timeout=LONG)
    return screen


async def works(shell) -> None:
    shell.send("echo still $((40 + 2))\n")
    await shell.expect("still 42", timeout=LONG)


async def files_passed(world, enough: int) -> list[dict]:
    """What the audit trail has of files put and got, once it is `enough`."""
    async with asyncio.timeout(LONG):
        while True:
            found = [e.fields for e in await world.events("file:passed") if e.fields["op"] in {"put", "get"}]
            if len(found) >= enough:
                return found
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("make", [Rsync, Scp])
async def test_T45_a_quarter_of_a_gibibyte_arrives_whole_both_ways_in_constant_memory(world, shell, make):
    client = make(world)
    sent, there, back = (world.home / name for name in ("sent.bin", "there.bin", "back.bin"))
    with sent.open("wb") as file:
        for _ in range(256):
            file.write(os.urandom(MIB))
    async with growth_below(32 * MIB):
        await client.put(sent, there)
        await client.get(there, back)
    assert sha256(sent) == sha256(there) == sha256(back)
    if client.sftp:
        assert {facts["sha256"] for facts in await files_passed(world, 2)} == {sha256(sent)}


async def test_T45_ansible_pings_copies_and_fetches(world, shell):
    """Modules by exec, files by SFTP, all of it on one connection that it shares among its tasks."""
    site = Sftp(world)
    sent, there, back = (world.home / name for name in ("sent.bin", "there.bin", "back.bin"))
    sent.write_bytes(os.urandom(20 * MIB))
    for name in ("tree/a.conf", "tree/deep/b.bin"):
        (world.home / name).parent.mkdir(exist_ok=True)
        (world.home / name).write_bytes(os.urandom(5000))
    playbook = world.home / "site.yml"
    playbook.write_text(f"""\
- hosts: all
  gather_facts: false
  tasks:
    - ping:
    - copy: {{src: "{sent}", dest: "{there}"}}
    - copy: {{src: "{world.home}/tree/", dest: "{world.home}/up/"}}
    - fetch: {{src: "{there}", dest: "{back}", flat: true}}
""")
    environment = site.environment | {
        "ANSIBLE_HOME": f"{world.home}/ansible", "ANSIBLE_LOCAL_TEMP": f"{world.home}/ansible/tmp",
        "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=5s",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": f"{world.home}/cp", "ANSIBLE_SSH_TRANSFER_METHOD": "sftp",
    }  # fmt: skip
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")), "-i", "bastion,", str(playbook),
        "-e", "ansible_python_interpreter=/usr/bin/python3", "--ssh-common-args", f"-F {site.config}",
    ]  # fmt: skip
    done = await run(command, environment, timeout=2 * LONG)
    assert done.status == 0, done.says
    assert "ok=4" in done.says
    assert "failed=0" in done.says
    assert sha256(sent) == sha256(there) == sha256(back)
    assert digests(world.home / "up") == digests(world.home / "tree")
    noted = Counter((facts["op"], facts["sha256"]) for facts in await files_passed(world, 4))
    assert noted["put", sha256(sent)] == noted["get", sha256(sent)] == 1
    assert all(noted["put", digest] == 1 for digest in digests(world.home / "tree").values())
    assert len(world.supervisor.lives) <= 2, "the shell's session and one for all tasks"


async def test_parallel_connections_of_an_open_session_need_no_code(world, shell):
    """As WinSCP does: a connection for each file in its queue, and none of them asks anybody anything.

    Dropbear takes five callers at once from one address who have not logged in yet, and we are one address.
    """
    folder = world.home / "queue"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}").write_bytes(os.urandom(MIB + number))

    async def carry(number: int) -> None:
        client = Asyncssh(world)
        async with client.connected() as sftp:
            await sftp.put(folder / f"{number}", world.home / f"there{number}")
            await sftp.get(world.home / f"there{number}", world.home / f"back{number}")

    await asyncio.gather(*map(carry, range(4)))
    for number in range(4):
        copies = (folder / f"{number}", world.home / f"there{number}", world.home / f"back{number}")
        assert len(set(map(sha256, copies))) == 1
    noted = Counter((facts["op"], facts["sha256"]) for facts in await files_passed(world, 8))
    assert noted == Counter((op, digest) for op in ("put", "get") for digest in digests(folder).values())


@pytest.mark.parametrize("who", ["client", "device"])
async def test_a_transfer_that_is_broken_off_leaves_the_rest_of_its_session_alone(world, shell, who):
    """Shell and transfer share one connection; the client's program dies, or the device's."""
    client = Sftp(world)
    client.share(world.home / "shared")
    long, part = world.home / "long.bin", world.home / "part.bin"
    with long.open("wb") as file:
        file.write(os.urandom(16 * MIB))
        file.truncate(1 << 30)
    command, batch = client.command("put", long, part)
    process = await asyncio.create_subprocess_exec(
        *command, env=client.environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    process.stdin.write(batch.encode())
    process.stdin.write_eof()
    await until(lambda: part.exists() and part.stat().st_size > 2_000_000)
    if who == "client":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        for pid in descendants(world._closing[0].pid):
            if b"sftp-server" in cmdline(pid):
                os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(LONG):
        _, said = await process.communicate()
    assert process.returncode != 0, said
    (facts,) = await files_passed(world, 1)
    assert (facts["path"], facts["outcome"], facts["pieces"]) == (str(part), "broken off", "")
    assert part.stat().st_size <= int(facts["size"]) < 1 << 30
    assert facts["sha256"] == sha256(long, 0, int(facts["size"]))
    await works(shell)
    await client.put(client.config, world.home / "after")
    assert sha256(world.home / "after") == sha256(client.config)
    assert [record.ended_at for record in await world.records()] == [None], "one session, and it goes on"


def descendants(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [further for child in children for further in descendants(child)]


def cmdline(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
