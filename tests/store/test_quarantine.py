import asyncio
import errno
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bastion.domain.held_file import Content
from bastion.errors import NoRoom, NotFound
from bastion.store import quarantine
from bastion.store.quarantine import Quarantine
from tests.pace import seconds_until

MIB = 1024 * 1024


def content_of(data: bytes) -> Content:
    return Content(len(data), hashlib.sha256(data).hexdigest())


@pytest.fixture
def store(tmp_path: Path) -> Quarantine:
    return Quarantine(tmp_path / "quarantine", 1)


async def test_what_comes_in_order_is_hashed_as_it_passes(store: Quarantine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "_content_of", lambda path: pytest.fail("read again"))
    arrival = store.create("f1")
    data = os.urandom(200_000)
    for at in range(0, len(data), 32_768):
        arrival.write(at, memoryview(data)[at : at + 32_768])
    assert await arrival.finish() == content_of(data)
    with store.open("f1") as file:
        assert file.read() == data


@given(st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=60)), max_size=12), st.integers(0, 400))
async def test_what_comes_in_any_order_is_hashed_as_it_lies(tmp_path_factory, pieces, end) -> None:
    store = Quarantine(tmp_path_factory.mktemp("q"), 1)
    arrival, image = store.create("f"), bytearray()
    for offset, data in pieces:
        arrival.write(offset, data)
        if data:
            image.extend(bytes(max(offset - len(image), 0)))
            image[offset : offset + len(data)] = data
    if end % 3 == 0:
        arrival.truncate(end)
        image = (image + bytes(end))[:end]
        arrival.write(end, b"tail")
        image += b"tail"
    assert arrival.read(0, 1000) == bytes(image)
    assert await arrival.finish() == content_of(bytes(image))


async def test_what_is_written_over_counts_as_it_is_in_the_end(store: Quarantine) -> None:
    arrival = store.create("f1")
    for offset, data in ((0, b"firmware"), (0, b"F"), (8, b" 2")):
        arrival.write(offset, data)
    assert await arrival.finish() == content_of(b"Firmware 2")


async def test_only_its_owner_reads_it(store: Quarantine, tmp_path: Path) -> None:
    arrival = store.create("f1")
    arrival.write(0, b"x")
    await arrival.finish()
    folder = tmp_path / "quarantine"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [(f.name, f.stat().st_mode & 0o777) for f in folder.iterdir()] == [("f1", 0o600)]


@pytest.mark.parametrize("name", ["", "..", "../x", "/etc/passwd", "a/b", "a\x00b", "a\n", "x" * 65, "é"])
def test_T42_no_name_but_our_own_ids_is_ever_a_path(store: Quarantine, name: str) -> None:
    for use in (store.create, store.open, store.remove):
        with pytest.raises(NotFound):
            use(name)


def test_T42_a_link_laid_in_the_way_is_not_followed(store: Quarantine, tmp_path: Path) -> None:
    store.create("f0").discard()
    secret = tmp_path / "secret"
    secret.write_text("s")
    (tmp_path / "quarantine" / "f1").symlink_to(secret)
    with pytest.raises(OSError, match="exist"):
        store.create("f1")
    with pytest.raises(OSError, match="symbolic"):
        store.open("f1")


def test_an_id_is_used_once(store: Quarantine) -> None:
    store.create("f1")
    with pytest.raises(FileExistsError):
        store.create("f1")


async def test_it_counts_as_arrived_only_on_the_disk(store: Quarantine, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    arrival = store.create("f1")
    arrival.write(0, b"x")
    assert synced == []
    await arrival.finish()
    assert len(synced) == 2


async def test_a_full_disk_is_a_clear_error_and_leaves_nothing_half(
    store: Quarantine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrival = store.create("f1")

    def full(*args: object) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(NoRoom):
            arrival.write(0, b"x")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(NoRoom):
            await arrival.finish()
    arrival.discard()
    arrival.discard()
    assert list((tmp_path / "quarantine").iterdir()) == []


def test_room_that_must_stay_free_is_not_taken(tmp_path: Path) -> None:
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    with pytest.raises(NoRoom):
        Quarantine(tmp_path, free + 1024 * MIB).create("f1")
    arrival = Quarantine(tmp_path, 1).create("f1")
    for step in (lambda: arrival.write(free * 4, b"x"), lambda: arrival.truncate(free * 4)):
        with pytest.raises(NoRoom):
            step()
    assert arrival.size == 0


def test_the_disk_is_asked_now_and_then_while_a_file_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    arrival = Quarantine(tmp_path, 1).create("f1")
    monkeypatch.setattr(arrival, "_require_room", asked.append)
    for at in range(0, 32 * MIB, MIB):
        arrival.write(at, bytes(MIB))
    assert 3 <= len(asked) <= 6


async def test_what_was_changed_behind_our_back_is_not_intact(store: Quarantine, tmp_path: Path) -> None:
    arrival = store.create("f1")
    arrival.write(0, b"firmware")
    content = await arrival.finish()
    assert await store.intact("f1", content)
    (tmp_path / "quarantine" / "f1").write_bytes(b"firmwarf")
    assert not await store.intact("f1", content)
    store.remove("f1")
    store.remove("f1")
    assert not await store.intact("f1", content)
    with pytest.raises(NotFound):
        store.open("f1")


async def test_it_knows_what_lies_here_and_leaves_alone_what_is_not_ours(store: Quarantine, tmp_path: Path) -> None:
    assert list(store.ids()) == []
    store.create("f1")
    (tmp_path / "quarantine" / "lost+found!").touch()
    assert list(store.ids()) == ["f1"]


async def test_a_hole_is_no_way_past_the_room_that_stays_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk of 64 MiB of which 16 stay free: the size is taken first, the bytes are written into it later."""
    folder = tmp_path / "quarantine"
    store = Quarantine(folder, 16 * MIB)
    real = os.statvfs

    def small(path):
        taken = sum(one.stat().st_blocks * 512 for one in folder.iterdir())
        there = real(path)
        return os.statvfs_result((4096, 4096, 16384, 0, (64 * MIB - taken) // 4096, *there[5:]))

    monkeypatch.setattr(os, "statvfs", small)
    arrivals = [store.create(f"f{n}") for n in range(4)]
    for arrival in arrivals:
        arrival.truncate(40 * MIB)
    with pytest.raises(NoRoom):  # noqa: PT012 - which of them is the first one too many is the disk's to say
        for at in range(0, 40 * MIB, MIB):
            for arrival in arrivals:
                arrival.write(at, b"x" * MIB)
    assert small(folder).f_bavail * 4096 > 0
    for arrival in arrivals:
        arrival.discard()


async def test_reading_a_file_again_ends_when_nobody_waits_for_it(store: Quarantine) -> None:
    arrivals = [store.create(f"f{n}") for n in range(4)]
    for arrival in arrivals:
        arrival.truncate(8 << 30)
    finishing = [asyncio.create_task(arrival.finish()) for arrival in arrivals]
    await asyncio.wait(finishing, timeout=0.3)
    for task in finishing:
        task.cancel()
    await asyncio.wait(finishing)
    next_in_turn = asyncio.get_running_loop().run_in_executor(quarantine._HASHING, int)
    assert await seconds_until(next_in_turn.done) < 1
    for arrival in arrivals:
        arrival.discard()
