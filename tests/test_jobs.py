"""Work nobody asks for: it raises alarms, leaves running recordings alone, and survives its own trouble."""

import asyncio
import os

import pytest

from bastion import jobs
from bastion.errors import Unavailable
from recordings.blobs import FileBlobs
from recordings.model import RecordingMeta, TrackKind
from recordings.recorder import Recorder
from recordings.signing import Signer
from tests.services.house import build_house

META = RecordingMeta(recording_id="r1", started_at="2026-11-22T08:00:00+00:00")


@pytest.fixture
async def house(database, tmp_path):
    return await build_house(database, tmp_path)


@pytest.fixture
def archive(house, tmp_path):
    signer = Signer.load(tmp_path / "signing.key")
    return jobs.Archive(tmp_path / "spool", FileBlobs(tmp_path / "recordings"), signer, min_free=1)


def recorded(archive):
    recorder = Recorder.start(archive.spool, META)
    track = recorder.open_track(0, TrackKind.EXEC, cols=0, rows=0, term="", command="status", pty=False)
    track.write("o", b"all well\n" * 100)
    track.close()
    return recorder


def sealed(archive):
    recorded(archive).finish("2026-11-22T08:01:00+00:00", "technician_left")
    return archive.seal("r1")


async def test_a_running_recording_is_left_alone_and_a_forsaken_one_sealed(house, archive):
    recorder = recorded(archive)
    await jobs._reseal(house.services, archive)
    assert archive.blobs.recordings() == []
    os.close(recorder._fd)  # as the kernel does for a killed process
    await jobs._reseal(house.services, archive)
    assert archive.verify("r1").ok


async def test_T36_a_damaged_recording_is_an_alarm(house, archive, tmp_path):
    sealed(archive)
    await jobs._verify_in_turn(house.services, archive, "n1")
    assert "recording:damaged" not in await house.tags()
    (blob,) = (tmp_path / "recordings" / "r1").glob("*.zst")
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes()[:-1] + bytes([blob.read_bytes()[-1] ^ 1]))
    await jobs._verify_in_turn(house.services, archive, "n1")
    assert (await house.event("recording:damaged")).fields["session"] == "r1"


async def test_one_node_at_a_time_verifies(house, archive, tmp_path):
    sealed(archive)
    await jobs._verify_in_turn(house.services, archive, "n1")
    (tmp_path / "recordings" / "r1" / "manifest.json").unlink()
    await jobs._verify_in_turn(house.services, archive, "n2")
    assert "recording:damaged" not in await house.tags()


async def test_T36_a_disk_without_room_is_an_alarm_before_a_session_needs_it(house, archive):
    await jobs._look_at_disk(house.services, archive)
    assert "recording:failed" not in await house.tags()
    full = jobs.Archive(archive.spool, archive.blobs, archive.signer, min_free=1 << 60)
    await jobs._look_at_disk(house.services, full)
    assert "recording:failed" in await house.tags()


async def test_a_job_goes_on_after_trouble():
    turns = []

    async def work():
        turns.append(1)
        if len(turns) == 1:
            raise Unavailable

    task = asyncio.create_task(jobs._every(0.001, work, first=0))
    async with asyncio.timeout(5):
        while len(turns) < 3:
            await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
