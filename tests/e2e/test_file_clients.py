"""Every client anybody uses, on every device, straight through: whole, hashed, noted once, and intact after a break."""

import asyncio
import hashlib
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.file_clients import LONG, Client, Lftp, Pscp, Psftp, Rclone, Rsync, Scp, Sftp, Sshfs
from tests.e2e.file_devices import DEVICES
from tests.e2e.file_libraries import Asyncssh, Paramiko
from tests.policy_sets import straight_through

pytestmark = pytest.mark.slow

CLIENTS: dict[str, type[Client]] = {
    "sftp": Sftp, "scp": Scp, "psftp": Psftp, "pscp": Pscp, "lftp": Lftp, "sshfs": Sshfs, "rclone": Rclone,
    "paramiko": Paramiko, "asyncssh": Asyncssh, "rsync": Rsync,
}  # fmt: skip
SENT = 3_000_017
HAD = 1_000_000
"""Bytes of it that are there already when it is resumed."""


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    return straight_through(tmp_path / "policies")


@pytest.fixture(params=DEVICES)
async def shell(request, world, screens):
    """A device of each make and an open session on it, so that further connections need no code."""
    await DEVICES[request.param](world)
    await world.grant()
    screen = screens(world.screen())
    await screen.expect("# ", timeout=LONG)
    return screen


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_client_on_a_device(world, shell, name):
    """Put, get, a tree both ways, resumed both ways, broken off in the middle."""
    client = CLIENTS[name](world)
    await client.ready()
    sent, there, back = (world.home / file for file in ("sent.bin", "there.bin", "back.bin"))
    sent.write_bytes(os.urandom(SENT))
    await client.put(sent, there)
    await client.get(there, back)
    assert sha256(sent) == sha256(there) == sha256(back)
    wanted = Counter({("put", "there.bin", "whole"): 1, ("get", "there.bin", "whole"): 1})

    tree, up, down = (world.home / folder / "tree" for folder in ("here", "up", "down"))
    grow(tree)
    for folder in (up, down):
        folder.parent.mkdir()
    await client.put_tree(tree, up)
    await client.get_tree(up, down)
    assert digests(up) == digests(down) == digests(tree)
    wanted.update((op, f"up/tree/{file}", "whole") for op in ("put", "get") for file in digests(tree))

    if client.resumes:
        for path in (there, back):
            path.write_bytes(sent.read_bytes()[:HAD])
        await client.put_rest(sent, there)
        assert sha256(there) == sha256(sent)
        await client.get_rest(there, back)
        assert sha256(back) == sha256(sent)
        wanted.update({("put", "there.bin", "rest"): 1, ("get", "there.bin", "rest"): 1})

    long, part = world.home / "long.bin", world.home / "part.bin"
    with long.open("wb") as file:
        file.write(os.urandom(16 << 20))
        file.truncate(1 << 30)
    async with client.broken_off(long, part):
        await until(lambda: part.exists() and part.stat().st_size > 2_000_000)
    wanted["put", "part.bin", "broken off"] = 1
    await client.put(back, world.home / "after.bin")
    assert sha256(world.home / "after.bin") == sha256(sent)
    wanted["put", "after.bin", "whole"] = 1

    await noted(world, wanted if client.sftp else Counter())
    shell.send("echo still $((40 + 2))\n")
    await shell.expect("still 42", timeout=LONG)
    await until(lambda: len(world.supervisor.lives) == 1)
    if not client.sftp:
        assert any("rsync --server" in e.fields["detail"] for e in await world.events("channel:opened"))


# -- what the device and the audit trail have --------------------------------------------------------------------------
def sha256(path: Path, first: int = 0, size: int = -1) -> str:
    with path.open("rb") as file:
        file.seek(first)
        return hashlib.sha256(file.read(size)).hexdigest()


def digests(tree: Path) -> dict[str, str]:
    return {str(path.relative_to(tree)): sha256(path) for path in tree.rglob("*") if path.is_file()}


def grow(tree: Path) -> None:
    for number, name in enumerate(("empty", "ten", "a longer one", "deep/er/relevé d'août.log", "deep/x.bin")):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(number * 70_001))


async def until(true) -> None:
    async with asyncio.timeout(LONG):
        while not true():
            await asyncio.sleep(0.005)


async def noted(world, wanted: Counter) -> None:
    """One closing event for each file, with the digest of what passed, and no other."""
    found: Counter = Counter()
    try:
        async with asyncio.timeout(20):
            while found != wanted:
                found = Counter(map(told, [world.home] * 1000, await world.events("file:passed")))
                found.pop(None, None)
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"missing {wanted - found}; besides {found - wanted}") from None


def told(home: Path, event) -> tuple[str, str, str] | None:
    """What an event says of a file: which operation, on which path, and whether its digest is what it should be."""
    facts = event.fields
    if facts["op"] not in {"put", "get"}:
        return None
    name = str(Path(facts["path"]).relative_to(home))
    source = home / {"there.bin": "sent.bin", "after.bin": "sent.bin", "part.bin": "long.bin"}.get(name, name)
    first, size, digest = _first(facts["pieces"]), int(facts["size"]), facts["sha256"]
    if facts["outcome"] == "broken off":
        right = not facts["pieces"] and digest == sha256(source, 0, size)
        return facts["op"], name, "broken off" if right else f"{size} other bytes"
    right = facts["outcome"] == "done" and digest == sha256(source, first)
    what = "rest" if first else "whole"
    return facts["op"], name, what if right and first <= HAD else f"{facts}"


def _first(pieces: str) -> int:
    """Where a run began. Parts that were read again (paramiko, now and then) do not count twice."""
    runs = [piece for piece in pieces.split(", ") if piece and not piece.startswith("repeated ")]
    return int(runs[0].removeprefix("from ")) if runs else 0
