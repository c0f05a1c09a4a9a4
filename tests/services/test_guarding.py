"""The guard at work beside everything else: what somebody makes it read must not hold anybody up."""

import asyncio
import sys
import threading
import time

import pytest

from bastion.domain.held_file import FileState
from bastion.services.files import MOST_GUARDS
from tests.services.test_files import OUT, Verdicts, brought


@pytest.fixture
async def session(house):
    house.services.files._antivirus = Verdicts()
    return await house.opened()


@pytest.mark.timed
async def test_the_guard_stops_when_nobody_waits_for_it_and_keeps_nobody_else_waiting(house, session):
    """Made to take an hour: a file of nothing but beginnings of zips."""
    files, slow = house.services.files, b"PK\3\4" * (8 << 20)
    taking = [asyncio.create_task(brought(house, session, slow, OUT, f"/p/{n}")) for n in range(12)]
    await until(lambda: len(busy()) >= MOST_GUARDS)
    async with asyncio.timeout(30):
        await asyncio.to_thread(time.sleep, 0)  # as the recordings are put on the disk
    assert len(busy()) == MOST_GUARDS
    for task in taking:
        task.cancel()
    await asyncio.wait(taking)
    await until(lambda: not busy())
    assert files._guards._work_queue.qsize() == 0


async def test_what_takes_too_long_to_look_through_is_held(house, session, monkeypatch):
    monkeypatch.setattr("bastion.services.files.GUARD_SECONDS", 0.2)
    file = await brought(house, session, b"PK\3\4" * (8 << 20), OUT)
    assert (file.stored_state, file.findings) == (FileState.HELD, ("too_large\ta.bin\t1\t",))


def busy() -> list[threading.Thread]:
    """Threads in which the guard reads."""
    frames = sys._current_frames()
    return [t for t in threading.enumerate() if any("guards" in f for f in _files_of(frames.get(t.ident)))]


def _files_of(frame) -> list[str]:
    found = []
    while frame is not None:
        found.append(frame.f_code.co_filename)
        frame = frame.f_back
    return found


async def until(met, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not met():
            await asyncio.sleep(0.02)
