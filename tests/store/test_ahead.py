"""What a bastion reads of its database file as it starts: the newest part, by a process of its own."""

import asyncio
import sys
from pathlib import Path

import pytest

from bastion.store import ahead

MEGA = 1 << 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bastion.db"
    path.write_bytes(bytes(3 * MEGA))
    return path


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "self").mkdir()
    (tmp_path / "meminfo").write_text("MemTotal:  9000 kB\nMemFree:  10 kB\nMemAvailable:    4000 kB\n")
    (tmp_path / "self/cgroup").write_text("0::/system.slice/bastion.service\n")
    return tmp_path


async def test_the_whole_file_is_read_by_another_process(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ahead, "SMALL", 0)
    assert await ahead.read(file) == 3 * MEGA


async def test_no_more_is_read_than_there_is_room_for_and_that_is_the_newest(
    file: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ahead, "SMALL", 0)
    monkeypatch.setattr(ahead, "room", lambda: MEGA)
    assert await ahead.read(file) == MEGA
    monkeypatch.setattr(ahead, "room", lambda: 0)
    assert await ahead.read(file) == 0


async def test_a_small_file_starts_no_process(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/nowhere")
    assert await ahead.read(file) == 0
    monkeypatch.setattr(ahead, "SMALL", 0)
    with pytest.raises(OSError, match="nowhere"):
        await ahead.read(file)


async def test_a_bastion_that_stops_leaves_no_reader_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of a file that would take hours."""
    huge = tmp_path / "huge.db"
    with huge.open("wb") as made:
        made.truncate(1 << 43)
    monkeypatch.setattr(ahead, "room", lambda: 1 << 42)
    reading = asyncio.create_task(ahead.read(huge))
    while not _readers(huge):
        await asyncio.sleep(0.01)
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()
    assert _readers(huge) == []


def _readers(path: Path) -> list[str]:
    """The processes that were told to read this file."""
    said = (_said(one) for one in Path("/proc").glob("[0-9]*/cmdline"))
    return [one for one in said if str(path).encode() in one]


def _said(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


def test_a_share_of_what_is_free_or_of_what_the_service_may_have(proc: Path, tmp_path: Path):
    groups = tmp_path / "cgroup"
    assert ahead.room(proc, groups) == 4000 * 1024 // ahead.SHARE
    limit = groups / "system.slice/bastion.service/memory.max"
    limit.parent.mkdir(parents=True)
    limit.write_text("max\n")
    assert ahead.room(proc, groups) == 4000 * 1024 // ahead.SHARE
    limit.write_text("1000000\n")
    assert ahead.room(proc, groups) == 1000000 // ahead.SHARE


def test_where_nobody_says_how_much_is_free_nothing_is_read(tmp_path: Path):
    assert ahead.room(tmp_path, tmp_path) == 0
    (tmp_path / "meminfo").write_text("MemTotal: 1 kB\n")
    (tmp_path / "self").mkdir()
    (tmp_path / "self/cgroup").write_text("0::/\n")
    assert ahead.room(tmp_path, tmp_path) == 0
